"""Every registered network, held to one contract; and names that are unknown or taken."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import lightning as L
import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from cervix_models.cards import OUTPUTS
from cervix_models.checkpoints import load_network
from cervix_models.classifiers.base import CellClassifier
from cervix_models.classifiers.features import NUMBERS
from cervix_models.data.augmentation import Augmentation
from cervix_models.errors import UnknownModelError
from cervix_models.generators.base import CellGenerator
from cervix_models.morphology import FEATURES
from cervix_models.recipes import load_recipe
from cervix_models.registry import ModelEntry, create, find, list_models, register
from cervix_models.training.batches import cells_at
from cervix_models.training.features import fit_on_features
from cervix_models.training.fit import training_of
from tests import tiny

REGISTERED = [each.name for each in list_models()]
LARGEST = 128  # pixels a side: the networks that see more take less as well


def _batch(side: int) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    masks = torch.zeros(4, side, side, dtype=torch.uint8)
    masks[:, side // 4 : -side // 4, side // 4 : -side // 4] = 1
    masks[:, side // 2 - 4 : side // 2 + 4, side // 2 - 4 : side // 2 + 4] = 2
    return {
        "image": torch.randint(0, 256, (4, 3, side, side), generator=draw, dtype=torch.uint8),
        "label": torch.tensor([0, 1, 2, 4]),
        "row": torch.arange(4),
        "mask": masks,
        "has_mask": torch.tensor([True, True, False, False]),
        "margin": torch.full((4, 2), 0.1),
        "peaks": (masks == 2)[:, None].float(),
    }


@pytest.mark.filterwarnings("ignore:You are trying to `self.log")
@pytest.mark.parametrize("name", REGISTERED)
def test_every_network_is_built_trained_saved_and_read_again(name, tmp_path) -> None:
    entry, recipe = find(name), tiny.recipe(name, augmentation=Augmentation(blur=0.0))
    torch.manual_seed(0)
    network = create(name)
    if entry.reads == "features":
        _solve(network, name)
    elif entry.kind in ("generator", "translator"):
        _made(training_of(recipe)(network, recipe, 2), network, entry.input_size)
    else:
        _step(training_of(recipe)(network, recipe, 2), network, min(entry.input_size, LARGEST))

    for value in network.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.half())  # what is stored has half precision
    tiny.save_tiny(tmp_path, recipe, network)
    given = _given(entry)
    again, card = load_network(recipe.name, tmp_path)
    with torch.inference_mode():
        wanted, found = network.eval()(*given), again(*given)
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)
    assert not again.training
    assert found.shape == _size(entry, given[0])
    assert card.classes == OUTPUTS[entry.kind]
    if entry.kind == "classifier":
        assert entry.cam_layers or entry.reads == "features"
        assert all(again.get_submodule(each) is not None for each in entry.cam_layers)
        torch.testing.assert_close(again.head(again.embed(*given)), found)


def _size(entry: ModelEntry, images: torch.Tensor) -> tuple[int, ...]:
    """The shape of what a network of this kind answers of images."""
    height, width = images.shape[2:] if images.ndim == 4 else (0, 0)
    return {
        "classifier": (2, 5),
        "segmenter": (2, 2, height, width),
        "finder": (2, 1, height // 2, width // 2),
        "generator": (2, 3, entry.input_size, entry.input_size),
        "translator": (2, 3, height, width),
    }[entry.kind]


def _given(entry: ModelEntry) -> tuple[torch.Tensor, ...]:
    """Noise in the shape of what the network is given of two cells."""
    if entry.kind == "generator":
        latent = cast(CellGenerator, create(entry.name)).latent
        return torch.randn(2, latent), torch.eye(5)[[0, 3]]
    if entry.kind == "translator":
        return torch.rand(2, 3, entry.input_size, entry.input_size), torch.eye(5)[[0, 3]]
    if entry.reads == "features":
        return (torch.randn(2, entry.input_size),)
    side = min(entry.input_size, LARGEST)
    return (torch.randn(2, 5 if entry.reads == "masked" else 3, side, side),)


def _step(module: L.LightningModule, network: nn.Module, side: int) -> None:
    """One training step, which moves the weights."""
    optimiser = module.configure_optimizers()["optimizer"]
    before = [each.detach().clone() for each in network.parameters()]
    loss = module.training_step(_batch(side), 0)
    loss.backward()
    optimiser.step()
    assert torch.isfinite(loss)
    assert all(each.grad is not None for each in network.parameters())
    moved = [not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True)]
    assert sum(moved) > 0.9 * len(moved)


def _made(module: L.LightningModule, network: nn.Module, side: int) -> None:
    """One training step of a generator, and one look at watched cells; it moves the weights."""
    before = {name: each.detach().clone() for name, each in network.named_parameters()}
    batches = DataLoader([_batch(side)], batch_size=None)
    trainer = L.Trainer(
        fast_dev_run=1, accelerator="cpu", enable_progress_bar=False, enable_model_summary=False
    )
    trainer.fit(module, batches, batches)
    assert all(value.isfinite() for value in trainer.callback_metrics.values())
    moved = [  # what lies before the answers of a ControlNet, which begin as zero, learns later
        not torch.equal(each, before[name])
        for name, each in network.named_parameters()
        if each.requires_grad and not name.startswith("controlnet.")
    ]
    assert sum(moved) > 0.9 * len(moved)


def _solve(network: CellClassifier, name: str) -> None:
    """Features that tell the classes apart, a few of them missing, are learned."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(5), 12)
    features = random.normal(size=(60, find(name).input_size)).astype(np.float32) * 0.3
    features[np.arange(60), labels] += 5
    features[::7, 20] = np.nan
    cells = replace(
        cells_at(tiny.packed(clusters=4, cells=3), 64),
        labels=torch.from_numpy(labels),
        features=torch.from_numpy(features),
    )
    fit_on_features(network, cells, np.arange(60), load_recipe(name))
    with torch.inference_mode():
        answers = network.eval()(torch.from_numpy(features)).argmax(1).numpy()
    assert (answers == labels).mean() > 0.95


def test_as_many_features_as_the_catalogue_has() -> None:
    assert len(FEATURES) == NUMBERS


def test_the_models_of_each_kind_are_listed_by_name() -> None:
    assert sorted(REGISTERED) == REGISTERED
    classifiers = {each.name for each in list_models("classifier")}
    assert classifiers >= {"cnn", "resnet50_trunk", "mobilenetv2"}
    assert "dual_head_unet" in {each.name for each in list_models("segmenter")}
    kinds = {each.name: each.kind for each in list_models()}
    assert all(kinds[each.name] == "segmenter" for each in list_models("segmenter"))


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownModelError, match=r"No model is named 'resnet51'.*cnn.*adding_a_mod"):
        create("resnet51")


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="'cnn' is registered twice"):
        register(find("cnn"))


def test_the_cnn_has_the_parameters_its_document_describes() -> None:
    assert sum(each.numel() for each in create("cnn").parameters()) == 286_117
