"""The quiz page over a store of its own: answer first, then truth; drills, exams, figures."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cervix_models.contracts import NOTICE
from cervix_models.data.labels import CLASS_NAMES, class_named
from cervix_models.errors import StorageError, WeightsError
from cervix_models.services.classroom import Classroom, Plan
from cervix_models.services.quiz_cells import QuizCells
from cervix_models.services.triage import Triage
from cervix_models.storage import open_store
from tests import tiny
from tests.lessons import cells_of, hold_out
from ui import exam_view, lessons, session

PAGE = "../pages/learn/quiz.py"


def no_models() -> None:
    raise WeightsError("There are no weights here.")


def served(tmp_path, monkeypatch, **kinds) -> QuizCells:
    """The cells that the page asks, over a store of its own and no models."""
    settings = tiny.settings_in(tmp_path)
    triage = Triage(open_store(settings), settings)
    monkeypatch.setattr(triage, "reader", no_models)
    cells = cells_of(triage, tmp_path, **kinds)
    monkeypatch.setattr(session, "shared_triage", lambda: triage)
    monkeypatch.setattr(lessons, "shared_cells", lambda: cells)
    for cached in (lessons.outlined, lessons.outlined_item, lessons.looked, lessons.small):
        cached.clear()
    return cells


@pytest.fixture
def cells(tmp_path, monkeypatch, app) -> QuizCells:
    made = served(tmp_path, monkeypatch)
    hold_out(made)
    yield made
    made.store.close()


def opened(app: AppTest, **address: str) -> AppTest:
    for name, value in address.items():
        app.query_params[name] = value
    page = app.switch_page(PAGE).run()
    assert not page.exception
    return page


def shown(page: AppTest) -> str:
    return " ".join(each.proto.body for each in page.get("html"))


def button(page: AppTest, words: str):
    return next(each for each in page.button if each.label == words)


def press(page: AppTest, words: str) -> AppTest:
    button(page, words).click().run()
    assert not page.exception
    return page


def go(page: AppTest, way: str) -> AppTest:
    next(each for each in page.segmented_control if each.label == "Way").set_value(way).run()
    assert not page.exception
    return page


def say(page: AppTest, label: str) -> AppTest:
    return press(page, f"{class_named(label).short} {label}")


def words(page: AppTest) -> str:
    return " ".join(each.value for kind in (page.markdown, page.caption) for each in kind)


def other_than(label: str) -> str:
    return next(each for each in CLASS_NAMES if each != label)


def test_nothing_is_told_before_the_answer_and_all_after_it(app, cells) -> None:
    page = opened(app)
    question = page.session_state["quiz-question-practice"]
    assert 'alt="Cell to be named"' in shown(page)
    assert question.cell.label not in shown(page)
    assert "What the model said" not in str(page.expander)
    keys = {each.label[:2]: each.proto.shortcut for each in page.button}
    assert keys == {"DK": "1", "KO": "2", "MP": "3", "PB": "4", "SI": "5"}
    say(page, other_than(question.cell.label))
    html = shown(page)
    assert f"<strong>{question.cell.label}</strong>" in html
    assert f"✗ you said {other_than(question.cell.label)}" in html
    assert "with the outlines of nucleus and cell" in html
    assert f"What to look for: {question.cell.label}" in html
    assert f"{question.cell.label} or {other_than(question.cell.label)}?" in html
    assert page.expander[0].label == "What the model said: Parabasal, 60.0 %"
    assert "it comes again in a minute" in words(page)
    assert NOTICE in html
    kept = cells.store.practice.answers("local")
    assert [(each.cell, each.right) for each in kept] == [(question.cell.key, False)]
    press(page, "Next")
    assert page.session_state["quiz-question-practice"].cell != question.cell
    assert "What to look for" not in shown(page)
    assert "This visit: 0 of 1 right" in words(page)


def test_a_right_answer_is_told_as_such_and_rated(app, cells) -> None:
    page = opened(app)
    say(page, page.session_state["quiz-question-practice"].cell.label)
    assert "✓ right" in shown(page)
    assert "it comes again in 10 minutes" in words(page)


def test_a_heat_map_that_cannot_be_had_is_said(app, cells) -> None:
    page = opened(app)
    say(page, "Parabasal")
    layer = next(each for each in page.segmented_control if each.label == "Shown")
    layer.set_value("heat").run()
    assert not page.exception
    assert "There are no weights here" in page.error[0].value


def test_an_answer_that_cannot_be_stored_tells_nothing(app, cells, monkeypatch) -> None:
    page = opened(app)

    def refuse(*given) -> None:
        raise StorageError("The database is gone.")

    monkeypatch.setattr(cells.store.practice, "add", refuse)
    say(page, "Parabasal")
    assert "The database is gone" in page.error[0].value
    assert "What to look for" not in shown(page)


def test_a_pair_that_is_confused_becomes_a_drill_of_two(app, cells) -> None:
    page = opened(app)
    seen = 0
    while seen < 2:
        label = page.session_state["quiz-question-practice"].cell.label
        confused = {"Metaplastic": "Parabasal", "Parabasal": "Metaplastic"}.get(label, label)
        seen += confused != label
        say(page, confused)
        press(page, "Next")
    go(page, "drill")
    (pair,) = [each for each in page.button if each.label.startswith("Metaplastic and Parabasal:")]
    pair.click().run()
    assert not page.exception
    said = [each.label for each in page.button if each.proto.shortcut]
    assert said == ["MP Metaplastic", "PB Parabasal"]
    assert page.session_state["quiz-question-drill"].cell.label in ("Metaplastic", "Parabasal")
    say(page, "Parabasal")
    assert cells.store.practice.answers("local")[-1].mode == "drill"
    press(page, "Another pair")
    assert any(each.label == "Train these two" for each in page.button)


def test_the_figures_lean_and_confuse_as_the_learner_did(app, cells) -> None:
    page = opened(app)
    assert "no figures until" in go(page, "figures").info[0].value
    go(page, "practise")
    for _number in range(12):  # everything is called koilocytotic
        say(page, "Koilocytotic")
        press(page, "Next")
    answers = cells.store.practice.answers("local")
    go(page, "figures")
    metrics = {each.label: each.value for each in page.metric}
    right = sum(each.right for each in answers) / len(answers)
    assert metrics["Right at first sight"] == f"{100 * right:.1f} %"
    assert float(metrics["Bias c"]) < -1
    assert "You lean to calling cells abnormal." in words(page)
    assert "Over-called: " in words(page)
    assert any("named wrongly, as a deck for Anki" in each.value for each in page.caption)


def test_without_an_import_synthetic_cells_are_asked_and_it_is_said(
    app, tmp_path, monkeypatch
) -> None:
    made = served(tmp_path, monkeypatch, real=False)
    page = opened(app)
    assert "these cells are **synthetic**" in page.info[0].value
    assert "88.0 % for the class that was asked" in page.info[0].value
    assert 'alt="Synthetic cell to be named"' in shown(page)
    say(page, page.session_state["quiz-question-practice"].cell.label)
    assert "The class that was asked of the generator" in shown(page)
    assert {each.synthetic for each in made.store.practice.answers("local")} == {True}
    made.store.close()


def test_without_cells_the_page_says_how_to_import_them(app, tmp_path, monkeypatch) -> None:
    made = served(tmp_path, monkeypatch, real=False, generator=False)
    page = opened(app)
    assert "data import PATH" in page.error[0].value.replace("\\", "")
    made.store.close()


@pytest.fixture
def exam(cells) -> str:
    """The code of an exam of five cells."""
    plan = Plan("Monday", counts=dict.fromkeys(CLASS_NAMES, 1), seed=1)
    return Classroom(cells).make(plan, "local").code


def join(page: AppTest, code: str, name: str) -> AppTest:
    for label, value in (("Code", code), ("Your name", name)):
        next(each for each in page.text_input if each.label == label).set_value(value)
    return press(page, "Join")


def test_an_exam_gives_no_hint_and_tells_nothing_until_it_is_closed(app, cells, exam) -> None:
    page = join(go(opened(app), "exam"), exam.lower(), "Ann")
    classroom = Classroom(cells)
    (sitting,) = cells.store.teaching.sittings(cells.store.teaching.by_code(exam).id)
    secret = sitting.id
    assert secret in str(page.query_params["sitting"])
    assert "Time left: " in shown(page)
    assert "Cell **1** of 5 · 0 answered" in words(page)
    items = classroom.going(secret).items
    for item in items[:4]:
        assert item.label not in shown(page)
        say(page, item.label)
        assert not any(each in shown(page) for each in ("✓", "✗", "<strong>"))
        assert not page.expander
    assert "1 cell is not answered yet, and would count as wrong." in words(page)
    press(page, "Previous")
    assert "Answered. You may change it until you hand in." in words(page)
    press(page, "Hand in for good")
    page.run()
    assert "You have handed in. 4 of 5 cells are answered." in words(page)
    assert "once your instructor closes the exam" in page.info[0].value
    assert not any(item.label in shown(page) for item in items)
    classroom.close(classroom.going(secret).teaching_set.id)
    page.run()
    assert "**4 of 5 right** (80.0 %)" in page.info[0].value
    assert "1 cell was not answered, and counts as wrong." in page.info[0].value
    assert f"What to look for: {items[0].label}" in shown(page)
    press(page, "5 –")
    assert "– not answered" in shown(page)


def test_a_sitting_goes_on_at_its_address(app, cells, exam) -> None:
    classroom = Classroom(cells)
    sitting = classroom.join(exam, "Ann")
    classroom.answer(classroom.going(sitting.id), 1, "Parabasal")
    page = opened(app, sitting=sitting.id)
    assert "Cell **2** of 5 · 1 answered" in words(page)


def test_an_address_of_no_sitting_leads_to_the_door(app, cells, exam) -> None:
    page = opened(app, sitting="nothing")
    assert "No sitting has this address" in page.warning[0].value
    assert any(each.label == "Join" for each in page.button)


def test_a_code_in_the_address_is_filled_in(app, cells, exam) -> None:
    page = opened(app, code=exam)
    assert next(each for each in page.text_input if each.label == "Code").value == exam


def test_a_name_that_is_taken_and_a_wrong_code_are_refused(app, cells, exam) -> None:
    Classroom(cells).join(exam, "Ann")
    page = join(go(opened(app), "exam"), exam, "ann")
    assert "takes part as “ann” already" in page.error[0].value
    join(page, "ZZZZZZ", "Bob")
    assert "No set has the code" in page.error[0].value
    assert "sitting" not in page.query_params


def test_a_key_answers_the_cell_in_turn_alone(cells, exam, monkeypatch) -> None:
    classroom = Classroom(cells)
    sitting = classroom.join(exam, "Ann")
    state: dict[str, object] = {f"{exam_view.AT}-{sitting.id}": 1}
    monkeypatch.setattr(exam_view.st, "session_state", state)
    exam_view._answer(sitting.id, 1, "Parabasal")  # a button that was left from the cell before
    assert classroom.going(sitting.id).answers == {}
    exam_view._answer(sitting.id, 2, "Metaplastic")
    exam_view._answer(sitting.id, 2, "Parabasal")  # the same, once the next one is in turn
    found = classroom.going(sitting.id).answers
    assert {number: each.said for number, each in found.items()} == {2: "Metaplastic"}


def test_an_exercise_tells_after_every_answer(app, cells) -> None:
    classroom = Classroom(cells)
    plan = Plan("Warm-up", "exercise", None, counts={"Parabasal": 2}, seed=1)
    sitting = classroom.join(classroom.make(plan, "local").code, "Ann")
    page = opened(app, sitting=sitting.id)
    assert "Time left" not in shown(page)
    say(page, "Metaplastic")
    assert "✗ you said Metaplastic" in shown(page)
    assert "Metaplastic or Parabasal?" in shown(page) or "Parabasal or Metaplastic?" in shown(page)
    press(page, "Next")
    assert 'alt="Cell 2 of 2, to be named"' in shown(page)
