"""The values that cross between parts of quiz and classroom. Plain data, as in contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from cervix_models.language import later

# An exam tells nothing before its end; an exercise tells after every answer.
SetKind = Literal["exam", "exercise"]
Shown = Literal["handed in", "closed"]  # from when on the truth of an exam is shown
Mode = Literal["practice", "drill"]
# What came of an answer that was given in a sitting.
Outcome = Literal["kept", "late", "handed in", "closed", "answered"]

AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4  # ratings of FSRS, whose numbers these are
RATINGS = {
    AGAIN: later("wrong: again soon"),
    HARD: later("right, but slowly"),
    GOOD: later("right"),
    EASY: later("right, and quickly"),
}


@dataclass(frozen=True)
class CellAnswer:
    """What a learner said of one cell while practising. Answers are never changed."""

    created_at: datetime
    learner: str
    cell: str  # sha256 of the image file, or of the picture of a made cell
    label: str  # the truth
    said: str
    mode: Mode
    seconds: float | None  # None where the learner was interrupted
    rating: int  # 1 again to 4 easy, as FSRS has them
    first: bool  # the learner had not answered this cell before
    synthetic: bool

    @property
    def right(self) -> bool:
        """Whether what was said is the truth."""
        return self.said == self.label


@dataclass(frozen=True)
class CellSchedule:
    """When a learner is to see a cell again."""

    learner: str
    cell: str
    label: str
    synthetic: bool
    due: datetime
    card: Mapping[str, Any]  # of FSRS
    picture: str | None = None  # sha256 of the stored picture of a made cell


@dataclass(frozen=True)
class TeachingSet:
    """Cells that an instructor chose to be answered by learners."""

    id: str
    code: str  # by which learners join
    name: str
    author: str
    created_at: datetime
    kind: SetKind
    minutes: int | None  # None: as long as it takes
    shown: Shown  # from when on the truth is shown; an exercise tells at once
    synthetic: bool
    origin: str  # where its cells come from, in one line
    closed_at: datetime | None = None


@dataclass(frozen=True)
class SetItem:
    """One cell of a set. Its pictures are kept by their hash."""

    number: int  # in the set, from 1
    cell: str
    label: str  # the truth
    picture: str
    mask: str | None = None  # outlines, one label a pixel
    # What the default classifier said of it without having learned from it, where that is known.
    heard: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Sitting:
    """One learner at one set."""

    id: str  # secret: who knows it goes on with the sitting
    set_id: str
    name: str
    started_at: datetime
    ends_at: datetime | None  # None: there is no limit
    handed_in_at: datetime | None = None


@dataclass(frozen=True)
class ItemAnswer:
    """What was said of one item in a sitting; in an exam the newest counts."""

    sitting_id: str
    number: int
    said: str
    created_at: datetime
    seconds: float | None = None
