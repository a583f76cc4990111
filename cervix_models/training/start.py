"""Weights to start from: ImageNet's from a local folder or the libraries' download, or our own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from cervix_models.cards import load_card
from cervix_models.checkpoints import WEIGHTS, read_weights
from cervix_models.errors import WeightsError
from cervix_models.recipes import Recipe
from cervix_models.registry import find
from cervix_models.settings import Settings

log = logging.getLogger(__name__)

State = dict[str, Tensor]


@dataclass(frozen=True)
class Backbone:
    """Where ImageNet weights of one network are to be had."""

    hub: str  # its name in torchvision, or in timm with "timm/" before it
    prefix: str = ""  # of the trunk's tensors in the library's layout
    file: str | None = None  # in CERVIX_PRETRAINED
    file_prefix: str = ""  # of the trunk's tensors in that file
    partial: bool = False  # the file holds only the first layers


_FIRST = "vgg19_conv1_1_to_conv3_1.safetensors"
BACKBONES = {
    "mobilenet_v2": Backbone(
        "mobilenet_v2", "features.", "mobilenet_v2_imagenet.safetensors", "features."
    ),
    "resnet50_v1": Backbone("resnet50", file="resnet50_imagenet_int8.npz"),
    "vgg16": Backbone("vgg16", "features.", _FIRST, partial=True),
    "vgg19": Backbone("vgg19", "features.", _FIRST, partial=True),
    "densenet201": Backbone("densenet201", "features."),
    "mobilenet_v3_small": Backbone("mobilenet_v3_small", "features."),
    "resnet50_v2": Backbone("timm/resnetv2_50"),
    "convnext_tiny": Backbone("convnext_tiny", "features."),
}


def first_weights(network: nn.Module, recipe: Recipe, settings: Settings) -> str:
    """The origin of the weights put into the network's trunks as the recipe asks, for the card.

    With start "any": ImageNet's from the folder or the library, else our own encoder's, else
    random ones. Raises WeightsError where the recipe names weights that are not to be had.
    """
    backbone = find(recipe.model).backbone
    if recipe.start == "random" or backbone is None:
        return "random weights"
    if recipe.start == "imagenet":
        return start_from_imagenet(network, backbone, settings.pretrained)
    if recipe.start == "self_supervised":
        return start_from_encoder(network, backbone, settings.weights)
    try:
        return start_from_imagenet(network, backbone, settings.pretrained)
    except WeightsError as problem:
        log.info("%s", problem)
    try:
        return start_from_encoder(network, backbone, settings.weights)
    except WeightsError as problem:
        log.info("%s", problem)
    return "random weights"


def start_from_imagenet(network: nn.Module, backbone: str, folder: Path | None) -> str:
    """The origin of the ImageNet weights put into every `trunk` of the network, for the card.

    Raises WeightsError where neither the folder nor the network has them.
    """
    about = BACKBONES[backbone]
    path = folder / about.file if folder and about.file else None
    if path and path.is_file():
        state, prefix = _from_folder(path), about.file_prefix
        origin = f"ImageNet ({path.name})"
    else:
        state, prefix = _from_hub(backbone), about.prefix
        origin = f"ImageNet ({about.hub})"
    partial = about.partial and path is not None and path.is_file()
    taken = _put(network, state, prefix, origin, partial=partial)
    log.info("Trunk starts from %s", origin)
    return f"{origin}, the other layers random" if partial and taken else origin


def start_from_encoder(network: nn.Module, backbone: str, weights: Path) -> str:
    """The origin of our own self-supervised weights put into every `trunk`, for the card.

    Raises WeightsError where there is no such encoder.
    """
    name = f"encoder_{backbone}"
    card = load_card(name, weights)
    state = read_weights(weights / name / WEIGHTS)
    _put(network, state, "", name, partial=False)
    return f"{name} {card.version} ({card.weights_sha256[:12]}), self-supervised"


def _put(
    network: nn.Module, state: Mapping[str, Tensor], prefix: str, origin: str, *, partial: bool
) -> int:
    """How many tensors of `state` were put into the network's trunks."""
    trunks = [each for name, each in network.named_modules() if name.split(".")[-1] == "trunk"]
    return sum(_fill(trunk, state, prefix, origin, partial=partial) for trunk in trunks)


def _fill(
    trunk: nn.Module, state: Mapping[str, Tensor], prefix: str, origin: str, *, partial: bool
) -> int:
    wanted = trunk.state_dict()
    layout = {key: prefix + key.removeprefix("features.") for key in wanted}
    found = {
        key: _fitting(state[name], wanted[key]) for key, name in layout.items() if name in state
    }
    own = ("num_batches", "attention.")  # what no ImageNet network has
    missing = sorted(key for key in wanted if key not in found and not any(o in key for o in own))
    if not found or (missing and not partial):
        raise WeightsError(
            f"{origin} lacks {len(missing)} tensors of the trunk, {missing[0]} first. "
            "Expected the layout of its library; get the file again."
        )
    trunk.load_state_dict(found, strict=False)
    return len(found)


def _fitting(given: Tensor, wanted: Tensor) -> Tensor:
    """The tensor itself; for a first convolution of more channels, zeros in those it lacks."""
    if given.shape == wanted.shape:
        return given
    out = torch.zeros_like(wanted)
    out[:, : given.shape[1]] = given
    return out


def _from_folder(path: Path) -> State:
    if path.suffix == ".safetensors":
        return {k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()}
    with np.load(path, allow_pickle=False) as stored:
        return {
            key: torch.from_numpy(_scaled(stored, key))
            for key in stored.files
            if not key.endswith("#frac")
        }


def _scaled(stored: np.lib.npyio.NpzFile, key: str) -> np.ndarray:
    """Eight-bit tensors are whole numbers times a power of two."""
    if key + "#frac" not in stored.files:
        return np.asarray(stored[key])
    whole, places = (stored[name].astype(np.float32) for name in (key, key + "#frac"))
    return whole * np.float32(2.0) ** -places


@cache
def _from_hub(backbone: str) -> State:
    about = BACKBONES[backbone]
    try:
        return _library(about.hub)
    except OSError as problem:
        folder = f" with {about.file}" if about.file else ""
        raise WeightsError(
            f"ImageNet weights of {about.hub} are neither in CERVIX_PRETRAINED nor to be had over "
            f"the network ({problem}). Set CERVIX_PRETRAINED to a folder{folder}, or set "
            'start = "any" or "random" in the recipe.'
        ) from problem


def _library(hub: str) -> State:
    if hub.startswith("timm/"):
        from timm.models import create_model

        out: State = create_model(hub.removeprefix("timm/"), pretrained=True).state_dict()
        return out
    from torchvision.models import get_model

    state: State = get_model(hub, weights="DEFAULT").state_dict()
    return state
