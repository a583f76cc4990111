"""ImageNet's Inception as what sees pictures, where its weights are at hand.

It is torchvision's. Papers measure with the one that TensorFlow published, whose weights differ a
little: figures of the two are near each other, not the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import nn
from torchvision.models import Inception3, Inception_V3_Weights, inception_v3

from cervix_models.contracts import Image
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from cervix_models.errors import WeightsError
from cervix_models.inference import prepared

FILE = "inception_v3_imagenet.safetensors"  # in CERVIX_PRETRAINED, in torchvision's layout
SIDE = 299
AT_ONCE = 16  # pictures


def inception_at_hand(folder: Path | None) -> Path | None:
    """The file of Inception's weights in this folder, or in torchvision's cache; None where there
    is none. Nothing is downloaded: it is a hundred megabytes."""
    name = Path(Inception_V3_Weights.IMAGENET1K_V1.url).name
    places = [Path(torch.hub.get_dir(), "checkpoints", name)]
    if folder is not None:
        places.insert(0, folder / FILE)
    return next((path for path in places if path.is_file()), None)


class InceptionReader:
    """Inception without its last layer."""

    def __init__(self, path: Path) -> None:
        """Loads the weights of a file. Raises WeightsError where they are not Inception's."""
        if path.suffix != ".safetensors":  # in torchvision's cache, which its own loader reads
            network = inception_v3(weights=Inception_V3_Weights.IMAGENET1K_V1)
        else:
            network = _filled(path)
        network.transform_input, network.fc = False, nn.Identity()
        self.network = network.eval()

    @torch.inference_mode()
    def see(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Its 2,048 features of each image, `(n, 2048)`."""
        parts = []
        for start in range(0, len(images), AT_ONCE):
            given = prepared(images[start : start + AT_ONCE], SIDE, IMAGENET_MEAN, IMAGENET_STD)
            parts.append(self.network(torch.from_numpy(given)).numpy())
        return np.concatenate(parts)


def _filled(path: Path) -> Inception3:
    network = inception_v3(init_weights=False)
    try:
        network.load_state_dict({key: value.float() for key, value in load_file(path).items()})
    except RuntimeError as problem:
        raise WeightsError(
            f"{path} does not hold the weights of torchvision's inception_v3: "
            f"{str(problem).splitlines()[1].strip()} Get the file again, or move it away."
        ) from problem
    return network
