"""What a learner's answers come to: how often right, by class, how they lean, and how it goes on.

Figures count the first answer to each cell alone: who meets a picture again may know it by heart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

import numpy as np
from numpy.typing import NDArray

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.evaluation.calling import Calls as Calls  # screens name it by this module
from cervix_models.evaluation.calling import calls, confusion
from cervix_models.evaluation.detection import share
from cervix_models.lessons import CellAnswer, CellSchedule

Figures = Mapping[str, float]  # value, low, high: the 95 % interval
BLOCK = 20  # answers of one point of the course


@dataclass(frozen=True)
class ClassLearned:
    """How one class goes."""

    label: str
    asked: int
    right: Figures | None
    seconds: float | None  # median


@dataclass(frozen=True)
class Confused:
    """How often cells of one class were taken for another."""

    label: str
    said: str
    count: int


@dataclass(frozen=True)
class Step:
    """One block of answers in their order."""

    until: int  # number of its last answer
    answers: int
    right: Figures
    seconds: float | None  # median


@dataclass(frozen=True)
class Learned:
    """All figures of one learner."""

    answers: int  # all, also repeats and drills
    right: Figures | None  # of first answers to a cell in practice, as all below
    classes: tuple[ClassLearned, ...]
    matrix: NDArray[np.int64]  # (5, 5): true classes in rows, what was said in columns
    calls: Calls
    seconds: float | None
    course: tuple[Step, ...]
    repeats: int
    repeats_right: Figures | None  # of cells that were met again
    confused: tuple[Confused, ...]  # in all answers, the most frequent first
    due: int  # cells that wait now
    next_due: datetime | None  # of those that do not wait yet


def learned(
    answers: Sequence[CellAnswer], schedules: Sequence[CellSchedule], now: datetime
) -> Learned:
    """What these answers of one learner come to, given oldest first."""
    first = [each for each in answers if each.first and each.mode == "practice"]
    pairs = [(each.label, each.said) for each in first]
    again = [each for each in answers if not each.first]
    waiting = [each for each in schedules if each.due <= now]
    return Learned(
        answers=len(answers),
        right=_right(first),
        classes=tuple(_of_class(first, name) for name in CLASS_NAMES),
        matrix=confusion(pairs),
        calls=calls(pairs),
        seconds=_seconds(first),
        course=_course(first),
        repeats=len(again),
        repeats_right=_right(again),
        confused=confusions(answers),
        due=len(waiting),
        next_due=min((each.due for each in schedules if each.due > now), default=None),
    )


def confusions(answers: Sequence[CellAnswer]) -> tuple[Confused, ...]:
    """Which classes were taken for which in all answers, the most frequent first."""
    counts = Counter((each.label, each.said) for each in answers if not each.right)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Confused(label, said, count) for (label, said), count in ordered)


def _of_class(answers: Sequence[CellAnswer], label: str) -> ClassLearned:
    own = [each for each in answers if each.label == label]
    return ClassLearned(label, len(own), _right(own), _seconds(own))


def _right(answers: Sequence[CellAnswer]) -> Figures | None:
    return share(sum(each.right for each in answers), len(answers)) if answers else None


def _seconds(answers: Sequence[CellAnswer]) -> float | None:
    times = [each.seconds for each in answers if each.seconds is not None]
    return median(times) if times else None


def _course(answers: Sequence[CellAnswer]) -> tuple[Step, ...]:
    """The answers in blocks; the last one may be shorter."""
    steps = []
    for start in range(0, len(answers), BLOCK):
        block = answers[start : start + BLOCK]
        right = share(sum(each.right for each in block), len(block))
        steps.append(Step(start + len(block), len(block), right, _seconds(block)))
    return tuple(steps)
