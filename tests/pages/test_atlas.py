"""The atlas with real cells and without any: criteria, examples, look-alikes and the projector."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.teaching import LOOKALIKES, NOTES
from cervix_models.services.atlas import Atlas
from tests import tiny
from tests.made_atlas import atlas_data, use_table
from ui import session

PAGE = "../pages/explore/atlas.py"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return atlas_data(tmp_path_factory.mktemp("atlas"))


@pytest.fixture
def atlas(data, monkeypatch) -> Atlas:
    """The service over a small imported set, in the place of the real one."""
    return shared(Atlas(data[0]), data[1], monkeypatch)


@pytest.fixture
def without_cells(data, tmp_path, monkeypatch) -> Atlas:
    """The same where nothing is imported."""
    return shared(Atlas(replace(data[0], home=tmp_path)), data[1], monkeypatch)


def shared(service: Atlas, table, monkeypatch) -> Atlas:
    use_table(monkeypatch, table)
    monkeypatch.setattr(session, "shared_atlas", lambda: service)
    session.atlas_pictures.clear()
    return service


def opened(app: AppTest) -> AppTest:
    page = app.switch_page(PAGE).run()
    assert not page.exception
    return page


def html(page: AppTest) -> str:
    return " ".join(each.proto.body for each in page.get("html"))


def choose(page: AppTest, label: str, value: object) -> AppTest:
    next(each for each in page.segmented_control if each.label == label).set_value(value).run()
    assert not page.exception
    return page


def test_all_classes_stand_side_by_side_at_one_scale(app, atlas) -> None:
    shown = html(opened(app))
    at = [shown.index(f'alt="Typical {name} cell"') for name in CLASS_NAMES]
    assert at == sorted(at)
    assert shown.count('style="width:18px"') == 5  # of crops 40 pixels wide
    assert all(notes.description in shown for notes in NOTES.values())
    assert not opened(app).info


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_a_class_has_its_criteria_pointed_out_and_measured(app, atlas, name) -> None:
    page = choose(opened(app), "Class", name)
    shown = html(page)
    for number, criterion in enumerate(NOTES[name].criteria, start=1):
        assert criterion.words in shown
        assert f"{number}, {criterion.title}" in shown  # in words for those who do not see it
    assert shown.count("of its class.") == len(NOTES[name].criteria)
    assert NOTES[name].source in shown
    assert "data:image/svg+xml;base64," in shown


def test_criteria_are_pointed_out_on_any_example(app, atlas) -> None:
    page = opened(app)
    box = page.selectbox(key="atlas-on-Dyskeratotic")
    assert box.options == [
        "Typical 1", "Typical 2", "Typical 3", "Typical 4", "Borderline 1", "Borderline 2",
        "Borderline 3", "Borderline 4", "Hardest 1", "Hardest 2",
    ]  # fmt: skip
    before = html(page)
    box.select(8).run()
    assert not page.exception
    assert html(page) != before


def test_what_the_model_said_is_told_when_it_is_asked_for(app, atlas) -> None:
    page = opened(app)
    assert "<figcaption>" not in html(page)
    page.toggle(key="atlas-told").set_value(True).run()
    shown = html(page)
    assert shown.count("<figcaption>") == 10
    hardest = shown[shown.index("hardest, 40 by 30 pixels") :]
    said = hardest[: hardest.index("</figcaption>")]
    assert said.index(">KO</span> 90.0 %") < said.index(">DK</span> 5.0 %")


def test_a_class_without_errors_says_so(app, atlas) -> None:
    page = choose(opened(app), "Class", "Parabasal")
    assert any("There is none" in each.value for each in page.caption)


def test_look_alikes_stand_side_by_side_with_what_parts_them(app, atlas) -> None:
    page = opened(app)
    for number, pair in enumerate(LOOKALIKES):
        choose(page, "Pair", number)
        words = " ".join(each.value for each in page.markdown)
        assert pair.words in words
        assert words.count("of 100 pairs.") == 3
        assert f"of 24 {pair.one} cells as {pair.other}" in words
    choose(page, "Pair", 1)
    words = " ".join(each.value for each in page.markdown)
    assert "0 of 24 Koilocytotic cells as Dyskeratotic, and 2 of 24 Dyskeratotic" in words
    chart = next(iter(page.get("plotly_chart")))
    assert "What parts Koilocytotic and Dyskeratotic" in chart.proto.alt


def test_the_projector_goes_through_the_classes_and_round(app, atlas) -> None:
    page = opened(app)
    page.button(key="atlas-large").click().run()
    for name in (*CLASS_NAMES, CLASS_NAMES[0]):
        assert f"<b>{name}</b>" in html(page)
        assert NOTES[name].criteria[0].words in html(page)
        page.button(key="atlas-next").click().run()
    page.button(key="atlas-previous").click().run()
    page.button(key="atlas-previous").click().run()
    assert f"<b>{CLASS_NAMES[4]}</b>" in html(page)
    page.button(key="atlas-large").click().run()
    assert page.segmented_control


def test_without_an_import_cells_are_drawn_and_examples_are_numbers(app, without_cells) -> None:
    page = opened(app)
    assert "python -m cervix_models data import PATH" in page.info[0].value
    shown = html(page)
    assert shown.count("cell, synthetic") >= 5
    assert "in the middle 90 % of Dyskeratotic cells." in shown
    assert "of its class" not in shown  # a drawn cell is not measured
    tables = [each.value for each in page.dataframe]
    assert [len(each) for each in tables] == [4, 4, 2]
    assert "Read as" not in tables[2].columns
    assert all(each.endswith(" px²") for each in tables[0]["Area of the nucleus"])
    page.toggle(key="atlas-told").set_value(True).run()
    hardest = page.dataframe[2].value
    assert list(hardest["Read as"]) == ["Koilocytotic", "Koilocytotic"]
    assert list(hardest["Probability"]) == ["90.0 %", "50.0 %"]


def test_without_measured_models_the_page_says_why_and_still_teaches(
    app, data, tmp_path, monkeypatch
) -> None:
    shared(Atlas(tiny.settings_in(tmp_path)), data[1], monkeypatch)
    page = opened(app)
    assert len(page.error) == 1
    assert "was expected" in page.error[0].value
    assert not page.info
    assert NOTES["Dyskeratotic"].description in html(page)
    assert page.get("plotly_chart")
