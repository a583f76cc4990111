"""Pictures that steer a generator: outlines of nucleus and cell, or edges; and a cell's size."""

from __future__ import annotations

import numpy as np
import torch
from skimage.color import rgb2gray
from skimage.feature import canny
from torch import Tensor

from cervix_models.contracts import CYTOPLASM, NUCLEUS, Image
from cervix_models.data.masks import CROP_MARGIN


def sizes_of(margins: Tensor) -> Tensor:
    """The logarithms of the sizes of cells in pixels, by the margins `(n, 2)` of their crops in
    parts of the side."""
    return (CROP_MARGIN / margins.mean(1)).log()


def outlines_of(masks: Tensor) -> Tensor:
    """Label masks `(n, h, w)` as pictures `(n, 3, h, w)` in 0..1: red where the nucleus is, green
    where the cell is."""
    nucleus = masks == NUCLEUS
    cell = nucleus | (masks == CYTOPLASM)
    return torch.stack([nucleus, cell, torch.zeros_like(cell)], 1).float()


def edges_of(images: Tensor) -> Tensor:
    """Canny's edges of pictures `(n, 3, h, w)` in 0..1, white on black."""
    grey = rgb2gray(images.float().cpu().permute(0, 2, 3, 1).numpy())
    edges = np.stack([canny(each, sigma=1.5) for each in grey])
    return torch.from_numpy(edges)[:, None].expand(-1, 3, -1, -1).float().to(images.device)


def edges_picture(image: Image) -> Image:
    """Canny's edges of one picture, as a picture."""
    whole = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 255
    return np.asarray(edges_of(whole)[0].permute(1, 2, 0).numpy() * 255, np.uint8)
