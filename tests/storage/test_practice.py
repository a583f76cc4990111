"""What learners answer while they practise: kept whole, and when cells come again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cervix_models.errors import LessonError, StorageError
from cervix_models.lessons import EASY, GOOD, CellAnswer, CellSchedule
from cervix_models.storage import open_store
from tests.storage.samples import NOON, cell_image, png, stored

ANSWER = CellAnswer(
    NOON, "ann", "a" * 64, "Parabasal", "Metaplastic", "practice", 4.5, 1, True, False
)
SCHEDULE = CellSchedule("ann", "a" * 64, "Parabasal", False, NOON, {"state": 1, "step": 0})


def later(minutes: float, cell: str = "a", **changes) -> CellSchedule:
    due = NOON + timedelta(minutes=minutes)
    return replace(SCHEDULE, cell=cell * 64, due=due, **changes)


def test_answers_and_schedules_survive_a_restart(settings) -> None:
    first = open_store(settings)
    again = replace(ANSWER, said="Parabasal", rating=GOOD, seconds=None, first=False, mode="drill")
    first.practice.add(ANSWER, SCHEDULE)
    first.practice.add(again, later(10, card={"state": 2, "stability": 2.3065, "step": None}))
    first.close()
    store = open_store(settings)
    assert store.practice.answers("ann") == [ANSWER, again]
    assert [each.right for each in store.practice.answers("ann")] == [False, True]
    assert store.practice.answers("bob") == []
    kept = later(10, card={"state": 2, "stability": 2.3065, "step": None})
    assert store.practice.schedule("ann", "a" * 64) == kept
    assert store.practice.schedule("ann", "b" * 64) is None
    assert store.practice.schedule("bob", "a" * 64) is None
    store.close()


def test_what_is_due_comes_by_time_class_and_kind(store) -> None:
    given = [later(5, "b"), later(1, "c", label="Metaplastic"), later(3, "d"), later(90, "e")]
    for each in given:
        store.practice.add(replace(ANSWER, cell=each.cell, label=each.label), each)
    made = png(cell_image(seed=4))
    picture = store.put_blob(made)
    synthetic = later(0, "f", synthetic=True, picture=picture)
    store.practice.add(replace(ANSWER, cell=synthetic.cell, synthetic=True), synthetic)

    def due(**chosen) -> str:
        found = store.practice.schedules("ann", until=NOON + timedelta(minutes=10), **chosen)
        return "".join(each.cell[0] for each in found)

    assert due() == "fcdb"
    assert due(synthetic=False) == "cdb"
    assert due(synthetic=True) == "f"
    assert due(synthetic=False, labels=("Parabasal",)) == "db"
    assert [each.cell[0] for each in store.practice.schedules("ann")] == list("fcdbe")
    assert store.practice.schedules("bob") == []


def test_the_picture_of_a_made_cell_outlives_a_reading_of_it(store) -> None:
    reading = stored(store, 1)
    synthetic = replace(SCHEDULE, synthetic=True, picture=reading.image_sha256)
    store.practice.add(replace(ANSWER, synthetic=True), synthetic)
    store.delete_reading(reading.id)
    assert store.has_blob(reading.image_sha256)
    assert not store.has_blob(reading.mask_sha256)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"label": "Cancer"}, "names the class 'Cancer'; expected one of Dyskeratotic"),
        ({"said": ""}, "names the class ''"),
        ({"rating": 0}, "is rated 0; expected 1"),
        ({"rating": EASY + 1}, "is rated 5"),
        ({"seconds": -1.0}, "took -1.0 seconds; expected a time that passed"),
        ({"seconds": float("nan")}, "took nan seconds"),
        ({"learner": ""}, "name is empty"),
        ({"learner": "a\0b"}, "cannot be stored"),
    ],
)
def test_an_answer_that_is_not_complete_is_refused_with_its_schedule(
    store, changed, sentence
) -> None:
    with pytest.raises(LessonError, match=sentence):
        store.practice.add(replace(ANSWER, **changed), SCHEDULE)
    assert store.practice.answers("ann") == []
    assert store.practice.schedules("ann") == []


def test_a_picture_that_was_not_put_is_refused(store) -> None:
    with pytest.raises(StorageError, match="is not in the store"):
        store.practice.add(ANSWER, replace(SCHEDULE, synthetic=True, picture="d" * 64))
    assert store.practice.answers("ann") == []
