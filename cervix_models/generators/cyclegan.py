"""`cyclegan`, `cyclegan_vgg16`, `cyclegan_resnet50`: cells of one domain as cells of another.

Two generators, there and back, each of an encoder, residual blocks and a decoder, against a
PatchGAN each (Zhu et al., ICCV 2017). The second document gives the encoder the first layers of
VGG16 or ResNet-50, and the critics a head that learns classes from labelled and from unlabelled
cells (Salimans et al., NeurIPS 2016). Here a generator is also told the class that is wanted, so
that one pair serves several; and what it decodes is the change of the cell, so that it need not
learn first to draw the cell again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torchvision.models import resnet50, vgg16

from cervix_models.generators.cgan import SIDE
from cervix_models.registry import ModelEntry, register

WIDTH = 96  # of the residual blocks
BLOCKS = 4
BOUND = 0.95  # of a colour in -1..1, so that black and white can still be changed
SOURCE = "Exploring the impact of Transfer Learning and Semi Supervised GANs; Zhu et al., ICCV 2017"


def _block(before: int, after: int, *, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, 3, stride, 1, padding_mode="reflect")
    return [convolution, nn.InstanceNorm2d(after, affine=True), nn.ReLU()]


class Residual(nn.Module):
    """Two convolutions beside a short cut."""

    def __init__(self, width: int) -> None:
        """With random weights."""
        super().__init__()
        self.body = nn.Sequential(*_block(width, width), *_block(width, width)[:-1])

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of the same shape."""
        out: Tensor = maps + self.body(maps)
        return out


class Translator(nn.Module):
    """One direction: cells as they would look in the wanted class."""

    def __init__(self, trunk: nn.Module, width: int, classes: int) -> None:
        """Of an encoder that gives maps of so many channels at a quarter of the side."""
        super().__init__()
        self.trunk = trunk
        self.narrow = nn.Conv2d(width + classes, WIDTH, 1)
        self.middle = nn.Sequential(*(Residual(WIDTH) for _ in range(BLOCKS)))
        up = nn.Upsample(scale_factor=2)
        last = nn.Conv2d(32, 3, 7, padding=3, padding_mode="reflect")
        self.decoder = nn.Sequential(up, *_block(WIDTH, 64), up, *_block(64, 32), last)
        nn.init.normal_(last.weight, std=1e-3)  # it begins by changing next to nothing
        nn.init.zeros_(cast(Tensor, last.bias))

    def forward(self, images: Tensor, classes: Tensor) -> Tensor:
        """Cells `(n, 3, side, side)` in 0..1, of cells in 0..1 and parts of classes."""
        given = images * 2 - 1
        maps = self.trunk(given)
        wanted = classes[:, :, None, None].expand(-1, -1, *maps.shape[2:])
        maps = self.middle(self.narrow(torch.cat([maps, wanted], 1)))
        start = (given * BOUND).clamp(-BOUND, BOUND).atanh()
        changed: Tensor = (start + self.decoder(maps)).tanh() / BOUND
        return (changed.clamp(-1, 1) + 1) / 2


class CycleGan(nn.Module):
    """Both directions."""

    side = SIDE

    def __init__(self, encoder: Callable[[], tuple[nn.Module, int]], classes: int) -> None:
        """With encoders of their own."""
        super().__init__()
        self.classes = classes
        self.there = Translator(*encoder(), classes)
        self.back = Translator(*encoder(), classes)

    def forward(self, images: Tensor, classes: Tensor) -> Tensor:
        """Cells of the first domain as those of the second."""
        out: Tensor = self.there(images, classes)
        return out

    def critic(self) -> nn.Module:
        """A fresh critic of one domain."""
        return PatchCritic(self.classes)


class PatchCritic(nn.Module):
    """How real each patch looks, and of which class the whole."""

    def __init__(self, classes: int) -> None:
        """With random weights."""
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, 48, 4, 2, 1), nn.LeakyReLU(0.2)]
        for before, after in ((48, 96), (96, 192)):
            layers += [
                nn.Conv2d(before, after, 4, 2, 1),
                nn.InstanceNorm2d(after, affine=True),
                nn.LeakyReLU(0.2),
            ]
        self.body = nn.Sequential(*layers)
        self.patches = nn.Conv2d(192, 1, 3, padding=1)
        self.label = nn.Linear(192, classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Maps `(n, 1, side / 8, side / 8)`, one where all looks real, and logits of classes."""
        maps = self.body(images * 2 - 1)
        return self.patches(maps), self.label(maps.mean((2, 3)))


def plain() -> tuple[nn.Module, int]:
    """The encoder of the plain model."""
    first = nn.Conv2d(3, 32, 7, padding=3, padding_mode="reflect")
    start = [first, nn.InstanceNorm2d(32, affine=True), nn.ReLU()]
    return nn.Sequential(*start, *_block(32, 64, stride=2), *_block(64, 128, stride=2)), 128


def first_of_vgg16() -> tuple[nn.Module, int]:
    """The layers of VGG16 to the first convolution at a quarter of the side."""
    return vgg16().features[:12], 256


def first_of_resnet50() -> tuple[nn.Module, int]:
    """The layers of ResNet-50 to the end of its first stage."""
    whole = resnet50()
    names = ("conv1", "bn1", "relu", "maxpool", "layer1")
    return nn.Sequential(OrderedDict((name, whole.get_submodule(name)) for name in names)), 256


for name, encoder, backbone in (
    ("cyclegan", plain, None),
    ("cyclegan_vgg16", first_of_vgg16, "vgg16"),
    ("cyclegan_resnet50", first_of_resnet50, "resnet50_v1"),
):
    builder = partial(CycleGan, encoder)
    register(ModelEntry(name, "translator", builder, SIDE, SOURCE, backbone=backbone))
