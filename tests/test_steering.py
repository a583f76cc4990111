"""Cells that a picture steers: by the library's own pipeline, the same for the same wish."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from cervix_models.contracts import Wish
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import DataError, WeightsError
from cervix_models.generators.cellflux import CellFlux
from cervix_models.making import maker_of, noise_of
from cervix_models.registry import create
from cervix_models.steering import SteeredMaker, open_steered, steered
from tests import tiny

FEW = 3  # steps
WISH = Wish("Koilocytotic", 2, seed=5, steps=FEW)


@pytest.fixture(scope="module")
def network() -> CellFlux:
    """One whose ControlNet answers, as a trained one does, and that goes far from noise."""
    torch.manual_seed(0)
    made = create("cellflux").eval()
    for each in (*made.controlnet.controlnet_blocks, *made.controlnet.controlnet_single_blocks):
        nn.init.normal_(each.weight, std=0.05)
    nn.init.normal_(made.transformer.proj_out.weight, std=0.3)
    nn.init.normal_(made.nothing)
    made.sizes.copy_(torch.tensor([[4.5, 0.3]] * 5))
    made.place.copy_(torch.tensor([0.1, 0.8]))
    return made


@pytest.fixture(scope="module")
def maker(network) -> SteeredMaker:
    return steered(network, CLASS_NAMES)


def outlines(side: int = 64) -> np.ndarray:
    picture = np.zeros((side, side, 3), np.uint8)
    picture[10:54, 8:56, 1] = 255
    picture[24:40, 24:40, 0] = 255
    return picture


def apart(one: list[np.ndarray], two: list[np.ndarray]) -> float:
    return float(np.abs(np.stack(one).astype(float) - np.stack(two)).mean())


def test_without_a_picture_it_makes_what_the_network_makes(network, maker, monkeypatch) -> None:
    monkeypatch.setattr("cervix_models.generators.cellflux.STEPS", FEW)
    plain = maker_of(network, CLASS_NAMES)
    wanted = plain.of(noise_of(5, 2, plain.latent), plain.parts(["Koilocytotic"] * 2))
    made = maker.make(WISH)
    assert [each.shape for each in made] == [(64, 64, 3)] * 2
    assert apart(made, wanted) < 0.02


def test_the_same_wish_makes_the_same_cells_and_the_first_whatever_the_count(maker) -> None:
    made = maker.make(WISH)
    assert apart(made, maker.make(WISH)) == 0
    assert apart(made[:1], maker.make(replace(WISH, count=1))) < 0.02
    assert apart(made, maker.make(replace(WISH, seed=6))) > 1


def test_a_picture_steers_as_much_as_it_is_heeded(maker) -> None:
    plain = maker.make(WISH)
    given = replace(WISH, control=outlines())
    assert apart(plain, maker.make(replace(given, heed=0.0))) == 0
    some, more = (apart(plain, maker.make(replace(given, heed=each))) for each in (0.5, 1.0))
    assert 0 < some < more
    large = replace(WISH, control=outlines().repeat(4, 0).repeat(4, 1))
    assert apart(maker.make(given), maker.make(large)) < 1  # brought to the maker's own size


def test_size_and_guidance_are_heeded(maker) -> None:
    plain = maker.make(WISH)
    assert apart(plain, maker.make(replace(WISH, size=6.0))) > 0.05
    assert apart(plain, maker.make(replace(WISH, guidance=4.0))) > 0.05


def test_a_picture_to_begin_with_is_given_up_as_far_as_is_said(maker) -> None:
    like = np.full((64, 64, 3), 180, np.uint8)
    like[20:44, 20:44] = (90, 40, 120)
    with torch.inference_mode():
        again = maker.seen(maker._packed(maker._latents(like)))
    near, far = (
        apart(maker.make(replace(WISH, count=1, like=like, change=each)), again)
        for each in (0.1, 0.9)
    )
    assert near < far
    assert apart(maker.make(replace(WISH, like=like, change=1.0)), maker.make(WISH)) == 0


def test_who_watches_sees_the_cells_come_and_can_end_it(maker) -> None:
    seen: list[tuple[int, np.ndarray]] = []
    made = maker.make(replace(WISH, steps=12), lambda step, cells: seen.append((step, cells[0])))
    assert [step for step, _ in seen] == [2, 4, 6, 8, 10]
    gaps = [apart([look], made[:1]) for _, look in seen]
    assert gaps[-1] < gaps[0]

    class EnoughError(Exception):
        pass

    def stop(step: int, _cells: list[np.ndarray]) -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        maker.make(replace(WISH, steps=12), stop)
    assert apart(maker.make(replace(WISH, steps=12)), made) == 0  # and is free again


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"label": "Round"}, "Cells of 'Round' were asked for; those of Dyskeratotic, Koil"),
        ({"count": 17}, "count is 17; 1 to 16 was expected"),
        ({"steps": 1}, "steps is 1; 2 to 60 was expected"),
        ({"guidance": 0.5}, r"guidance is 0\.5; 1 to 6 was expected"),
        ({"heed": 3.0}, "heed is 3; 0 to 2 was expected"),
        ({"change": 0.0}, r"change is 0; 0\.05 to 1 was expected"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(maker, changed, words) -> None:
    with pytest.raises(DataError, match=words):
        maker.make(replace(WISH, **changed))


def test_weights_are_opened_as_a_pipeline_and_others_refused(tmp_path, network) -> None:
    settings = tiny.settings_in(tmp_path)
    tiny.save_tiny(settings.weights, tiny.recipe("cellflux", name="cellflux"))
    tiny.save_tiny(settings.weights, tiny.recipe("cgan", name="cgan"))
    maker, card = open_steered("cellflux", settings)
    assert card.name == "cellflux"
    assert maker.make(replace(WISH, count=1))[0].shape == (64, 64, 3)
    with pytest.raises(WeightsError, match="cgan makes cells, but nothing steers it"):
        open_steered("cgan", settings)


def test_it_is_written_as_the_library_reads_it(maker, tmp_path) -> None:
    from diffusers import FluxControlNetModel, FluxTransformer2DModel

    maker.save(tmp_path / "flux")
    assert (tmp_path / "flux" / "model_index.json").is_file()
    assert list((tmp_path / "flux").rglob("*.bin")) == []
    again = FluxTransformer2DModel.from_pretrained(tmp_path / "flux" / "transformer")
    assert again.config.in_channels == 16
    FluxControlNetModel.from_pretrained(tmp_path / "flux" / "controlnet")
