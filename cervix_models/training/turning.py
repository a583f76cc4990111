"""Real and made cells as a training shows them: turned, mirrored, and disturbed alike."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SHIFT = 1 / 8  # of the side, at most
HOLE = 1 / 2  # of the side
OFTEN = 1 / 2  # the part of cells that each disturbance is for: the critic still sees true colours


def turned(images: Tensor, draw: torch.Generator) -> Tensor:
    """The images `(n, c, side, side)`, each in one of its eight orientations: a smear has no up."""
    view = torch.randint(8, (len(images),), generator=draw).to(images.device)
    out = torch.where(_each(view % 2 == 1), images.flip(3), images)
    out = torch.where(_each(view // 2 % 2 == 1), out.flip(2), out)
    return torch.where(_each(view // 4 == 1), out.transpose(2, 3), out)


def all_ways(images: Tensor) -> Tensor:
    """The images `(n, c, side, side)` in all eight orientations, one after the other."""
    mirrored = torch.cat([images, images.flip(3)])
    upright = torch.cat([mirrored, mirrored.flip(2)])
    return torch.cat([upright, upright.transpose(2, 3)])


def disturbed(images: Tensor, draw: torch.Generator) -> Tensor:
    """The images `(n, 3, side, side)` in 0..1, half of them with other colours, half moved, half
    with a hole, in a way that gradients pass (Zhao et al.: Differentiable Augmentation, NeurIPS
    2020); what is done to a part of them is not learned (Karras et al.: Training Generative
    Adversarial Networks with Limited Data, NeurIPS 2020)."""
    for disturb in (_coloured, _moved, _holed):
        chosen = torch.rand(len(images), generator=draw).to(images.device) < OFTEN
        images = torch.where(_each(chosen), disturb(images, draw), images)
    return images


def _each(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)


def _coloured(images: Tensor, draw: torch.Generator) -> Tensor:
    light, stain, contrast = torch.rand(3, len(images), generator=draw).to(images.device)
    images = images + _each(light - 0.5) / 2  # a half of the range of -1..1
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * _each(stain * 2)
    middle = images.mean((1, 2, 3), keepdim=True)
    return middle + (images - middle) * _each(contrast + 0.5)


def _moved(images: Tensor, draw: torch.Generator) -> Tensor:
    n, _, height, width = images.shape
    most = round(height * SHIFT)
    down, right = torch.randint(-most, most + 1, (2, n, 1), generator=draw).to(images.device)
    rows = (torch.arange(height, device=images.device) + down + 1).clamp(0, height + 1)
    columns = (torch.arange(width, device=images.device) + right + 1).clamp(0, width + 1)
    padded = F.pad(images, (1, 1, 1, 1)).permute(0, 2, 3, 1)
    each = torch.arange(n, device=images.device)[:, None, None]
    return padded[each, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _holed(images: Tensor, draw: torch.Generator) -> Tensor:
    n, _, height, width = images.shape
    reach = round(height * HOLE) // 2
    y, x = (torch.rand(2, n, 1, generator=draw) * height).to(images.device)
    rows = (torch.arange(height, device=images.device) - y).abs() < reach
    columns = (torch.arange(width, device=images.device) - x).abs() < reach
    return images * ~(rows[:, None, :, None] & columns[:, None, None, :])
