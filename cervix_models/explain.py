"""Where a classifier looked: Grad-CAM (Selvaraju et al., ICCV 2017) from the grad-cam library."""

from __future__ import annotations

import threading

import numpy as np
import torch
from PIL import Image as PilImage
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from cervix_models.checkpoints import load_network
from cervix_models.contracts import Heat, Image
from cervix_models.inference import prepared
from cervix_models.registry import find
from cervix_models.settings import Settings


class Explainer:
    """Grad-CAM of one classifier. The library keeps state between calls: one thread at a time."""

    def __init__(self, name: str, settings: Settings) -> None:
        """Loads the weights `name`. Raises WeightsError."""
        network, self.card = load_network(name, settings.weights)
        layer = find(str(self.card.recipe["model"])).cam_layer
        if layer is None:
            raise ValueError(f"{name} is registered without a layer for Grad-CAM.")
        self.cam = GradCAM(network, [network.get_submodule(layer)])
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
