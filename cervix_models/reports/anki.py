"""A deck for Anki, by the package genanki: a picture in front; class, criteria, outlines behind.

Deck, kind of note and notes have ids that follow from what they are of, so that a deck that is
imported again brings its notes up to date, and does not double them.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from cervix_models.contracts import NOTICE
from cervix_models.data.labels import class_named
from cervix_models.data.teaching import NOTES
from cervix_models.language import _

if TYPE_CHECKING:
    from genanki import Model

MODEL_ID = 1_607_392_319  # of our kind of note, for ever
LARGEST_ID = 1 << 31
FIELDS = ("Cell", "Picture", "Kind", "Class", "Criteria", "Outlines", "Notice")
FRONT = '{{Picture}}<p class="kind">{{Kind}}</p>'
BACK = (
    '{{FrontSide}}<hr id="answer"><h1>{{Class}}</h1>{{Criteria}}{{Outlines}}'
    '<p class="notice">{{Notice}}</p>'
)
STYLE = """
.card { font-family: sans-serif; font-size: 18px; text-align: center; }
.card img { min-width: 240px; max-width: 90%; }
.card ul { text-align: left; max-width: 34em; margin: .5em auto; }
.card .kind, .card .notice { font-size: 14px; }
"""


@dataclass(frozen=True)
class DeckCell:
    """One cell of a deck."""

    key: str  # sha256 by which it is known
    label: str
    picture: bytes  # PNG, marked where it is synthetic
    synthetic: bool
    outlines: bytes | None = None  # PNG of the picture with its outlines


def deck_file(name: str, of: str, cells: Sequence[DeckCell], now: datetime) -> bytes:
    """An .apkg of these cells. `of` says what the deck is of, for its ids; `now` is the time of
    its notes: Anki takes over the newer ones."""
    import genanki

    deck = genanki.Deck(number_of("deck", of), name, escape(_(NOTICE)))
    model = _model()
    with tempfile.TemporaryDirectory() as folder:
        media = []
        for each in cells:
            pictures = [_written(folder, each.key, "", each.picture)]
            if each.outlines is not None:
                pictures.append(_written(folder, each.key, "-outlines", each.outlines))
            media += [str(path) for path in pictures]
            deck.add_note(
                genanki.Note(
                    model=model,
                    fields=_fields(each, [path.name for path in pictures]),
                    guid=genanki.guid_for(of, each.key),
                    tags=[_tag(each.label), *(["synthetic"] if each.synthetic else [])],
                )
            )
        target = Path(folder) / "deck.apkg"
        genanki.Package(deck, media).write_to_file(str(target), timestamp=now.timestamp())
        return target.read_bytes()


def number_of(*parts: str) -> int:
    """An id as Anki has them, that follows from texts."""
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") % (LARGEST_ID - 1) + 1


def _model() -> Model:
    import genanki

    return genanki.Model(
        MODEL_ID,
        "Cervical cell",
        fields=[{"name": each} for each in FIELDS],
        templates=[{"name": "Name the cell", "qfmt": FRONT, "afmt": BACK}],
        css=STYLE,
    )


def _fields(cell: DeckCell, files: Sequence[str]) -> list[str]:
    notes, short = NOTES[cell.label], class_named(cell.label).short
    criteria = "".join(
        f"<li><b>{escape(_(each.title))}</b>: {escape(_(each.words))}</li>"
        for each in notes.criteria
    )
    kind = _("Synthetic cell: a network made it.") if cell.synthetic else ""
    outlined = "".join(f'<img src="{each}">' for each in files[1:])
    return [
        cell.key[:16],
        f'<img src="{files[0]}">',
        escape(kind),
        f"{escape(cell.label)} ({short})",
        f"<p>{escape(_(notes.description))}</p><ul>{criteria}</ul>"
        f"<p><small>{escape(notes.source)}</small></p>",
        outlined,
        escape(_(NOTICE)),
    ]


def _written(folder: str, key: str, suffix: str, content: bytes) -> Path:
    path = Path(folder) / f"cervix-{key[:24]}{suffix}.png"
    path.write_bytes(content)
    return path


def _tag(label: str) -> str:
    return re.sub(r"\s+", "-", label)
