"""Batched augmentation of cells and masks, on the device the batch lies on.

torchvision draws one set of parameters a call; cells need one a cell, so the geometry is one
affine grid a batch and the colour one stain matrix a batch (Ruifrok and Johnston 2001).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .augmentation import Augmentation

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# Rows: hematoxylin, eosin, residual, as optical density of R, G, B (Ruifrok and Johnston 2001).
_STAIN = ((0.65, 0.70, 0.29), (0.07, 0.99, 0.11), (0.27, 0.57, 0.78))


def normalise(images: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Images `(n, 3, h, w)` in 0..1 brought to zero mean and unit deviation."""
    shape = (1, 3, 1, 1)
    centre = torch.tensor(mean, dtype=images.dtype, device=images.device).view(shape)
    spread = torch.tensor(std, dtype=images.dtype, device=images.device).view(shape)
    return (images - centre) / spread


def augment(
    images: Tensor,
    masks: Tensor | None,
    settings: Augmentation,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor | None]:
    """Augmented copies of images `(n, 3, h, w)` in 0..1 and of their masks `(n, c, h, w)`.

    Single precision throughout, whatever the training around it uses.
    """
    with torch.autocast(images.device.type, enabled=False):
        return _augment(images, masks, settings, generator)


def _augment(
    images: Tensor, masks: Tensor | None, settings: Augmentation, generator: torch.Generator
) -> tuple[Tensor, Tensor | None]:
    grid = _affine_grid(images, settings, generator)
    moved = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    moved = _colour(moved, settings, generator)
    if masks is None:
        return moved, None
    turned = F.grid_sample(masks, grid, mode="nearest", padding_mode="zeros", align_corners=False)
    return moved, turned


def _uniform(n: int, spread: float, generator: torch.Generator, device: torch.device) -> Tensor:
    return (torch.rand(n, generator=generator) * 2 - 1).mul(spread).to(device)


def _normal(shape: tuple[int, ...], spread: float, generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator) * spread


def _affine_grid(images: Tensor, settings: Augmentation, generator: torch.Generator) -> Tensor:
    n, device = len(images), images.device
    angle = _uniform(n, math.radians(settings.rotate), generator, device)
    zoom = torch.exp2(_uniform(n, settings.scale, generator, device))
    flip = torch.ones(n, device=device)
    if settings.flip:
        flip = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0).to(device)
    cosine, sine = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    row0 = torch.stack(
        [cosine * flip, -sine, _uniform(n, settings.shift, generator, device) * 2], 1
    )
    row1 = torch.stack([sine * flip, cosine, _uniform(n, settings.shift, generator, device) * 2], 1)
    theta = torch.stack([row0, row1], 1).to(images.dtype)
    return F.affine_grid(theta, list(images.shape), align_corners=False)


def _colour(images: Tensor, settings: Augmentation, generator: torch.Generator) -> Tensor:
    n, device, dtype = len(images), images.device, images.dtype
    if settings.stain:
        stains = torch.tensor(_STAIN, dtype=torch.float32)
        stains = stains / stains.norm(dim=1, keepdim=True)
        factor = torch.diag_embed(1 + _normal((n, 3), settings.stain, generator))
        matrix = (torch.linalg.inv(stains) @ factor @ stains).to(device, dtype)
        density = -torch.log(images.clamp(1 / 255, 1))
        density = torch.einsum("nchw,ncd->ndhw", density, matrix)
        images = torch.exp(-density).clamp(0, 1)
    if settings.brightness:
        gain = 1 + _normal((n, 3, 1, 1), settings.brightness, generator)
        images = images * gain.to(device, dtype)
    if settings.blur:
        images = _blur_some(images, settings.blur, generator)
    if settings.noise:
        images = images + torch.randn_like(images) * settings.noise
    return images.clamp(0, 1)


def _blur_some(images: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    chosen = torch.rand(len(images), generator=generator) < probability
    if not chosen.any():
        return images
    sigma = 0.4 + 0.8 * torch.rand(1, generator=generator).item()
    offset = torch.arange(-3, 4, dtype=images.dtype, device=images.device)
    kernel = torch.exp(-(offset**2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    picked = F.pad(images[chosen.to(images.device)], (3, 3, 3, 3), mode="reflect")
    weight = kernel.view(1, 1, 1, 7).expand(3, 1, 1, 7)
    picked = F.conv2d(picked, weight, groups=3)
    picked = F.conv2d(picked, weight.transpose(2, 3), groups=3)
    images = images.clone()
    images[chosen.to(images.device)] = picked
    return images
