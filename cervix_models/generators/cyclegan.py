"""`cyclegan`, `cyclegan_vgg16`, `cyclegan_resnet50`: cells of one domain as cells of another.

Two generators, there and back, each of an encoder, residual blocks and a decoder, against a critic
of patches each (Zhu et al., ICCV 2017). The second document gives the encoder the first layers of
VGG16 or ResNet-50, and the critics a head that learns classes from labelled and from unlabelled
cells (Salimans et al., NeurIPS 2016). Here a generator is also told the class that is wanted, which
steers its normalisations (Huang and Belongie, ICCV 2017), so that one pair serves several; what it
decodes is the change of the cell, so that it need not learn first to draw the cell again; and the
critics see through ImageNet's ResNet-50, as that of `cgan_projection` does.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import resnet50, vgg16

from cervix_models.data.transforms import normalise
from cervix_models.generators.cgan import INNER, SIDE, STATISTICS, ClassNorm, ProjectionCritic
from cervix_models.registry import ModelEntry, register

WIDTH = 96  # of the residual blocks
CODE = 64  # numbers that the wanted class is told by
BLOCKS = 4
GROUPS = 8  # of channels that are normalised together
BOUND = 0.95  # of a colour in -1..1, so that black and white can still be changed
SOURCE = "Exploring the impact of Transfer Learning and Semi Supervised GANs; Zhu et al., ICCV 2017"


def _block(before: int, after: int, *, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, 3, stride, 1)
    return [convolution, nn.GroupNorm(GROUPS, after), nn.ReLU()]


class Steered(nn.Module):
    """A convolution, normalised as the wanted class steers it."""

    def __init__(self, before: int, after: int) -> None:
        """With random weights."""
        super().__init__()
        self.convolution = nn.Conv2d(before, after, 3, padding=1, padding_mode="reflect")
        norm = nn.GroupNorm(GROUPS, after, affine=False)  # the cell's own colours are not lost
        self.norm = ClassNorm(norm, after, CODE)

    def forward(self, maps: Tensor, code: Tensor) -> Tensor:
        """Maps `(n, after, h, w)`."""
        out: Tensor = self.norm(self.convolution(maps), code)
        return out


class Residual(nn.Module):
    """Two convolutions beside a short cut."""

    def __init__(self, width: int) -> None:
        """With random weights."""
        super().__init__()
        self.first, self.second = Steered(width, width), Steered(width, width)

    def forward(self, maps: Tensor, code: Tensor) -> Tensor:
        """Maps of the same shape."""
        out: Tensor = maps + self.second(F.relu(self.first(maps, code)), code)
        return out


class Translator(nn.Module):
    """One direction: cells as they would look in the wanted class."""

    def __init__(self, trunk: nn.Module, width: int, classes: int) -> None:
        """Of an encoder that gives maps of so many channels at a quarter of the side."""
        super().__init__()
        self.trunk = trunk
        self.label = nn.Linear(classes, CODE, bias=False)
        self.narrow = nn.Conv2d(width, WIDTH, 1)
        self.middle = nn.ModuleList(Residual(WIDTH) for _ in range(BLOCKS))
        self.up = nn.ModuleList([Steered(WIDTH, 64), Steered(64, 32)])
        self.last = nn.Conv2d(32, 3, 5, padding=2)
        nn.init.normal_(self.last.weight, std=1e-3)  # it begins by changing next to nothing
        nn.init.zeros_(cast(Tensor, self.last.bias))

    def train(self, mode: bool = True) -> Translator:
        """Itself; the trunk keeps its statistics, as it sees cells of both domains."""
        super().train(mode)
        self.trunk.eval()
        return self

    def forward(self, images: Tensor, classes: Tensor) -> Tensor:
        """Cells `(n, 3, side, side)` in 0..1, of cells in 0..1 and parts of classes."""
        code = self.label(classes)
        maps = self.narrow(self.trunk(normalise(images, *STATISTICS)))
        for block in self.middle:
            maps = block(maps, code)
        for step in self.up:
            maps = F.interpolate(F.relu(step(maps, code)), scale_factor=2.0, mode="bilinear")
        start = ((images * 2 - 1) * BOUND).clamp(-BOUND, BOUND).atanh()
        changed: Tensor = (start + self.last(maps)).tanh() / BOUND
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

    def critic(self) -> PatchCritic:
        """A fresh critic of one domain."""
        return PatchCritic(self.classes)


class PatchCritic(ProjectionCritic):
    """How real each patch looks, and of which class the whole."""

    def __init__(self, classes: int) -> None:
        """With random weights; `start_from_imagenet` gives the trunk those of ImageNet."""
        super().__init__(classes)
        self.label = nn.Linear(INNER * len(self.taps), classes)

    def requires_grad_(self, requires_grad: bool = True) -> PatchCritic:
        """See ProjectionCritic."""
        super().requires_grad_(requires_grad)
        self.label.requires_grad_(requires_grad)
        return self

    def judge(self, maps: list[Tensor], classes: Tensor) -> tuple[Tensor, Tensor]:
        """Of each patch whether it looks real, one where it does, `(n, 16 * scales)`; and logits of
        classes `(n, classes)`. `classes` are parts, or zero where the cell's is not known."""
        seen = self.seen(maps)
        whole = torch.cat([each.mean((2, 3)) for each in seen], 1)
        return self.scored(seen, classes), self.label(whole)


def plain() -> tuple[nn.Module, int]:
    """The encoder of the plain model."""
    first = nn.Conv2d(3, 32, 7, padding=3)
    start = [first, nn.GroupNorm(GROUPS, 32), nn.ReLU()]
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
