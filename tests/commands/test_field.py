"""The command `field`: a picture and a slide, read into the store and told of in one line each."""

from __future__ import annotations

import re

import numpy as np
import pytest
import tifffile
from PIL import Image

from cervix_models.__main__ import main
from cervix_models.contracts import OnSlide
from cervix_models.data import slides
from cervix_models.services import triage as services
from cervix_models.services.fields import Fields
from cervix_models.services.triage import Triage
from tests.fakes import drawn_cell


@pytest.fixture
def triage(tiny_models, tmp_path, monkeypatch):
    """An empty installation of the small models, which the command opens."""
    home = tmp_path / "home"
    monkeypatch.setenv("CERVIX_HOME", str(home))
    monkeypatch.setenv("CERVIX_WEIGHTS", str(tiny_models.weights))
    monkeypatch.setenv("CERVIX_CACHE", str(tiny_models.cache))
    made: Triage = services.open_triage()
    yield made
    made.store.close()


@pytest.fixture
def drawn() -> np.ndarray:
    """A field of two drawn cells."""
    return np.concatenate([drawn_cell(160, seed) for seed in range(2)], axis=1)


def test_a_picture_is_read_into_the_store(triage, drawn, tmp_path, capsys) -> None:
    Image.fromarray(drawn).save(tmp_path / "field.png")
    assert main(["field", str(tmp_path / "field.png"), "--scale", "0.2"]) == 0
    said = capsys.readouterr().out
    (found,) = Fields(triage).fields()
    assert re.fullmatch(rf"field\.png: \d+ cells \(.+\); field {found.id}\n", said)
    assert (found.width, found.height, found.micrometres_per_pixel) == (320, 160, 0.2)
    assert found.on_slide is None


def test_a_whole_slide_knows_that_it_is_one(triage, drawn, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(slides, "SMALL", 10_000)
    path = tmp_path / "slide.tif"
    tifffile.imwrite(path, drawn, tile=(64, 64), photometric="rgb", compression="zlib")
    assert main(["field", str(path)]) == 0
    (found,) = Fields(triage).fields()
    assert found.on_slide == OnSlide(slides.identity_of(path), 0, 0)
    assert Fields(triage).fields(slide=found.on_slide.slide) == [found]


def test_what_is_no_picture_ends_with_a_sentence(triage, tmp_path, capsys) -> None:
    assert main(["field", str(tmp_path / "gone.svs")]) == 2
    assert "gone.svs is no file" in capsys.readouterr().err
    assert Fields(triage).fields() == []
