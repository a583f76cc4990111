from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.making import CellMaker
from cervix_models.services.synthesis import Synthesis
from tests import tiny
from ui import session

PAGE = "../pages/generate/studio.py"
KID = {"value": 0.05, "low": 0.04, "high": 0.06}


def _flat(noise: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Even pictures whose tone the class and the first number of the noise give."""
    tone = (parts @ np.linspace(0.2, 0.8, 5)[:, None] + noise[:, :1] / 20).clip(0, 1)
    return (tone[:, :, None, None] * np.ones((1, 3, 64, 64))).astype(np.float32)


@pytest.fixture
def synthesis(tmp_path, monkeypatch) -> Synthesis:
    settings = tiny.settings_in(tmp_path)
    made = Synthesis(settings)
    monkeypatch.setattr(session, "shared_synthesis", lambda: made)
    for cached in (session.made_cells, session.walk):
        cached.clear()
    return made


def _with_generator(synthesis: Synthesis) -> None:
    floor = {"kid": {**KID, "value": 0.001}, "recognised": {"value": 0.97}}
    metrics = {"summary": "", "kid": KID, "floor": floor, "recognised": {"value": 0.88}}
    given = tiny.recipe("cgan")
    tiny.save_tiny(synthesis.settings.weights, given, metrics=metrics)
    card = synthesis.cards()[0]
    synthesis._makers[given.name] = (CellMaker(_flat, CLASS_NAMES, 100), card)


@pytest.fixture
def studio(app: AppTest, synthesis: Synthesis) -> AppTest:
    _with_generator(synthesis)
    page = app.switch_page(PAGE).run()
    assert not page.exception
    return page


def shown(page: AppTest) -> str:
    return " ".join(each.proto.body for each in page.get("html"))


def test_without_a_generator_the_page_says_how_to_get_one(app, synthesis) -> None:
    page = app.switch_page(PAGE).run()
    assert not page.exception
    assert "python -m cervix_models train cgan_projection" in page.info[0].value


def test_cells_of_every_class_are_shown_with_words_and_figures(studio) -> None:
    html = shown(studio)
    for name in CLASS_NAMES:
        assert html.count(f'alt="Synthetic {name} cell, number ') == 6
    assert "takes 88.0 % of its cells" in html
    assert "97.0 % of real ones" in html
    assert "0.050; between real ones it is 0.001" in html


def test_one_class_and_another_seed(studio) -> None:
    before = shown(studio)
    label = next(each for each in studio.selectbox if each.label == "Class")
    label.set_value(CLASS_NAMES[2]).run()
    assert f"Synthetic {CLASS_NAMES[2]} cell, number 6" in shown(studio)
    assert f"Synthetic {CLASS_NAMES[0]} cell, number" not in shown(studio)
    one = shown(studio)
    next(each for each in studio.button if each.label == "Others").click().run()
    assert not studio.exception
    assert studio.session_state["studio-seed"] == 2
    assert shown(studio) not in (before, one)


def test_the_walk_has_a_step_and_a_film(studio) -> None:
    html = shown(studio)
    assert f"Synthetic cell, step 8 of 16 from {CLASS_NAMES[0]} to {CLASS_NAMES[3]}" in html
    assert "data:image/webp;base64," in html
    next(each for each in studio.slider if each.label == "Step").set_value(16).run()
    assert "Step 16 of 16" in shown(studio)
