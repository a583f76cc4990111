"""The large Flux: what is told without it, where it fits, and a tiny one through the same door."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from cervix_models.contracts import Wish
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import CapacityError, WeightsError
from cervix_models.flux import LOOKS, by_words, find_flux, open_flux, placement
from cervix_models.settings import Settings
from tests import tiny
from tests.tiny_flux import save_tiny_flux

WISH = Wish("Parabasal", 1, seed=3, steps=2, guidance=2.0)
WHOLE = {"transformer": 24.0, "text_encoder_2": 9.5, "vae": 0.2, "controlnet": 1.5}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flux")
    save_tiny_flux(folder / "base", folder / "control")
    return folder


@pytest.fixture
def settings(tmp_path, folders, monkeypatch) -> Settings:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    made = tiny.settings_in(tmp_path)
    return replace(made, flux=str(folders / "base"), flux_controlnet=str(folders / "control"))


@pytest.mark.parametrize(
    ("gpu", "memory", "quantises", "wanted"),
    [
        (80.0, 64.0, False, "gpu"),
        (32.0, 64.0, False, "offload"),
        (16.0, 64.0, True, "eight_bits"),
        (16.0, 64.0, False, "piecewise"),
        (9.0, 24.0, True, "four_bits"),
        (None, 64.0, False, "processor"),
    ],
)
def test_it_is_put_where_it_fits(gpu, memory, quantises, wanted) -> None:
    assert placement(WHOLE, gpu, memory, quantises=quantises) == wanted


def test_where_it_fits_nowhere_the_figures_are_told() -> None:
    with pytest.raises(CapacityError, match=r"35\.2 GB, and there is no GPU; this machine has 23"):
        placement(WHOLE, None, 23.0, quantises=True)
    with pytest.raises(CapacityError, match=r"largest part 24\.0; the GPU has 6\.0 GB"):
        placement(WHOLE, 6.0, 23.0, quantises=False)


def test_a_tiny_one_is_opened_steered_and_makes_the_same_again(settings) -> None:
    place = find_flux(settings)
    assert place.whole
    assert all(size > 0 for size in place.gigabytes().values())
    maker = open_flux(settings)
    assert (maker.classes, maker.outlines) == (CLASS_NAMES, False)
    maker.side = 32
    made = maker.make(WISH)
    assert made[0].shape == (32, 32, 3)
    assert (made[0] == maker.make(WISH)[0]).all()
    edges = np.zeros((32, 32, 3), np.uint8)
    edges[8:24, 8:24] = 255
    assert (made[0] != maker.make(replace(WISH, control=edges))[0]).any()
    assert (made[0] != maker.make(replace(WISH, guidance=1.0))[0]).any()
    seen = []
    maker.make(replace(WISH, steps=4), lambda step, cells: seen.append((step, cells[0].shape)))
    assert seen == [(1, (32, 32, 3)), (2, (32, 32, 3)), (3, (32, 32, 3))]


def test_a_picture_to_begin_with_is_noised_as_the_scheduler_shifts(settings) -> None:
    maker = open_flux(settings)
    maker.side = 32
    like = np.full((32, 32, 3), 200, np.uint8)
    given = maker._given(replace(WISH, like=like, change=0.5))
    plain = maker._given(replace(WISH))["latents"]
    share = ((given["latents"] * plain).sum() / (plain * plain).sum()).item()
    assert 0.5 < share < 0.9  # more than half: the shift spends its steps in noise
    assert maker.make(replace(WISH, like=like, change=0.5))[0].shape == (32, 32, 3)


def test_a_folder_with_its_own_controlnet_needs_no_other(settings, folders, tmp_path) -> None:
    shutil.copytree(folders / "base", tmp_path / "whole")
    shutil.copytree(folders / "control", tmp_path / "whole" / "controlnet")
    alone = replace(settings, flux=str(tmp_path / "whole"), flux_controlnet="no/such")
    assert find_flux(alone).whole
    assert open_flux(alone).make(replace(WISH, steps=2), None)


def test_what_is_missing_is_told_with_its_size(settings) -> None:
    gone = replace(settings, flux=None, flux_controlnet="a/b")
    place = find_flux(gone)
    assert not place.whole
    assert "FLUX.1 (black-forest-labs/FLUX.1-dev) and its ControlNet (a/b)" in place.lacks
    assert "hf download black-forest-labs/FLUX.1-dev" in place.lacks
    with pytest.raises(WeightsError, match=r"Both are 35\.5 GB and want a GPU"):
        open_flux(gone)


def test_a_folder_that_is_no_pipeline_is_refused(settings, tmp_path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "model_index.json").write_text("{}")
    with pytest.raises(WeightsError, match="could not be opened as a Flux pipeline"):
        open_flux(replace(settings, flux=str(tmp_path / "none")))


def test_the_licence_of_the_files_is_shown_else_what_is_known(settings, folders, tmp_path) -> None:
    assert "Non-Commercial" in find_flux(settings).licence
    shutil.copytree(folders / "base", tmp_path / "own")
    (tmp_path / "own" / "LICENSE.md").write_text("Apache 2.0")
    assert find_flux(replace(settings, flux=str(tmp_path / "own"))).licence == "Apache 2.0"


def test_each_class_is_told_in_words() -> None:
    assert set(LOOKS) == set(CLASS_NAMES)
    told = by_words(replace(WISH, label="Koilocytotic"), np.zeros((2, 5), np.float32))
    assert len(told["prompt"]) == len(told["negative_prompt"]) == 2
    assert "koilocyte" in told["prompt"][0]
    assert told["true_cfg_scale"] == 2.0
