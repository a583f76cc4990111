"""Sets of cells, sittings, answers: kept, ended in time, and deleted with what is theirs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cervix_models.errors import LessonError, StorageError
from cervix_models.lessons import ItemAnswer, SetItem, Sitting, TeachingSet
from cervix_models.storage import open_store
from tests.storage.samples import NOON, cell_image, cell_labels, png, stored

EXAM = TeachingSet(
    "set-1", "ABC234", "Monday", "local", NOON, "exam", 10, "closed", False, "SIPaKMeD"
)
ENDS = NOON + timedelta(minutes=10)
ANN = Sitting("secret-ann", "set-1", "Ann", NOON, ENDS)


def items(store, count: int = 2) -> list[SetItem]:
    """Items whose pictures the store has."""
    mask = store.put_blob(png(cell_labels()))
    return [
        SetItem(
            number, f"{number}" * 64, ("Parabasal", "Koilocytotic")[number % 2],
            store.put_blob(png(cell_image(seed=number))), mask,
            {"Parabasal": 0.75, "Koilocytotic": 0.25} if number == 1 else None,
        )
        for number in range(1, count + 1)
    ]  # fmt: skip


@pytest.fixture
def taught(store):
    store.teaching.add_set(EXAM, items(store))
    return store


def said(number: int, label: str, seconds: float = 60, sitting: Sitting = ANN) -> ItemAnswer:
    return ItemAnswer(sitting.id, number, label, NOON + timedelta(seconds=seconds), 3.5)


def test_sets_sittings_and_answers_survive_a_restart(settings) -> None:
    first = open_store(settings)
    given = items(first)
    first.teaching.add_set(EXAM, given)
    assert first.teaching.begin(ANN)
    assert first.teaching.answer(said(2, "Parabasal"), final=False) == "kept"
    first.close()
    store = open_store(settings)
    assert store.teaching.sets() == [EXAM]
    assert store.teaching.set_of("set-1") == store.teaching.by_code("ABC234") == EXAM
    assert store.teaching.by_code("ABC235") is None
    assert store.teaching.items("set-1") == given
    assert store.teaching.sitting("secret-ann") == ANN
    assert store.teaching.sitting("secret-bob") is None
    assert store.teaching.sittings("set-1") == [ANN]
    assert store.teaching.answers(["secret-ann"]) == [said(2, "Parabasal")]
    store.close()


def test_sets_that_hold_a_cell_are_named(taught) -> None:
    cell = taught.teaching.items(EXAM.id)[0].cell
    assert taught.teaching.sets_with({cell, "another"}) == [EXAM.name]
    assert taught.teaching.sets_with({"another"}) == []


def test_an_answer_of_an_exam_is_changed_until_the_end_and_never_after_it(taught) -> None:
    taught.teaching.begin(ANN)
    kept = taught.teaching
    assert kept.answer(said(1, "Parabasal", 1), final=False) == "kept"
    assert kept.answer(said(1, "Metaplastic", 599.9), final=False) == "kept"
    assert kept.answer(said(1, "Parabasal", 600), final=False) == "late"
    assert kept.answer(said(2, "Parabasal", 5000), final=False) == "late"
    kept.hand_in("secret-ann", NOON + timedelta(seconds=30))
    kept.hand_in("secret-ann", NOON + timedelta(seconds=40))
    assert kept.sitting("secret-ann").handed_in_at == NOON + timedelta(seconds=30)
    assert kept.answer(said(2, "Parabasal", 60), final=False) == "handed in"
    assert [(each.number, each.said) for each in kept.answers(["secret-ann"])] == [
        (1, "Metaplastic")
    ]


def test_who_hands_in_late_did_so_when_the_time_was_up(taught) -> None:
    taught.teaching.begin(ANN)
    taught.teaching.hand_in("secret-ann", NOON + timedelta(hours=3))
    assert taught.teaching.sitting("secret-ann").handed_in_at == ENDS


def test_an_answer_of_an_exercise_is_final(taught) -> None:
    taught.teaching.begin(replace(ANN, ends_at=None))
    assert taught.teaching.answer(said(1, "Parabasal"), final=True) == "kept"
    assert taught.teaching.answer(said(1, "Metaplastic"), final=True) == "answered"
    assert taught.teaching.answers(["secret-ann"])[0].said == "Parabasal"


def test_closing_a_set_ends_its_sittings(taught) -> None:
    taught.teaching.begin(ANN)
    taught.teaching.close("set-1", NOON + timedelta(seconds=5))
    taught.teaching.close("set-1", NOON + timedelta(seconds=9))
    assert taught.teaching.set_of("set-1").closed_at == NOON + timedelta(seconds=5)
    assert taught.teaching.answer(said(1, "Parabasal"), final=False) == "closed"
    assert taught.teaching.answers(["secret-ann"]) == []


@pytest.mark.parametrize("name", ["Ann", "ann", "  ANN ", "Ａｎｎ"])
def test_a_name_is_taken_once_in_a_set_however_it_is_written(taught, name) -> None:
    assert taught.teaching.begin(ANN)
    assert not taught.teaching.begin(replace(ANN, id="secret-2", name=name))
    other = replace(EXAM, id="set-2", code="XYZ789")
    taught.teaching.add_set(other, items(taught))
    assert taught.teaching.begin(replace(ANN, id="secret-3", set_id="set-2", name=name))


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\0b"])
def test_a_name_that_cannot_be_kept_is_refused(taught, name) -> None:
    with pytest.raises(LessonError, match="expected plain text of 1 to 80"):
        taught.teaching.begin(replace(ANN, name=name))
    with pytest.raises(LessonError, match="expected plain text of 1 to 80"):
        taught.teaching.add_set(replace(EXAM, id="b", code="b", name=name), items(taught))


def test_what_there_is_not_is_said(taught) -> None:
    with pytest.raises(LessonError, match="names the class 'Cancer'"):
        taught.teaching.answer(said(1, "Cancer"), final=False)
    with pytest.raises(StorageError, match="No sitting has this address"):
        taught.teaching.answer(said(1, "Parabasal"), final=False)
    taught.teaching.begin(ANN)
    with pytest.raises(LessonError, match="Item 3 was answered, and the set has no such item"):
        taught.teaching.answer(said(3, "Parabasal"), final=False)
    with pytest.raises(StorageError, match="No set has the id 'set-9'"):
        taught.teaching.set_of("set-9")
    with pytest.raises(StorageError, match="No set has the id"):
        taught.teaching.begin(replace(ANN, set_id="set-9"))
    with pytest.raises(LessonError, match="expected at least one, counted from 1"):
        taught.teaching.add_set(replace(EXAM, id="c", code="c"), [])


def test_a_code_is_given_once(taught) -> None:
    with pytest.raises(StorageError, match="The database refused"):
        taught.teaching.add_set(replace(EXAM, id="set-2"), items(taught))
    assert taught.teaching.sets() == [EXAM]


def test_a_set_is_deleted_with_all_that_is_its_own(taught) -> None:
    reading = stored(taught, 7)
    shared = SetItem(1, "9" * 64, "Parabasal", reading.image_sha256)
    taught.teaching.add_set(replace(EXAM, id="set-2", code="XYZ789"), [shared])
    taught.teaching.begin(ANN)
    taught.teaching.answer(said(1, "Parabasal"), final=False)
    own = [each.picture for each in taught.teaching.items("set-1")]
    taught.teaching.delete("set-1")
    taught.teaching.delete("set-2")
    assert taught.teaching.sets() == []
    assert taught.teaching.sitting("secret-ann") is None
    assert taught.teaching.answers(["secret-ann"]) == []
    assert [taught.has_blob(each) for each in own] == [False, False]
    assert taught.has_blob(reading.image_sha256)
    assert taught.reading(reading.id) == reading


def test_a_picture_of_a_set_outlives_the_reading_of_it(taught) -> None:
    reading = stored(taught, 7)
    shared = SetItem(1, "9" * 64, "Parabasal", reading.image_sha256, reading.mask_sha256)
    taught.teaching.add_set(replace(EXAM, id="set-2", code="XYZ789"), [shared])
    taught.delete_reading(reading.id)
    assert taught.has_blob(reading.image_sha256)
    assert taught.has_blob(reading.mask_sha256)
