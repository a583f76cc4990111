"""Brings the catalogues of the other languages up to the texts of the sources: `make texts`.

What is translated stays; what is new stands there empty, and `make test` fails until it is filled;
what is gone is taken out.
"""

from __future__ import annotations

import ast
import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from cervix_models.language import ENGLISH, LANGUAGES, LOCALES
from cervix_models.morphology import FEATURES

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("cervix_models", "pages", "ui")
PLURALS = {"es": "nplurals=2; plural=(n != 1);", "zh": "nplurals=1; plural=0;"}
TAKEN = {"_": 1, "later": 1, "several": 2}  # how many texts each function is given
WIDTH = 100


def texts_of(root: Path = ROOT) -> Catalog:
    """Every text of the sources that goes through gettext, in the order of files and lines."""
    found = Catalog(charset="utf-8")
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            place = [(path.relative_to(root).as_posix(), 1)]
            for message in texts_in(path.read_text("utf-8")):
                found.add(message, locations=place)
    for feature in FEATURES:  # their texts are put together there
        for text in (feature.title, feature.meaning, feature.unit):
            if text.strip("px²°OD"):
                found.add(text, locations=[("cervix_models/morphology/catalogue.py", 1)])
    return found


def texts_in(source: str) -> list[str | tuple[str, ...]]:
    """The texts of a source that go through gettext, by line; one with a plural as a pair. They are
    read off its tree: what reads words alone passes over those inside formatted strings."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            count = TAKEN.get(node.func.id, 0)
            given = [each.value for each in node.args[:count] if isinstance(each, ast.Constant)]
            texts = tuple(each for each in given if isinstance(each, str) and each)
            if count and len(texts) == count:
                found.append((node.lineno, node.col_offset, texts))
    return [texts if len(texts) > 1 else texts[0] for *_, texts in sorted(found)]


def catalogue_of(language: str, folder: Path = LOCALES) -> Catalog:
    """What is translated into a language."""
    path = folder / f"{language}.po"
    if not path.is_file():
        return _empty(language)
    with path.open("rb") as lines:
        return read_po(lines, locale=language)


def updated(language: str, texts: Catalog, folder: Path = LOCALES) -> Catalog:
    """The catalogue of a language with exactly these texts."""
    known, found = catalogue_of(language, folder), _empty(language)
    for message in texts:
        if message.id:
            before = known.get(message.id)
            found.add(message.id, before.string if before else "", message.locations)
    return found


def lacking(catalogue: Catalog) -> list[str]:
    """The texts of a catalogue that are not translated, in every form that they need."""
    return [
        message.id if isinstance(message.id, str) else message.id[0]
        for message in catalogue
        if message.id and not (message.string and all(message.string))
    ]


def written(catalogue: Catalog) -> bytes:
    """A catalogue as a file: the same bytes for the same texts."""
    out = io.BytesIO()
    out.write(
        b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        + f'"Language: {catalogue.locale_identifier}\\n"\n'.encode()
        + f'"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'.encode()
    )
    write_po(out, catalogue, width=WIDTH, omit_header=True, include_lineno=False)
    return out.getvalue()


def main() -> int:
    """Writes every catalogue."""
    texts = texts_of()
    for language in LANGUAGES:
        if language != ENGLISH:
            found = updated(language, texts)
            (LOCALES / f"{language}.po").write_bytes(written(found))
            empty = len(lacking(found))
            sys.stdout.write(f"{language}: {len(found)} texts, {empty} to be translated\n")
    return 0


def _empty(language: str) -> Catalog:
    found = Catalog(locale=language, charset="utf-8")
    found.mime_headers = [("Plural-Forms", PLURALS[language])]
    return found


if __name__ == "__main__":
    raise SystemExit(main())
