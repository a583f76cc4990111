"""`flex_unet`: the multiclass U-Net of the second document, FlexUNet.

A U-Net (Ronneberger et al., MICCAI 2015) of eight levels from 16 filters, a first kernel of 9x9 and
a dilation of 3 in all convolutions; categorical cross-entropy. Two things differ. The
document doubles the filters at each level, which at eight levels makes 2,048 of them and a network
of over a hundred million parameters; here they double up to 192. And its four classes are those of
cells in whole pictures; here the classes are background, cytoplasm and nucleus.

The three scores a pixel are answered as two logits, of the whole cell and of the nucleus, which say
the same: the logit of a class in a softmax is its score less that of all others together.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cervix_models.contracts import BACKGROUND, CYTOPLASM, NUCLEUS
from cervix_models.registry import ModelEntry, register

LEVELS = 8
FILTERS = 16
WIDEST = 192
FIRST_KERNEL = 9
DILATION = 3


class FlexUNet(nn.Module):
    """Logits `(n, 2, side, side)`: the whole cell, then the nucleus."""

    def __init__(
        self, levels: int = LEVELS, filters: int = FILTERS, first: int = FIRST_KERNEL,
        dilation: int = DILATION,
    ) -> None:  # fmt: skip
        """Builds so many levels with random weights; the input's side is halved at each but one."""
        super().__init__()
        widths = [min(WIDEST, filters * 2**level) for level in range(levels)]
        kernels = [first] + [3] * (levels - 1)
        self.down = nn.ModuleList(
            _block(inputs, outputs, kernel, dilation)
            for inputs, outputs, kernel in zip([3, *widths[:-1]], widths, kernels, strict=True)
        )
        self.raise_ = nn.ModuleList(
            nn.ConvTranspose2d(coarse, fine, 2, stride=2) for fine, coarse in pairwise(widths)
        )
        self.up = nn.ModuleList(_block(2 * width, width, 3, dilation) for width in widths[:-1])
        self.head = nn.Conv2d(widths[0], 3, 1)

    def scores(self, images: Tensor) -> Tensor:
        """Scores `(n, 3, side, side)` of BACKGROUND, CYTOPLASM and NUCLEUS, before the softmax."""
        maps, x = [], images
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else F.max_pool2d(x, 2))
            maps.append(x)
        for level in reversed(range(len(self.up))):
            x = self.raise_[level](x)
            x = self.up[level](torch.cat([x, maps[level]], 1))
        out: Tensor = self.head(x)
        return out

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(n, 2, side, side)` of normalised images `(n, 3, side, side)`."""
        scores = self.scores(images)
        return as_logits(scores)


def as_logits(scores: Tensor) -> Tensor:
    """The logits `(n, 2, h, w)` of cell and nucleus that scores `(n, 3, h, w)` mean."""
    ground, cytoplasm, nucleus = (scores[:, each] for each in (BACKGROUND, CYTOPLASM, NUCLEUS))
    cell = torch.logaddexp(cytoplasm, nucleus) - ground
    return torch.stack([cell, nucleus - torch.logaddexp(ground, cytoplasm)], 1)


def _block(inputs: int, outputs: int, kernel: int, dilation: int) -> nn.Sequential:
    """Two convolutions, each with batch normalisation and ReLU."""
    layers: list[nn.Module] = []
    for width in (inputs, outputs):
        reach = dilation * (kernel // 2)
        layers += [
            nn.Conv2d(width, outputs, kernel, padding=reach, dilation=dilation, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


def build() -> FlexUNet:
    """The network with random weights."""
    return FlexUNet()


register(
    ModelEntry(
        name="flex_unet",
        kind="segmenter",
        builder=build,
        input_size=128,
        source="TensorFlow-FlexUNet-Image-Segmentation-Cervical-Cancer (2025); Ronneberger et al., "
        "U-Net, MICCAI 2015",
    )
)
