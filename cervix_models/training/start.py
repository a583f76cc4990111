"""ImageNet weights to start from: a local folder first, then the networks' own download."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from cervix_models.errors import WeightsError

log = logging.getLogger(__name__)

_FILES = {
    "mobilenet_v2": "mobilenet_v2_imagenet.safetensors",
    "resnet50_v1": "resnet50_imagenet_int8.npz",
}
_HUB = {"mobilenet_v2": "mobilenet_v2", "resnet50_v1": "resnet50"}


def start_from_imagenet(network: nn.Module, backbone: str, folder: Path | None) -> str:
    """The origin of the ImageNet weights put into `network.trunk`, for the card.

    Raises WeightsError where neither the folder nor the network has them.
    """
    if folder and (folder / _FILES[backbone]).is_file():
        state, origin = _from_folder(folder / _FILES[backbone]), f"ImageNet ({_FILES[backbone]})"
    else:
        state, origin = _from_hub(backbone), f"ImageNet (torchvision {_HUB[backbone]})"
    prefix = "features." if backbone == "mobilenet_v2" else ""
    trunk = network.get_submodule("trunk")
    wanted = trunk.state_dict()
    found = {key: state[prefix + key] for key in wanted if prefix + key in state}
    missing = sorted(set(wanted) - set(found) - {k for k in wanted if "num_batches" in k})
    if missing:
        raise WeightsError(
            f"{origin} lacks {len(missing)} tensors of the trunk, {missing[0]} first. "
            f"Expected the layout of torchvision's {_HUB[backbone]}; get the file again."
        )
    trunk.load_state_dict(found, strict=False)
    log.info("Trunk starts from %s", origin)
    return origin


def _from_folder(path: Path) -> dict[str, Tensor]:
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


def _from_hub(backbone: str) -> dict[str, Tensor]:
    from torchvision.models import get_model

    try:
        state: dict[str, Tensor] = get_model(_HUB[backbone], weights="DEFAULT").state_dict()
    except OSError as problem:
        raise WeightsError(
            f"ImageNet weights of {_HUB[backbone]} are neither in CERVIX_PRETRAINED nor to be had "
            f"over the network ({problem}). Set CERVIX_PRETRAINED to a folder with "
            f'{_FILES[backbone]}, or set start = "random" in the recipe.'
        ) from problem
    return state
