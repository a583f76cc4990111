"""A learner's figures against hand-worked cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.lessons import GOOD, CellAnswer, CellSchedule
from cervix_models.services.learned import confusions, learned

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
KO, DK, MP, PB = "Koilocytotic", "Dyskeratotic", "Metaplastic", "Parabasal"
SI = "Superficial-Intermediate"


def said(label: str, said: str, number: int = 0, **changes) -> CellAnswer:
    made = CellAnswer(NOON, "ann", f"{number:064}", label, said, "practice", 4.0, GOOD, True, False)
    return replace(made, **changes)


def test_figures_count_the_first_sight_of_practice_alone() -> None:
    answers = [
        said(KO, KO, 1, seconds=2.0),
        said(KO, MP, 2, seconds=6.0),
        said(SI, SI, 3, seconds=None),
        said(MP, KO, 4, seconds=10.0),
        said(KO, KO, 2, first=False),
        said(MP, PB, 5, mode="drill", seconds=99.0),
    ]
    found = learned(answers, [], NOON)
    assert found.answers == 6
    assert found.right["value"] == 0.5
    # Wilson, 2 of 4, as in the test of items
    assert (found.right["low"], found.right["high"]) == pytest.approx((0.15, 0.85), abs=0.001)
    assert found.seconds == 6.0
    by_class = {each.label: each for each in found.classes}
    assert [each.label for each in found.classes] == list(CLASS_NAMES)
    assert (by_class[KO].asked, by_class[KO].right["value"], by_class[KO].seconds) == (2, 0.5, 4.0)
    assert (by_class[DK].asked, by_class[DK].right, by_class[DK].seconds) == (0, None, None)
    assert found.matrix.sum() == 4
    assert found.matrix[CLASS_NAMES.index(MP), CLASS_NAMES.index(KO)] == 1
    # Two abnormal, one of them missed; two others, one of them over-called:
    # hits 1.5 / 3, alarms 1.5 / 3: no sensitivity and no lean.
    assert (found.calls.abnormal, found.calls.missed) == (2, 1)
    assert (found.calls.benign, found.calls.alarms) == (2, 1)
    assert found.calls.d_prime["value"] == pytest.approx(0)
    assert found.calls.criterion["value"] == pytest.approx(0)
    assert (found.repeats, found.repeats_right["value"]) == (1, 1.0)


def test_confusions_count_every_answer_the_most_frequent_first() -> None:
    answers = [said(MP, PB), said(MP, PB, first=False), said(PB, MP, mode="drill"), said(KO, KO)]
    found = [(each.label, each.said, each.count) for each in confusions(answers)]
    assert found == [(MP, PB, 2), (PB, MP, 1)]


def test_the_course_goes_by_blocks() -> None:
    answers = [said(SI, SI if at < 30 else MP, at, seconds=float(at)) for at in range(50)]
    steps = learned(answers, [], NOON).course
    assert [(each.until, each.answers) for each in steps] == [(20, 20), (40, 20), (50, 10)]
    assert [each.right["value"] for each in steps] == [1.0, 0.5, 0.0]
    assert [each.seconds for each in steps] == [9.5, 29.5, 44.5]


def test_what_waits_is_told() -> None:
    plans = [
        CellSchedule("ann", str(at), SI, False, NOON + timedelta(minutes=minutes), {})
        for at, minutes in enumerate((-5, 0, 7, 3))
    ]
    found = learned([], plans, NOON)
    assert (found.due, found.next_due) == (2, NOON + timedelta(minutes=3))
    assert found.right is None
    assert found.course == ()
    assert learned([], plans[:1], NOON).next_due is None
