"""What all who took part in a set came to: people, items, what was taken for what, and how the
group leans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cervix_models.evaluation.calling import Calls, calls, confusion
from cervix_models.evaluation.items import difficulties, discriminations
from cervix_models.language import later
from cervix_models.lessons import ItemAnswer, SetItem, Sitting, TeachingSet
from cervix_models.storage.teaching import ended

Figures = Mapping[str, float]  # value, low, high: the 95 % interval
Flag = Literal["easy", "guessed", "reversed"]

EASY, GUESSED = 0.95, 0.25  # parts right, from and up to which an item is flagged; 0.2 is a guess
FLAGS: dict[Flag, str] = {
    "easy": later("Nearly everybody is right: it tells nobody apart."),
    "guessed": later("Right no oftener than by guessing: look at the cell and its truth."),
    "reversed": later(
        "Those who do well elsewhere are wrong here: look at the cell and its truth."
    ),
}


@dataclass(frozen=True)
class Person:
    """One learner's sitting."""

    sitting: Sitting
    done: bool
    right: int
    answered: int
    seconds: float | None  # from the start to the end, or to the newest answer


@dataclass(frozen=True)
class ItemResult:
    """How one item did among those who are done."""

    item: SetItem
    right: Figures | None  # the part who were right; unanswered is not
    unanswered: int
    discrimination: float | None  # None where it is undefined
    wrong: str | None  # the most frequent wrong answer
    flags: tuple[Flag, ...]


@dataclass(frozen=True)
class Cohort:
    """The results of a set. Those who still sit are listed, and counted in no figure."""

    teaching_set: TeachingSet
    items: tuple[ItemResult, ...]
    people: tuple[Person, ...]
    answers: tuple[ItemAnswer, ...]  # of all sittings
    matrix: NDArray[np.int64]  # (5, 5): true classes in rows, what was said in columns
    unanswered: int
    calls: Calls
    score: Figures | None  # mean part right of those who are done, with least and most

    @property
    def done(self) -> tuple[Person, ...]:
        """Those whose sitting has ended."""
        return tuple(each for each in self.people if each.done)


def cohort_of(
    teaching_set: TeachingSet,
    items: Sequence[SetItem],
    sittings: Sequence[Sitting],
    answers: Sequence[ItemAnswer],
    now: datetime,
) -> Cohort:
    """What these answers come to at one moment."""
    said = {(each.sitting_id, each.number): each for each in answers}
    people = tuple(_person(each, teaching_set, items, said, now) for each in sittings)
    done = [each.sitting.id for each in people if each.done]
    truth = {each.number: each.label for each in items}
    pairs = [
        (truth[number], each.said) for (sitting, number), each in said.items() if sitting in done
    ]
    shares = [each.right / len(items) for each in people if each.done]
    return Cohort(
        teaching_set=teaching_set,
        items=_results(items, done, said),
        people=people,
        answers=tuple(answers),
        matrix=confusion(pairs),
        unanswered=len(done) * len(items) - len(pairs),
        calls=calls(pairs),
        score={"value": float(np.mean(shares)), "low": min(shares), "high": max(shares)}
        if shares
        else None,
    )


def _person(
    sitting: Sitting,
    teaching_set: TeachingSet,
    items: Sequence[SetItem],
    said: Mapping[tuple[str, int], ItemAnswer],
    now: datetime,
) -> Person:
    own = [said.get((sitting.id, each.number)) for each in items]
    given = [each for each in own if each is not None]
    right = sum(
        each is not None and each.said == item.label for each, item in zip(own, items, strict=True)
    )
    done = ended(sitting, teaching_set, now) is not None
    last = sitting.handed_in_at or max((each.created_at for each in given), default=None)
    seconds = None if last is None else (last - sitting.started_at).total_seconds()
    return Person(sitting, done, right, len(given), seconds)


def _results(
    items: Sequence[SetItem], done: Sequence[str], said: Mapping[tuple[str, int], ItemAnswer]
) -> tuple[ItemResult, ...]:
    table = [[said.get((person, each.number)) for each in items] for person in done]
    right = np.array(
        [
            [
                cell is not None and cell.said == item.label
                for cell, item in zip(row, items, strict=True)
            ]
            for row in table
        ],
        bool,
    ).reshape(len(done), len(items))
    shares: list[dict[str, float] | None] = [None] * len(items)
    told: list[float | None] = [None] * len(items)
    if done:
        shares, told = [*difficulties(right)], discriminations(right)
    results = []
    for at, item in enumerate(items):
        column = [row[at] for row in table]
        wrong = Counter(cell.said for cell in column if cell and cell.said != item.label)
        results.append(
            ItemResult(
                item=item,
                right=shares[at],
                unanswered=sum(cell is None for cell in column),
                discrimination=told[at],
                wrong=min(wrong, key=lambda name: (-wrong[name], name)) if wrong else None,
                flags=flags_of(shares[at], told[at]),
            )
        )
    return tuple(results)


def flags_of(right: Figures | None, discrimination: float | None) -> tuple[Flag, ...]:
    """What an instructor should look at, by the part right and the discrimination of an item."""
    found: list[Flag] = []
    if right is not None and right["value"] >= EASY:
        found.append("easy")
    if right is not None and right["value"] <= GUESSED:
        found.append("guessed")
    if discrimination is not None and discrimination < 0:
        found.append("reversed")
    return tuple(found)
