"""The classroom page: a set is made, joined, closed, and its results are told."""

from __future__ import annotations

import pytest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.people import Person
from cervix_models.services.classroom import Classroom, Plan
from tests.pages.test_quiz import cells, press, served, shown, words  # noqa: F401 a fixture
from ui import identity

PAGE = "../pages/learn/classroom.py"


def opened(app, **address: str):
    for name, value in address.items():
        app.query_params[name] = value
    page = app.switch_page(PAGE).run()
    assert not page.exception
    return page


def field(page, kind: str, label: str):
    return next(each for each in page.get(kind) if each.label == label)


def test_a_set_is_made_by_counts_and_shows_its_code(app, cells) -> None:  # noqa: F811
    page = opened(app)
    assert "The set has no name" in press(page, "Make the set").error[0].value
    field(page, "text_input", "Name of the set").set_value("Monday *morning*")
    field(page, "number_input", "SI Superficial-Intermediate").set_value(0)
    press(page, "Make the set")
    page.run()
    (made,) = cells.store.teaching.sets()
    assert (made.name, made.kind, made.minutes, made.shown) == (
        "Monday *morning*", "exam", 10, "closed",
    )  # fmt: skip
    assert len(cells.store.teaching.items(made.id)) == 16
    assert made.id in str(page.query_params["set"])
    assert made.code in shown(page)
    assert page.header[0].value == r"Monday \*morning\*"
    assert "Nobody has joined so far." in words(page)
    press(page, "All sets")
    assert any(each.label == r"Monday \*morning\*" for each in page.button)


def test_cells_are_chosen_one_by_one(app, cells) -> None:  # noqa: F811
    page = opened(app)
    field(page, "text_input", "Name of the set").set_value("Two")
    next(each for each in page.segmented_control if each.label == "Which").set_value(
        "by-hand"
    ).run()
    choose = [each for each in page.button if each.label == "Choose"]
    assert len(choose) == 6
    choose[0].click().run()
    next(each for each in page.button if each.label == "Choose").click().run()
    assert "2 cells" in words(page)
    press(page, "Make the set")
    (made,) = cells.store.teaching.sets()
    items = cells.store.teaching.items(made.id)
    assert [each.label for each in items] == ["Dyskeratotic"] * 2


def test_results_are_told_once_somebody_has_ended(app, cells) -> None:  # noqa: F811
    classroom = Classroom(cells)
    made = classroom.make(Plan("Monday", counts=dict.fromkeys(CLASS_NAMES, 1), seed=1), "local")
    for name, right in (("Ann", 5), ("Bob", 3), ("Eve", 1)):
        sitting = classroom.join(made.code, name)
        going = classroom.going(sitting.id)
        for item in going.items[:right]:
            classroom.answer(going, item.number, item.label)
        classroom.hand_in(sitting.id)
    classroom.join(made.code, "Zoe")
    page = opened(app, set=made.id)
    metrics = {each.label: each.value for each in page.metric}
    assert (metrics["Have ended"], metrics["Mean right"]) == ("3", "60.0 %")
    assert metrics["Not answered"] == "6"
    people = page.dataframe[0].value.set_index("Name")
    assert people.loc["Bob", "Right"] == "3 / 5"
    assert people.loc["Zoe", "State"] == "going on"
    table = page.dataframe[1].value.set_index("Cell")
    assert table.loc[1, "Right"] == "100.0 %"
    assert table.loc[1, "Discrimination"] == "undefined"
    # (1/3 1/3 -2/3) with (5/3 -1/3 -4/3): 4/3 through sqrt(2/3 x 14/3) = 1.7638
    assert table.loc[2, "Discrimination"] == "+0.76"
    assert "Nearly everybody is right" in shown(page)
    assert "The answers lean clearly neither way." in words(page)
    assert {each.label for each in page.get("download_button")} == {
        "Answers (CSV)", "Cells (CSV)", "Anki deck",
    }  # fmt: skip
    press(page, "Close it for good")
    assert cells.store.teaching.set_of(made.id).closed_at is not None
    page.run()
    assert {each.label: each.value for each in page.metric}["Have ended"] == "4"
    press(page, "Delete it for good")
    assert cells.store.teaching.sets() == []


def test_a_set_that_there_is_not_is_said(app, cells) -> None:  # noqa: F811
    page = opened(app, set="nothing")
    assert "No set has the id" in page.warning[0].value


def test_without_cells_the_page_says_how_to_import_them(app, tmp_path, monkeypatch) -> None:
    made = served(tmp_path, monkeypatch, real=False, generator=False)
    page = opened(app)
    assert "data import PATH" in page.info[0].value
    made.store.close()


@pytest.mark.parametrize("role", ["student", "pathologist"])
def test_the_page_is_for_instructors(app, cells, monkeypatch, role) -> None:  # noqa: F811
    monkeypatch.setattr(identity, "person", lambda: Person("ann", (role,)))
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        opened(app.run())
