from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import DataError
from cervix_models.services.dataset import DataSet
from cervix_models.settings import load_settings
from pages.explore.dataset import VIEWS
from ui import session

PAGE = "../pages/explore/dataset.py"


@pytest.fixture(scope="module")
def known() -> DataSet:
    return DataSet(load_settings())


@pytest.fixture
def service(known, triage, monkeypatch) -> DataSet:
    """The tables of the project, where no pictures are imported."""
    monkeypatch.setattr(session, "shared_dataset", lambda: known)
    return known


def opened(app: AppTest, view: str, **more: str) -> AppTest:
    app.query_params["view"] = view
    for name, value in more.items():
        app.query_params[name] = value
    page = app.switch_page(PAGE).run()
    assert not page.exception
    return page


def titles(page: AppTest) -> list[str]:
    return [each.value for each in page.subheader]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_says_that_no_pictures_are_here(app, service, view) -> None:
    page = opened(app, view)
    assert "SIPaKMeD is not imported here" in page.info[0].value
    assert not page.error


def test_the_overview_counts(app, service) -> None:
    page = opened(app, "overview")
    assert [each.value for each in page.metric][:2] == ["4,049", "966"]
    assert titles(page) == ["Cells of each class", "Clusters of each class"]


def test_a_figure_stands_alone_in_large_type_and_leads_on(app, service) -> None:
    page = opened(app, "sizes", large="dataset-size")
    assert titles(page) == []
    assert page.header[0].value == "Size of the crop"
    next(each for each in page.button if each.label == "Next").click().run()
    assert page.header[0].value == "Shape of the crop"
    next(each for each in page.button if each.label == "All figures").click().run()
    assert len(titles(page)) == 6


def test_a_class_is_shown_from_small_to_large(app, service) -> None:
    page = opened(app, "gallery")
    page.selectbox(key="gallery-class").set_value(CLASS_NAMES[0]).run()
    page.selectbox(key="gallery-order").set_value("small to large").run()
    html = " ".join(each.proto.body for each in page.get("html"))
    assert html.count('loading="lazy"') == 40
    ordered = service.cells[service.cells["label"] == CLASS_NAMES[0]]
    sizes = (ordered["width"] * ordered["height"]).sort_values()
    assert html.index(ordered.loc[sizes.index[0], "sha256"]) < html.index(
        ordered.loc[sizes.index[9], "sha256"]
    )


def test_features_are_told_and_a_lasso_asks_for_points(app, service) -> None:
    page = opened(app, "features")
    page.selectbox(key="feature-one").set_value("nucleus_area").run()
    assert any("η²" in each.value for each in page.caption)
    page.toggle(key="feature-lasso").set_value(True).run()
    assert any("Draw round some points" in each.value for each in page.info)
    assert not page.exception


def test_the_map_is_coloured_in_three_ways(app, service) -> None:
    page = opened(app, "map")
    for way in ("right", "cluster"):
        page.segmented_control(key="map-way").set_value(way).run()
        assert not page.exception
    page.selectbox(key="map-cluster").set_value(service.clusters["cluster"].iloc[3]).run()
    assert not page.exception


def test_a_cluster_is_laid_out(app, service) -> None:
    page = opened(app, "clusters")
    html = " ".join(each.proto.body for each in page.get("html"))
    assert "crops that share pixels" in html


def test_what_leaks_is_said_in_figures(app, service) -> None:
    page = opened(app, "leaks")
    assert "show pixels that are learned from" in page.markdown[0].value


def test_a_missing_table_is_said_with_what_to_do(app, service, tmp_path, monkeypatch) -> None:
    lacking = DataSet(load_settings(), tmp_path)
    with pytest.raises(DataError):
        _ = lacking.cells
    monkeypatch.setattr(session, "shared_dataset", lambda: lacking)
    page = opened(app, "overview")
    assert "data tables" in page.error[0].value.replace("\\", "")
