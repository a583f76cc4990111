"""Every registered network, held to one contract; and names that are unknown or taken."""

from __future__ import annotations

import pytest
import torch

from cervix_models.checkpoints import OUTPUTS, load_network
from cervix_models.data.transforms import Augmentation
from cervix_models.errors import UnknownModelError
from cervix_models.registry import create, find, list_models, register
from cervix_models.training.fit import _MODULES
from tests import tiny

REGISTERED = [each.name for each in list_models()]


def _batch(side: int) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    masks = torch.zeros(4, side, side, dtype=torch.uint8)
    masks[:, side // 4 : -side // 4, side // 4 : -side // 4] = 1
    masks[:, side // 2 - 4 : side // 2 + 4, side // 2 - 4 : side // 2 + 4] = 2
    return {
        "image": torch.randint(0, 256, (4, 3, side, side), generator=draw, dtype=torch.uint8),
        "label": torch.tensor([0, 1, 2, 4]),
        "mask": masks,
        "has_mask": torch.tensor([True, True, False, False]),
        "margin": torch.full((4, 2), 0.1),
    }


@pytest.mark.filterwarnings("ignore:You are trying to `self.log")
@pytest.mark.parametrize("name", REGISTERED)
def test_every_network_is_built_trained_saved_and_read_again(name, tmp_path) -> None:
    entry, recipe = find(name), tiny.recipe(name, augmentation=Augmentation(blur=0.0))
    torch.manual_seed(0)
    network = create(name)
    module = _MODULES[entry.kind](network, recipe, 2)
    optimiser = module.configure_optimizers()["optimizer"]
    before = [each.detach().clone() for each in network.parameters()]
    loss = module.training_step(_batch(entry.input_size), 0)
    loss.backward()
    optimiser.step()
    assert torch.isfinite(loss)
    assert all(each.grad is not None for each in network.parameters())
    moved = [not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True)]
    assert sum(moved) > 0.9 * len(moved)

    for value in network.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.half())  # what is stored has half precision
    tiny.save_tiny(tmp_path, recipe, network)
    images = torch.randn(2, 3, entry.input_size, entry.input_size)
    again, card = load_network(recipe.name, tmp_path)
    with torch.inference_mode():
        wanted, found = network(images), again(images)
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)
    assert not again.training
    size = (2, 5) if entry.kind == "classifier" else (2, 2, entry.input_size, entry.input_size)
    assert found.shape == size
    assert card.classes == OUTPUTS[entry.kind]
    if entry.kind == "classifier":
        assert entry.cam_layers
        assert all(again.get_submodule(each) is not None for each in entry.cam_layers)
        torch.testing.assert_close(again.head(again.embed(images)), found)


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
