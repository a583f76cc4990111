"""Where a classifier looked: Grad-CAM (Selvaraju et al., ICCV 2017) from the grad-cam library.

Of its kinds HiResCAM (Draelos and Carin, 2020), which multiplies gradients and maps place by place.
Plain Grad-CAM averages the gradients over the picture first, and so loses what a network reads from
the spread of a map, or from its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from PIL import Image as PilImage
from pytorch_grad_cam import HiResCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from cervix_models.cards import load_card, members_of
from cervix_models.checkpoints import load_network
from cervix_models.contracts import Heat, Image, Segmentation
from cervix_models.predictors import given_batch
from cervix_models.registry import find
from cervix_models.sessions import TORCH
from cervix_models.settings import Settings


class Explains(Protocol):
    """What says where a class was seen."""

    def heat(self, image: Image, label: str, mask: Segmentation | None = None) -> Heat:
        """How much each place `(height, width)` speaks for `label`: 0..1, 1 the hottest.

        `mask` is the cell's outline, for a network that reads it.
        """
        ...


def open_explainer(name: str, settings: Settings) -> Explains | None:
    """Grad-CAM of the classifier or ensemble of `weights/<name>/`; None where it reads features
    alone, which have no place in the picture. Raises WeightsError."""
    _, shares = members_of(name, settings.shelf(name))
    names = [each for each in shares or (name,) if _has_layers(each, settings)]
    if not names:
        return None
    if shares:
        return EnsembleExplainer({each: shares[each] for each in names}, settings)
    return Explainer(name, settings)


def _has_layers(name: str, settings: Settings) -> bool:
    card = load_card(name, settings.shelf(name))
    return bool(find(str(card.recipe["model"])).cam_layers)


class EnsembleExplainer:
    """The mean of its members' Grad-CAM, by the shares they have in the answer."""

    def __init__(self, shares: Mapping[str, float], settings: Settings) -> None:
        """Loads the weights of every member. Raises WeightsError."""
        self.members = [(Explainer(name, settings), share) for name, share in shares.items()]

    def heat(self, image: Image, label: str, mask: Segmentation | None = None) -> Heat:
        """How much each place `(height, width)` speaks for `label`: 0..1, 1 the hottest."""
        mean = sum(share * member.heat(image, label, mask) for member, share in self.members)
        heat: Heat = np.asarray(mean, np.float32)
        return heat / max(float(heat.max()), 1e-7)


class Explainer:
    """Grad-CAM of one classifier; the library keeps state between calls: one thread at a time."""

    def __init__(self, name: str, settings: Settings) -> None:
        """Loads the weights `name`. Raises WeightsError."""
        network, self.card = load_network(name, settings.shelf(name))
        layers = find(str(self.card.recipe["model"])).cam_layers
        if not layers:
            raise ValueError(f"{name} is registered without a layer for Grad-CAM.")
        for value in network.parameters():
            value.requires_grad_(value.ndim == 1)  # a graph without the costly kernels
        self.cam = HiResCAM(network, [network.get_submodule(each) for each in layers])

    def heat(self, image: Image, label: str, mask: Segmentation | None = None) -> Heat:
        """How much each place `(height, width)` speaks for `label`: 0..1, 1 the hottest."""
        card = self.card
        batch = given_batch(card, [image], None if mask is None else [mask])
        target = ClassifierOutputTarget(card.classes.index(label))
        with TORCH:
            small = self.cam(torch.from_numpy(batch), [target])[0]
        height, width = image.shape[:2]
        heat = PilImage.fromarray(small).resize((width, height), PilImage.Resampling.BICUBIC)
        return np.clip(np.asarray(heat, np.float32), 0, 1)
