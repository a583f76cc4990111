"""What is asked next, what is kept of an answer, and that it survives a restart."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import KEY, is_marked
from cervix_models.errors import DataError, LessonError
from cervix_models.lessons import AGAIN, EASY, GOOD, HARD, CellAnswer
from cervix_models.services.learning import Learning, weights_of
from cervix_models.services.quiz_cells import QuizCell, QuizCells
from cervix_models.storage import open_store
from tests.lessons import cells_of, hold_out

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
MP, PB = "Metaplastic", "Parabasal"


@pytest.fixture
def learning(triage, tmp_path) -> Learning:
    return Learning(cells_of(triage, tmp_path))


@pytest.fixture
def synthetic(triage, tmp_path) -> Learning:
    return Learning(cells_of(triage, tmp_path, real=False))


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def other_than(label: str) -> str:
    return next(each for each in CLASS_NAMES if each != label)


def test_a_new_cell_is_asked_and_a_wrong_one_comes_again_in_a_minute(learning) -> None:
    question = learning.ask("ann", seed=1, now=NOON)
    assert not question.again
    assert question.mode == "practice"
    wrong = other_than(question.cell.label)
    told = learning.answer(question, wrong, "ann", now=at(5))
    assert (told.answer.right, told.answer.rating, told.answer.seconds) == (False, AGAIN, 5.0)
    assert told.answer.first
    assert told.due == at(65)
    later = learning.ask("ann", seed=1, now=at(10))
    assert later.cell != question.cell
    again = learning.ask("ann", seed=1, now=at(66))
    assert (again.cell, again.again) == (question.cell, True)
    assert learning.ask("ann", last=question.cell.key, now=at(66)).cell != question.cell
    assert learning.ask("bob", seed=1, now=at(66)).cell == question.cell
    told = learning.answer(again, again.cell.label, "ann", now=at(70))
    assert (told.answer.first, told.answer.rating) == (False, GOOD)


def test_the_schedule_and_the_figures_survive_a_restart(learning, triage) -> None:
    for number in range(12):
        question = learning.ask("ann", seed=number, now=at(100 * number))
        said = question.cell.label if number % 3 else other_than(question.cell.label)
        learning.answer(question, said, "ann", now=at(100 * number + 4))
    before = learning.figures("ann", synthetic=False, now=at(5000))
    waiting = learning.store.practice.schedules("ann")
    triage.store.close()
    again = open_store(triage.settings)
    cells = QuizCells(again, learning.cells.synthesis, triage.reader)
    found = Learning(cells).figures("ann", synthetic=False, now=at(5000))
    assert found.right == before.right
    assert found.calls == before.calls
    assert np.array_equal(found.matrix, before.matrix)
    assert (found.due, found.next_due) == (before.due, before.next_due)
    assert again.practice.schedules("ann") == waiting
    question = Learning(cells).ask("ann", now=at(5000))
    assert question.again
    assert question.cell.key == waiting[0].cell
    again.close()


def test_the_time_against_the_usual_one_makes_the_rating(learning) -> None:
    ratings = []
    for number, seconds in enumerate([4.0] * 10 + [7.0, 2.0, 5.0, 200.0]):
        question = learning.ask("ann", seed=number, now=NOON)
        told = learning.answer(question, question.cell.label, "ann", now=at(seconds))
        ratings.append((told.answer.rating, told.usual, told.answer.seconds))
    assert ratings[:10] == [(GOOD, None, 4.0)] * 10
    assert ratings[10:] == [
        (HARD, 4.0, 7.0), (EASY, 4.0, 2.0), (GOOD, 4.0, 5.0), (GOOD, 4.0, None),
    ]  # fmt: skip


def test_classes_that_are_known_less_come_oftener_up_to_three_times() -> None:
    right = CellAnswer(NOON, "a", "a" * 64, PB, PB, "practice", 4.0, GOOD, True, False)
    wrong = replace(right, label=MP)
    assert weights_of([], CLASS_NAMES) == pytest.approx([0.2] * 5)
    # PB: 30 right, (30 + 1) / (30 + 2): 1 + 2 / 32; MP: 30 wrong, 1 / 32: 1 + 2 x 31 / 32
    one, two = weights_of([right] * 40 + [wrong] * 40, (PB, MP))
    assert two / one == pytest.approx((1 + 62 / 32) / (1 + 2 / 32))
    assert two / one < 3


def test_new_cells_are_of_all_classes(learning) -> None:
    counts: Counter[str] = Counter()
    for number in range(200):
        counts[learning.ask("eve", seed=number, now=NOON).cell.label] += 1
    assert set(counts) == set(CLASS_NAMES)
    assert min(counts.values()) > 20


def test_a_drill_asks_two_classes_and_is_no_first_sight_later(learning) -> None:
    labels = set()
    for number in range(8):
        question = learning.ask("ann", among=(MP, PB), seed=number, now=NOON)
        assert question.mode == "drill"
        labels.add(question.cell.label)
        learning.answer(question, PB, "ann", now=at(3))
    assert labels == {MP, PB}
    found = learning.figures("ann", synthetic=False, now=at(3))
    assert found.answers == 8
    assert found.right is None  # no practice
    assert {(each.label, each.said) for each in found.confused} == {(MP, PB)}


def test_where_all_were_asked_the_one_that_is_due_first_comes(learning) -> None:
    for number in range(6):
        question = learning.ask("ann", among=(MP,), seed=number, now=at(number))
        learning.answer(question, MP, "ann", now=at(number))
    first = learning.store.practice.schedules("ann")[0]
    question = learning.ask("ann", among=(MP,), now=at(10))
    assert (question.cell.key, question.again) == (first.cell, True)
    assert first.due > at(10)


def test_without_an_import_marked_cells_are_asked_whose_file_tells_no_class(synthetic) -> None:
    assert not synthetic.cells.real()
    seen = set()
    for number in range(6):
        question = synthetic.ask("ann", seed=number, now=at(100 * number))
        assert question.cell.synthetic
        picture = Image.open(io.BytesIO(question.picture))
        picture.load()
        assert is_marked(picture)
        said = f"{picture.info[KEY]} {picture.info}"
        assert not any(name in said for name in CLASS_NAMES)
        assert "made for a quiz by one" in said
        synthetic.answer(question, question.cell.label, "ann", now=at(100 * number + 5))
        seen.add(question.cell.key)
    assert len(seen) == 6
    assert synthetic.figures("ann", synthetic=True).right["value"] == 1
    assert synthetic.figures("ann", synthetic=False).right is None


def test_a_made_cell_comes_again_after_a_restart_from_the_store(synthetic, triage) -> None:
    question = synthetic.ask("ann", seed=1, now=NOON)
    synthetic.answer(question, other_than(question.cell.label), "ann", now=at(5))
    fresh = QuizCells(synthetic.store, synthetic.cells.synthesis, triage.reader)
    again = Learning(fresh).ask("ann", now=at(100))
    assert (again.cell, again.picture) == (question.cell, question.picture)


def test_where_there_is_nothing_to_ask_it_is_said(triage, tmp_path) -> None:
    nothing = Learning(cells_of(triage, tmp_path, real=False, generator=False))
    with pytest.raises(DataError, match=r"No cells are here to be asked.*data import PATH"):
        nothing.ask("ann")


def test_an_answer_of_no_class_is_refused(learning) -> None:
    question = learning.ask("ann", now=NOON)
    with pytest.raises(LessonError, match="names the class 'Cancer'"):
        learning.answer(question, "Cancer", "ann", now=at(1))
    assert learning.store.practice.schedules("ann") == []


def test_mistakes_are_the_cells_that_were_ever_wrong_newest_first(learning) -> None:
    questions = [learning.ask("ann", seed=n, last=None, now=at(n)) for n in (1, 2, 3)]
    cells = {each.cell for each in questions}
    for number, question in enumerate(questions):
        learning.answer(question, other_than(question.cell.label), "ann", now=at(20 + number))
    learning.answer(questions[0], questions[0].cell.label, "ann", now=at(90))
    found = learning.mistakes("ann", synthetic=False)
    assert {each.cell for each in found} == {each.key for each in cells}
    assert [each.created_at for each in found] == sorted(
        (each.created_at for each in found), reverse=True
    )
    assert learning.mistakes("ann", synthetic=True) == []


def test_what_is_told_of_an_imported_cell_is_by_networks_that_never_saw_it(learning) -> None:
    hold_out(learning.cells)
    cell = learning.ask("ann", now=NOON).cell
    labels = learning.cells.labels(cell)
    assert labels.shape == (30, 40)
    assert (labels[15, 20], labels[15, 8], labels[1, 1]) == (2, 1, 0)
    heard = learning.cells.heard(cell)
    assert max(heard, key=heard.get) == PB
    drawn = Image.open(io.BytesIO(learning.cells.outlined(cell)))
    assert drawn.size == (480, 360)


def test_cells_that_no_network_held_out_are_outlined_by_the_segmenter(learning, synthetic) -> None:
    cell = learning.ask("ann", now=NOON).cell
    assert learning.cells.heard(cell) is None
    assert learning.cells.labels(cell).shape == (30, 40)


def test_the_heat_map_is_of_the_likeliest_class(learning) -> None:
    cell = learning.ask("ann", now=NOON).cell
    found = learning.cells.looked(cell)
    assert found.top == max(found.probabilities, key=found.probabilities.get)
    assert not found.learned
    hold_out(learning.cells)
    assert learning.cells.looked(cell).learned
    assert Image.open(io.BytesIO(found.png)).size == (40, 30)


def test_pictures_that_are_gone_are_named(learning, tmp_path) -> None:
    (tmp_path / "cells").rename(tmp_path / "moved")
    with pytest.raises(DataError, match=r"of SIPaKMeD cannot be read.*import the data set again"):
        learning.ask("ann")
    strange = QuizCell("f" * 64, PB, synthetic=False)
    with pytest.raises(DataError, match="imported again without it"):
        learning.cells.picture(strange)
    assert learning.cells.cell(strange.key, PB, synthetic=False) is None
