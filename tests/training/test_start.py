"""ImageNet weights from a folder: read in both formats, refused where they do not fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from cervix_models.errors import WeightsError
from cervix_models.registry import create
from cervix_models.training import start
from cervix_models.training.start import start_from_imagenet


def test_a_trunk_starts_from_the_folder(tmp_path) -> None:
    given = {f"features.{k}": v for k, v in create("mobilenetv2").trunk.state_dict().items()}
    given["classifier.1.weight"] = torch.zeros(3, 3)
    halves = {k: v.half() if v.is_floating_point() else v for k, v in given.items()}
    save_file(halves, tmp_path / "mobilenet_v2_imagenet.safetensors")
    network = create("mobilenetv2")
    origin = start_from_imagenet(network, "mobilenet_v2", tmp_path)
    assert origin == "ImageNet (mobilenet_v2_imagenet.safetensors)"
    for key, value in network.trunk.state_dict().items():
        wanted = given[f"features.{key}"]
        torch.testing.assert_close(value, wanted.half().to(wanted.dtype))


def test_eight_bit_weights_are_whole_numbers_times_a_power_of_two(tmp_path) -> None:
    state, stored = create("resnet50_trunk").trunk.state_dict(), {}
    for key, value in state.items():
        stored[key] = value.numpy()
    whole = np.arange(-64, 64, dtype=np.int8)[: state["conv1.weight"].shape[0]]
    stored["conv1.weight"] = np.broadcast_to(whole[:, None, None, None], (64, 3, 7, 7))
    stored["conv1.weight#frac"] = np.int8(7)
    np.savez(tmp_path / "resnet50_imagenet_int8.npz", **stored)
    network = create("resnet50_trunk")
    assert "int8.npz" in start_from_imagenet(network, "resnet50_v1", tmp_path)
    found = network.trunk.conv1.weight.detach().numpy()
    np.testing.assert_array_equal(found[:, 0, 0, 0], whole / 128)


def test_weights_that_lack_tensors_are_refused(tmp_path) -> None:
    given = {f"features.{k}": v for k, v in create("mobilenetv2").trunk.state_dict().items()}
    del given["features.0.0.weight"]
    save_file(given, tmp_path / "mobilenet_v2_imagenet.safetensors")
    with pytest.raises(WeightsError, match=r"lacks 1 tensors of the trunk, 0\.0\.weight first"):
        start_from_imagenet(create("mobilenetv2"), "mobilenet_v2", tmp_path)


@pytest.mark.parametrize("folder", [True, False])
def test_without_folder_and_network_the_sentence_names_both_ways(
    tmp_path, monkeypatch, folder
) -> None:
    def offline(name, weights):
        raise OSError("no route")

    monkeypatch.setattr("torchvision.models.get_model", offline)
    with pytest.raises(WeightsError, match=r"resnet50 .*no route.*CERVIX_PRETRAINED .*\"random\""):
        start_from_imagenet(create("cnn"), "resnet50_v1", tmp_path if folder else None)


def test_every_backbone_has_its_file() -> None:
    from cervix_models.registry import list_models

    backbones = {each.backbone for each in list_models() if each.backbone}
    assert backbones == set(start._FILES) == set(start._HUB)
