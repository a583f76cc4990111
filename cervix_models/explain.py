"""Where a classifier looked: Grad-CAM (Selvaraju et al., ICCV 2017) from the grad-cam library.

Of its kinds HiResCAM (Draelos and Carin, 2020), which multiplies gradients and maps place by place.
Plain Grad-CAM averages the gradients over the picture first, and so loses what a network reads from
the spread of a map, or from its place.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from PIL import Image as PilImage
from pytorch_grad_cam import HiResCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from cervix_models.cards import members_of
from cervix_models.checkpoints import load_network
from cervix_models.contracts import Heat, Image
from cervix_models.inference import prepared
from cervix_models.registry import find
from cervix_models.settings import Settings


class Explains(Protocol):
    """What says where a class was seen."""

    def heat(self, image: Image, label: str) -> Heat:
        """How much each place `(height, width)` speaks for `label`: 0..1, 1 the hottest."""
        ...


def open_explainer(name: str, settings: Settings) -> Explains:
    """Grad-CAM of the classifier or ensemble of `weights/<name>/`. Raises WeightsError."""
    _, shares = members_of(name, settings.weights)
    return EnsembleExplainer(shares, settings) if shares else Explainer(name, settings)


class EnsembleExplainer:
    """The mean of its members' Grad-CAM, by the shares they have in the answer."""

    def __init__(self, shares: Mapping[str, float], settings: Settings) -> None:
        """Loads the weights of every member. Raises WeightsError."""
        self.members = [(Explainer(name, settings), share) for name, share in shares.items()]

    def heat(self, image: Image, label: str) -> Heat:
        """How much each place `(height, width)` speaks for `label`: 0..1, 1 the hottest."""
        mean = sum(share * member.heat(image, label) for member, share in self.members)
        heat: Heat = np.asarray(mean, np.float32)
        return heat / max(float(heat.max()), 1e-7)


class Explainer:
    """Grad-CAM of one classifier. The library keeps state between calls: one thread at a time."""

    def __init__(self, name: str, settings: Settings) -> None:
        """Loads the weights `name`. Raises WeightsError."""
        network, self.card = load_network(name, settings.weights)
        layers = find(str(self.card.recipe["model"])).cam_layers
        if not layers:
            raise ValueError(f"{name} is registered without a layer for Grad-CAM.")
        for value in network.parameters():
            value.requires_grad_(value.ndim == 1)  # a graph without the costly kernels
        self.cam = HiResCAM(network, [network.get_submodule(each) for each in layers])
        self.lock = threading.Lock()

    def heat(self, image: Image, label: str) -> Heat:
        """How much each place `(height, width)` speaks for `label`: 0..1, 1 the hottest."""
        card = self.card
        batch = prepared([image], int(card.input["size"]), card.input["mean"], card.input["std"])
        target = ClassifierOutputTarget(card.classes.index(label))
        with self.lock:
            small = self.cam(torch.from_numpy(batch), [target])[0]
        height, width = image.shape[:2]
        heat = PilImage.fromarray(small).resize((width, height), PilImage.Resampling.BICUBIC)
        return np.clip(np.asarray(heat, np.float32), 0, 1)
