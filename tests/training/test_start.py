"""ImageNet weights from a folder: read in both formats, refused where they do not fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from timm.models import create_model
from torchvision.models import get_model

from cervix_models.errors import WeightsError
from cervix_models.recipes import load_recipe
from cervix_models.registry import create, find, list_models
from cervix_models.settings import load_settings
from cervix_models.training import start
from cervix_models.training.start import first_weights, start_from_imagenet
from tests import tiny


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


def test_every_backbone_is_known() -> None:
    backbones = {each.backbone for each in list_models() if each.backbone}
    assert backbones == set(start.BACKBONES)


LIBRARY = [each.name for each in list_models() if each.backbone]


@pytest.mark.parametrize("name", LIBRARY)
def test_every_trunk_takes_the_weights_of_its_library(name, monkeypatch) -> None:
    hub = start.BACKBONES[find(name).backbone].hub
    build = create_model if hub.startswith("timm/") else get_model
    given = build(hub.removeprefix("timm/")).state_dict()
    monkeypatch.setattr(start, "_from_hub", lambda backbone: given)
    network = create(name)
    assert start_from_imagenet(network, find(name).backbone, None) == f"ImageNet ({hub})"
    wanted = next(v for v in given.values() if v.ndim == 4)
    trunks = [each for path, each in network.named_modules() if path.split(".")[-1] == "trunk"]
    assert trunks
    for trunk in trunks:
        first = next(iter(trunk.parameters())).detach()
        torch.testing.assert_close(first[:, :3], wanted)
        assert not first[:, 3:].any()  # the masks begin without a say


def test_a_file_of_first_layers_leaves_the_others_random(tmp_path) -> None:
    given = {
        f"{k}": torch.full_like(v, 0.5) for k, v in create("vgg16").trunk[:12].state_dict().items()
    }
    save_file(given, tmp_path / "vgg19_conv1_1_to_conv3_1.safetensors")
    network = create("vgg16")
    origin = start_from_imagenet(network, "vgg16", tmp_path)
    assert origin.endswith("the other layers random")
    assert (network.trunk[10].weight == 0.5).all()
    assert (network.trunk[12].weight != 0.5).any()


def _offline(name, **_):
    raise OSError("no route")


def test_any_start_takes_the_encoder_where_imagenet_is_not_to_be_had(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("torchvision.models.get_model", _offline)
    settings = replace(load_settings(), pretrained=None, weights=tmp_path)
    given = replace(load_recipe("mobilenetv3_small"), start="any")
    assert first_weights(create(given.model), given, settings) == "random weights"
    encoder = create(given.model)
    tiny.save_encoder(tmp_path, "encoder_mobilenet_v3_small", encoder.trunk)
    network = create(given.model)
    origin = first_weights(network, given, settings)
    assert origin.startswith("encoder_mobilenet_v3_small 0.1 (")
    for one, two in zip(network.trunk.parameters(), encoder.trunk.parameters(), strict=True):
        torch.testing.assert_close(one, two.half().float())


def test_a_start_that_is_named_is_never_replaced(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("torchvision.models.get_model", _offline)
    settings = replace(load_settings(), pretrained=None, weights=tmp_path)
    given = load_recipe("mobilenetv3_small")
    with pytest.raises(WeightsError, match="neither in CERVIX_PRETRAINED nor to be had"):
        first_weights(create(given.model), replace(given, start="imagenet"), settings)
    with pytest.raises(WeightsError, match="No weights of 'encoder_mobilenet_v3_small'"):
        first_weights(create(given.model), replace(given, start="self_supervised"), settings)
