"""An addition to a Flux learns one more kind of cell, and the rest of it stays as it is."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from cervix_models.__main__ import main
from cervix_models.cards import WEIGHTS, load_card
from cervix_models.checkpoints import load_network, save_card
from cervix_models.contracts import Wish
from cervix_models.errors import CapacityError, DataError, RecipeError, WeightsError
from cervix_models.nearness import open_check
from cervix_models.recipes import Lora, Optimiser
from cervix_models.registry import create
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from cervix_models.settings import Settings
from cervix_models.steering import open_steered
from cervix_models.training.judging import SEEN_BY, Judges
from cervix_models.training.lora import finish_lora, memory_needed, parted
from cervix_models.training.protocol import Plan
from tests import tiny
from tests.tiny_flux import save_tiny_flux

KIND = "normal_columnar"
GIVEN = Lora("cellflux", like="Metaplastic", cells=6, rank=2, checkpointed=False)
RECIPE = replace(
    tiny.recipe(),
    name="added", model="", images=("herlev",), classes=(KIND,), lora=GIVEN,
    optimiser=Optimiser(epochs=2, batch_size=8, learning_rate=1e-2, schedule="constant"),
)  # fmt: skip
WISH = Wish(KIND, 2, seed=4, steps=3)


def plan_in(folder, recipe=RECIPE) -> tuple[Plan, Settings, Judges]:
    settings = tiny.settings_in(folder)
    tiny.save_seer(settings.weights, SEEN_BY)
    packed = tiny.packed(clusters=2, cells=2, herlev=12)
    plan = Plan(recipe, packed, folder / "runs", settings.weights)
    return plan, settings, Judges.of(CLASSIFIER, SEGMENTER, settings, recipe.told_apart)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Plan, Settings]:
    """A plan whose addition is finished."""
    folder = tmp_path_factory.mktemp("lora")
    plan, settings, judges = plan_in(folder)
    tiny.save_tiny(settings.weights, tiny.recipe("cellflux", name="cellflux"))
    finish_lora(plan, settings, judges)
    return plan, settings


def test_the_card_says_what_was_added_to_what_and_the_gain(made) -> None:
    plan, settings = made
    card, base = load_card("added", plan.weights), load_card("cellflux", plan.weights)
    assert (card.kind, card.classes) == ("adapter", (KIND,))
    assert (card.input["base"], card.input["base_sha256"]) == ("cellflux", base.weights_sha256)
    assert card.data["cells"] == 6
    assert card.metrics["held_out"] == 6
    assert {"kid", "before", "floor", "memorised", "curves"} <= set(card.metrics)
    assert "before it learned" in card.summary
    assert card.data["training"]["epochs"] == 2
    kept = load_file(plan.weights / "added" / WEIGHTS)
    assert kept
    assert all("lora" in key for key in kept)
    assert all(each.dtype == torch.float16 for each in kept.values())
    assert sum(each.numel() for each in kept.values()) == card.data["parameters"]
    assert open_check("added", settings).flagged([np.full((64, 64, 3), 7, np.uint8)]) == [False]


def test_a_checkpoint_holds_what_was_added_alone(made) -> None:
    plan, _ = made
    state = torch.load(plan.shared / "lora" / "last.ckpt", weights_only=False)["state_dict"]
    assert state
    assert all("lora_" in key for key in state)


def test_what_was_added_changes_the_cells_and_the_base_stays(made) -> None:
    plan, settings = made
    maker, card = open_steered("added", settings)
    base, _ = open_steered("cellflux", settings)
    assert (maker.classes, card.name) == ((KIND,), "added")
    cells, again = maker.make(WISH), open_steered("added", settings)[0].make(WISH)
    assert all((one == two).all() for one, two in zip(cells, again, strict=True))
    plain = base.make(replace(WISH, label="Metaplastic"))
    assert any((one != two).any() for one, two in zip(cells, plain, strict=True))
    network, _ = load_network("cellflux", plan.weights)
    assert not any("lora" in name for name, _ in network.named_parameters())


def test_an_addition_to_other_weights_is_refused(made, tmp_path) -> None:
    plan, settings = made
    card = load_card("added", plan.weights)
    other = replace(settings, weights=tmp_path)
    tiny.save_tiny(tmp_path, tiny.recipe("cellflux", name="cellflux", seed=3))
    (tmp_path / "added").mkdir()
    content = (plan.weights / "added" / WEIGHTS).read_bytes()
    (tmp_path / "added" / WEIGHTS).write_bytes(content)
    save_card(replace(card, input={**card.input, "base_sha256": "0" * 64}), tmp_path / "added")
    with pytest.raises(WeightsError, match="was added to cellflux with the weights 000000000000"):
        open_steered("added", other)


def test_whole_clusters_are_learned_from_and_never_more_than_asked() -> None:
    packed = tiny.packed(clusters=2, cells=2, herlev=12)
    learned, held_out = parted(packed, RECIPE, replace(GIVEN, cells=5))
    assert len(learned) == 4
    assert len(held_out) == 8
    sides = [{packed.clusters[at] for at in rows} for rows in (learned, held_out)]
    assert not sides[0] & sides[1]
    with pytest.raises(DataError, match="has 0 cells of 'round' from herlev"):
        parted(packed, replace(RECIPE, classes=("round",)), GIVEN)


def test_what_does_not_fit_is_refused_before_it_starts(tmp_path, monkeypatch) -> None:
    plan, settings, judges = plan_in(tmp_path)
    tiny.save_tiny(settings.weights, tiny.recipe("cellflux", name="cellflux"))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1e6))
    with pytest.raises(CapacityError, match=r"added takes about 0\.\d GB, and 0\.0 of the memory"):
        finish_lora(plan, settings, judges)


def test_the_memory_of_a_training_grows_with_what_is_kept() -> None:
    transformer: nn.Module = create("cellflux").transformer
    held = sum(each.numel() * 4 for each in transformer.parameters()) / 1e9
    plain = memory_needed(transformer, 1000, 64, 32, replace(GIVEN, checkpointed=False))
    less = memory_needed(transformer, 1000, 64, 32, replace(GIVEN, checkpointed=True))
    assert held < less < plain
    assert memory_needed(transformer, 10**8, 64, 32, GIVEN) > plain + 1.5


def test_the_large_flux_learns_by_the_same_way(tmp_path, monkeypatch) -> None:
    save_tiny_flux(tmp_path / "flux")
    given = replace(GIVEN, base="flux_controlnet", checkpointed=True, unclassed=0.0)
    plan, settings, judges = plan_in(tmp_path, replace(RECIPE, lora=given))
    settings = replace(settings, flux=str(tmp_path / "flux"))
    monkeypatch.setattr("cervix_models.flux.SIDE", 32)
    folder = finish_lora(plan, settings, judges)
    card = load_card("added", plan.weights)
    assert card.input["base"] == "flux_controlnet"
    assert (folder / WEIGHTS).is_file()
    maker, _ = open_steered("added", settings)
    assert maker.make(WISH)[0].shape == (32, 32, 3)


def test_a_recipe_says_which_kind_and_takes_no_folds(tmp_path, capsys) -> None:
    plan, settings, judges = plan_in(tmp_path)
    with pytest.raises(RecipeError, match=r"have a table \[lora\] and one class"):
        finish_lora(replace(plan, recipe=replace(RECIPE, classes=(KIND, "b"))), settings, judges)
    assert main(["train", "cellflux_severe_dysplastic", "--folds-only"]) == 2
    assert "is added to a generator" in capsys.readouterr().err
