"""The answers to a set of cells as CSV: one row an answer, or one row an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cervix_models.contracts import NOTICE
from cervix_models.lessons import ItemAnswer, SetItem, Sitting, TeachingSet
from cervix_models.reports.table import Cell, csv_of

ANSWERS = (
    "set", "code", "kind", "learner", "started_at", "handed_in_at", "item", "cell", "synthetic",
    "truth", "said", "right", "seconds", "answered_at", "notice",
)  # fmt: skip
ITEMS = (
    "set", "code", "item", "cell", "synthetic", "origin", "truth", "people", "right_part",
    "right_low", "right_high", "unanswered", "discrimination", "most_frequent_wrong", "flags",
    "model_said", "notice",
)  # fmt: skip


def answers_csv(
    teaching_set: TeachingSet,
    items: Sequence[SetItem],
    sittings: Sequence[Sitting],
    answers: Sequence[ItemAnswer],
) -> bytes:
    """A row for each learner and item, also where it was not answered; `said` is empty there and
    `right` false."""
    said = {(each.sitting_id, each.number): each for each in answers}
    lines: list[dict[str, Cell]] = []
    for sitting in sittings:
        for item in items:
            given = said.get((sitting.id, item.number))
            lines.append(
                {
                    **_set(teaching_set),
                    "kind": teaching_set.kind,
                    "learner": sitting.name,
                    "started_at": sitting.started_at.isoformat(),
                    "handed_in_at": _time(sitting),
                    **_item(item),
                    "synthetic": teaching_set.synthetic,
                    "said": given.said if given else None,
                    "right": given is not None and given.said == item.label,
                    "seconds": given.seconds if given else None,
                    "answered_at": given.created_at.isoformat() if given else None,
                    "notice": NOTICE,
                }
            )
    return csv_of(lines, ANSWERS)


def items_csv(
    teaching_set: TeachingSet, rows: Sequence[tuple[SetItem, Mapping[str, Cell]]], people: int
) -> bytes:
    """A row for each item with its figures by name of column; those that are undefined are
    empty."""
    lines: list[dict[str, Cell]] = [
        {
            **_set(teaching_set),
            **_item(item),
            "synthetic": teaching_set.synthetic,
            "origin": teaching_set.origin,
            "people": people,
            **figures,
            "model_said": _heard(item),
            "notice": NOTICE,
        }
        for item, figures in rows
    ]
    return csv_of(lines, ITEMS)


def _set(teaching_set: TeachingSet) -> dict[str, Cell]:
    return {"set": teaching_set.name, "code": teaching_set.code}


def _item(item: SetItem) -> dict[str, Cell]:
    return {"item": item.number, "cell": item.cell, "truth": item.label}


def _time(sitting: Sitting) -> str | None:
    return sitting.handed_in_at.isoformat() if sitting.handed_in_at else None


def _heard(item: SetItem) -> str | None:
    """What the model said of a cell that it had not learned from."""
    return max(item.heard, key=item.heard.__getitem__) if item.heard else None
