"""What the care page may say, as data: every sentence with its source, year and date of checking.

The words stand in `care_words` and `care_prevention`, the sources in `care_sources`. What a
clinician reviews is named by `content_sha256`, which changes with every word, source and threshold,
and not with a date of checking.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal

Certainty = Literal["high", "good", "low"]
Horizon = Literal["now", "five years"]
CHECKED = date(2026, 11, 29)  # when all sentences were last compared with their sources
FRESH_MONTHS = 12  # from which on a sentence must be checked again


@dataclass(frozen=True)
class Source:
    """Where a sentence comes from."""

    title: str  # as it is cited
    year: int | None  # None: the source gives no date
    address: str  # shown as text, never fetched
    seen: str  # what of it was read to check the sentences; marked for translation


@dataclass(frozen=True)
class Sentence:
    """One sentence of the page."""

    text: str  # marked for translation
    sources: tuple[str, ...]  # keys of care_sources.SOURCES, the chief one first
    checked: date  # when it was last compared with them


@dataclass(frozen=True)
class Context:
    """The nearest category of the Bethesda system for a class, with how certain that is."""

    label: str
    nearest: str  # marked for translation
    certainty: Certainty
    notes: tuple[Sentence, ...]


@dataclass(frozen=True)
class Position:
    """What one side says of a matter that is disputed."""

    side: str  # marked for translation
    says: Sentence


@dataclass(frozen=True)
class Rung:
    """A range of risk of CIN3+, and what a guideline recommends in it."""

    low: float  # per cent
    high: float | None  # per cent, not included; None: no upper end
    horizon: Horizon
    action: str  # a few words; marked for translation
    sentence: Sentence


@dataclass(frozen=True)
class Approach:
    """What the first page of this project said of a kind of cells, beside what guidance says."""

    labels: tuple[str, ...]
    said: Sentence
    guidance: tuple[Sentence, ...]


@dataclass(frozen=True)
class Content:
    """All that the page says, in its order."""

    limits: tuple[Sentence, ...]
    context: tuple[Context, ...]
    positions: tuple[Position, ...]
    ladder: tuple[Rung, ...]
    ladder_limits: tuple[Sentence, ...]
    plans: tuple[Sentence, ...]  # that one slide category has under one guideline
    approaches: tuple[Approach, ...]
    vaccination: tuple[Sentence, ...]
    screening: tuple[Sentence, ...]


def said(text: str, *sources: str, checked: date = CHECKED) -> Sentence:
    """A sentence with the keys of its sources; `checked` is given where it was checked at another
    time than the others."""
    return Sentence(text, sources, checked)


def sentences(content: Content) -> Iterator[Sentence]:
    """Every sentence of the page, in its order."""
    yield from content.limits
    for row in content.context:
        yield from row.notes
    yield from (each.says for each in content.positions)
    yield from (each.sentence for each in content.ladder)
    yield from content.ladder_limits
    yield from content.plans
    for approach in content.approaches:
        yield approach.said
        yield from approach.guidance
    yield from content.vaccination
    yield from content.screening


def is_old(sentence: Sentence, today: date) -> bool:
    """Whether a sentence was checked more than twelve months before `today`."""
    months = 12 * (today.year - sentence.checked.year) + today.month - sentence.checked.month
    if months == FRESH_MONTHS:
        return today.day > sentence.checked.day
    return months > FRESH_MONTHS


@lru_cache
def content_sha256() -> str:
    """The SHA-256 of all that the page says and cites in English, but for when it was checked and
    what was read to check it."""
    from cervix_models.data.care_sources import SOURCES
    from cervix_models.data.care_words import CONTENT

    cited = {key: [each.title, each.year, each.address] for key, each in SOURCES.items()}
    said = json.dumps([_plain(CONTENT), cited], ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(said.encode("ascii")).hexdigest()


def _plain(value: Any) -> Any:
    """A value of this module as JSON holds it, without dates."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {
            name: _plain(getattr(value, name))
            for name in value.__dataclass_fields__
            if name != "checked"
        }
    return value
