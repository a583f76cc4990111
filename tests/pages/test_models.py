"""The pages that put models beside each other, over the cards of the project and a fake service."""

from __future__ import annotations

import pytest

from cervix_models.plots import per_cent
from cervix_models.services import models
from cervix_models.settings import load_settings
from tests.fakes import CARD, drawn_cell, png
from ui import session

PAGES = {name: f"../pages/models/{name}.py" for name in ("leaderboard", "honesty", "robustness")}


@pytest.fixture
def rows(monkeypatch) -> list[models.ModelRow]:
    """The rows of the project's own cards."""
    found = models.rows(load_settings())
    monkeypatch.setattr(session, "model_rows", lambda: found)
    outliners = models.segmenter_rows(load_settings())
    monkeypatch.setattr(session, "segmenter_rows", lambda: outliners)
    monkeypatch.setattr(session, "dealt_cluster", lambda: None)
    return found


def _words(app) -> str:
    return " ".join([*(each.value for each in app.markdown), *(e.value for e in app.caption)])


@pytest.mark.parametrize("name", PAGES)
def test_without_models_each_page_says_what_to_do(app, monkeypatch, name) -> None:
    monkeypatch.setattr(session, "model_rows", list)
    page = app.switch_page(PAGES[name]).run()
    assert page.info
    assert not page.exception


def test_the_leaderboard_has_every_model_in_order_of_accuracy(app, rows) -> None:
    page = app.switch_page(PAGES["leaderboard"]).run()
    assert not page.exception
    table = page.dataframe[0].value
    assert list(table["Model"]) == [row.name for row in rows]
    assert list(table["Accuracy"]) == sorted(table["Accuracy"], reverse=True)
    for line, row in zip(table.to_dict("records"), rows, strict=True):
        assert line["Accuracy"] == row.cluster["value"]
        assert line["Calibration error"] == row.calibration_error["value"]
        assert line["Parameters"] == row.parameters > 0
    assert len(page.get("plotly_chart")) >= 2


def test_the_leaderboard_has_every_segmenter_the_best_first(app, rows) -> None:
    page = app.switch_page(PAGES["leaderboard"]).run()
    table = page.dataframe[1].value
    known = models.segmenter_rows(load_settings())
    assert list(table["Segmenter"]) == [row.name for row in known]
    assert "dual_head_unet" in list(table["Segmenter"])
    both = table["Nucleus"] + table["Cell"]
    assert list(both) == sorted(both, reverse=True)
    for line, row in zip(table.to_dict("records"), known, strict=True):
        assert line["Nucleus"] == row.dice["nucleus"]["value"]
        assert line["Boxes met"] == row.boxes["value"]
    assert f"on {known[0].cells} Herlev cells" in _words(page)


def test_models_are_timed_when_asked(app, rows, triage, monkeypatch) -> None:
    monkeypatch.setattr(triage, "milliseconds", lambda name, content: 12.0, raising=False)
    page = app.switch_page(PAGES["leaderboard"]).run()
    page.button[0].click().run()
    table = page.dataframe[0].value
    assert set(table["ms here"][table["Weights here"]]) == {12.0}


def test_the_honesty_page_pairs_both_splits(app, rows) -> None:
    page = app.switch_page(PAGES["honesty"]).run()
    assert not page.exception
    both = [row for row in rows if row.difference]
    assert both
    table = page.dataframe[-1].value.set_index("Model")
    for row in both:
        assert table.loc[row.name, "Random"] == row.random["value"]
        assert f"{100 * row.difference['value']:+.1f}" in table.loc[row.name, "Difference, points"]
    leak = both[0].random_leak["cells_with_a_relative_learned"]
    assert per_cent(leak) in _words(page)
    drawn = " ".join(each.proto.body for each in page.get("html"))
    assert drawn.count("data:image/svg+xml;base64,") == 2


def test_one_real_cluster_is_shown_where_it_is_imported(app, rows, monkeypatch) -> None:
    from cervix_models.services.imported import DealtCell

    cells = [DealtCell(png(drawn_cell(40, at)), at == 0) for at in range(3)]
    monkeypatch.setattr(session, "dealt_cluster", lambda: ("Parabasal", cells))
    page = app.switch_page(PAGES["honesty"]).run()
    shown = " ".join(each.proto.body for each in page.get("html"))
    assert (shown.count("learned from</figcaption>"), shown.count("asked</figcaption>")) == (2, 1)
    assert "One cluster of Parabasal cells" in _words(page)


def test_the_lab_asks_again_for_every_slider(app, rows, triage, monkeypatch) -> None:
    asked = []

    def disturbed(content, strengths, names):
        asked.append((dict(strengths), list(names)))
        reading = triage.read(png(drawn_cell(60)), "a.png")
        return png(drawn_cell(60)), triage.opinions(reading, names)

    monkeypatch.setattr(triage, "opinions_disturbed", disturbed, raising=False)
    page = app.switch_page(PAGES["robustness"]).run()
    assert not page.exception
    assert asked[-1][0]["blur"] == 0
    page.slider(key="lab-blur").set_value(3.0).run()
    assert asked[-1][0]["blur"] == 3.0
    assert asked[-1][1]
    next(each for each in page.button if each.label == "Undo all").click().run()
    assert asked[-1][0]["blur"] == 0


def test_cells_are_compared_by_every_chosen_model(app, triage) -> None:
    page = app.switch_page("../pages/triage/compare.py").run()
    assert "Nothing has been read yet" in page.info[0].value
    triage.card_list = [CARD]
    triage.read(png(drawn_cell(60)), "a.png")
    page.run()
    assert page.multiselect[0].value == ["tiny"]
    assert len(page.get("plotly_chart")) == 1
    assert "its members disagree" in _words(page)
    page.multiselect[0].set_value([]).run()
    assert "Choose at least one model" in page.info[0].value


def test_segmenters_are_compared_where_there_are_several(app, triage) -> None:
    triage.card_list = [CARD]
    triage.read(png(drawn_cell(60)), "a.png")
    page = app.switch_page("../pages/triage/compare.py").run()
    heads = [each.value for each in page.header]
    assert "What each segmenter outlines" not in heads
    triage.segmenters = 2
    second = triage.read(png(drawn_cell(60, 1)), "b.png")
    page.run()
    page.selectbox[0].set_value(second.id).run()
    assert not page.exception
    assert "What each segmenter outlines" in [each.value for each in page.header]
    said = [each.value for each in page.caption]
    assert any("Agreement: nucleus 0.67, cell 1.00" in each for each in said)
    assert sum("the nucleus is" in each for each in said) == 2


def test_cells_read_in_the_same_minute_can_be_told_apart(app, triage) -> None:
    triage.card_list = [CARD]
    read = [triage.read(png(drawn_cell(60, seed)), "a.png") for seed in range(3)]
    page = app.switch_page("../pages/triage/compare.py").run()
    options = page.selectbox[0].options
    assert len(set(options)) == 3
    for each in read:
        page.selectbox[0].set_value(each.id).run()
        assert page.query_params["reading"] == each.id


def test_a_reading_by_its_address_is_compared(app, triage) -> None:
    triage.card_list = [CARD]
    first = triage.read(png(drawn_cell(60)), "a.png")
    triage.read(png(drawn_cell(60, 1)), "b.png")
    page = app.switch_page("../pages/triage/compare.py")
    page.query_params["reading"] = first.id
    page.run()
    assert page.selectbox[0].value == first.id
