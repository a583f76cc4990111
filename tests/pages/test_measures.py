"""The page of measured generators, over made-up cards."""

from __future__ import annotations

from typing import Any

import pytest

from cervix_models.cards import WEIGHTS
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import WeightsError
from cervix_models.services import generation
from cervix_models.services.synthesis import MadeCell
from tests import tiny
from tests.fake_generators import generator_metrics, help_of, save_fake, translator_metrics
from tests.fakes import drawn_cell, png
from ui import session

PAGE = "../pages/generate/measures.py"


@pytest.fixture
def opened(app, tmp_path, monkeypatch):
    """Opens the page over cards of these names."""
    settings = tiny.settings_in(tmp_path)

    def made(name: str, label: str, count: int, seed: int, temperature: float) -> list[MadeCell]:
        cell = png(drawn_cell(64))
        return [
            MadeCell(name, "", label, seed, at, temperature, near_copy=False, png=cell)
            for at in range(count)
        ]

    def open_page(cards: dict[str, dict[str, Any]], *, here: bool = True):
        for name, metrics in cards.items():
            save_fake(settings.weights, name, metrics)
            if not here:
                (settings.weights / name / WEIGHTS).unlink()
        for part in ("generator_rows", "translator_rows"):
            found = getattr(generation, part)(settings)
            monkeypatch.setattr(session, part, lambda found=found: found)
        monkeypatch.setattr(session, "made_cells", made)
        monkeypatch.setattr(session, "real_cells", lambda side, count: {})
        page = app.switch_page(PAGE).run()
        assert not page.exception
        return page

    return open_page


def _words(page) -> str:
    parts = (page.markdown, page.caption, page.info)
    return " ".join(each.value for part in parts for each in part)


def _html(page) -> str:
    return " ".join(each.proto.body for each in page.get("html"))


def test_without_a_generator_the_page_says_what_to_do(opened) -> None:
    assert "python -m cervix_models train cgan_projection" in opened({}).info[0].value


def test_a_broken_card_is_told(app, monkeypatch) -> None:
    def broken() -> None:
        raise WeightsError("cgan is not a card of this version.")

    monkeypatch.setattr(session, "generator_rows", broken)
    page = app.switch_page(PAGE).run()
    assert "not a card of this version" in page.error[0].value.replace("\\", "")


def test_generators_stand_beside_real_cells(opened) -> None:
    tried = generator_metrics(help=help_of((0.05, 0.01, 0.0, 0.0)))
    page = opened({"cgan": generator_metrics(0.4, 0.5), "cgan_projection": tried})
    table = page.dataframe[0].value
    assert list(table["Generator"]) == ["Real cells", "cgan", "cgan_projection"]
    assert list(table["KID"]) == [0.002, 0.4, 0.14]
    assert list(table["FID"]) == [1.0, 200.0, 70.0]
    assert len(page.get("plotly_chart")) == 6
    words = _words(page)
    assert "Made cells help at 10 % of the real cells" in words
    assert "Not tried yet: `python -m cervix_models augment cgan`" in words
    gains = page.dataframe[1].value
    assert list(gains["Gain, points"]) == ["+5.0", "+1.0", "+0.0", "+0.0"]
    assert list(gains["Helps"]) == [True, False, False, False]
    assert "No translator is measured here yet" in words
    assert "Inception’s weights are not part of this project" in words


def test_classes_are_told_by_share_or_by_distance(opened) -> None:
    page = opened({"cgan": generator_metrics()})
    control = page.get("button_group")[0]
    control.set_value("Distance (KID)").run()
    assert not page.exception


def test_that_it_does_not_help_is_shown_as_plainly(opened) -> None:
    metrics = generator_metrics(help=help_of((0.0, 0.0, 0.0, -0.05), by_class=False))
    page = opened({"cvae": metrics})
    assert "Made cells do not help here" in _words(page)
    assert "At 100 % it lies below zero: they harm." in _words(page)
    assert len(page.get("plotly_chart")) == 5  # no classes were told apart


def test_translators_stand_beside_what_their_document_reports(opened) -> None:
    cards = {name: translator_metrics() for name in ("cyclegan", "cyclegan_vgg16")}
    page = opened(cards)
    assert len(page.get("plotly_chart")) == 2
    table = page.dataframe[0].value
    assert list(table["Translator"]) == ["cyclegan"] * 4 + ["cyclegan_vgg16"] * 4
    assert set(table["SSIM"]) == {0.9}
    shares = page.get("plotly_chart")[1].proto.spec
    assert "0.3091" in shares
    assert "0.8374" in shares


def test_made_cells_stand_beside_real_ones(opened, monkeypatch) -> None:
    page = opened({"cgan": generator_metrics()})
    assert "python -m cervix_models data import PATH" in _words(page)
    for name in CLASS_NAMES:
        assert _html(page).count(f'alt="Synthetic {name} cell ') == 8
    cell = png(drawn_cell(64))
    monkeypatch.setattr(
        session, "real_cells", lambda side, count: {name: [cell] * count for name in CLASS_NAMES}
    )
    html = _html(page.run())
    assert html.count('alt="Real ') == html.count("REAL</figcaption>") == 40


def test_without_weights_no_cell_is_made(opened) -> None:
    page = opened({"cgan": generator_metrics()}, here=False)
    assert "No weights of these generators are here" in _words(page)
    assert 'alt="Synthetic' not in _html(page)
