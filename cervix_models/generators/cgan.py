"""`cgan` as the first document describes it, and `cgan_projection`, its improved sibling.

The document: noise of 100 numbers times an embedding of the label, a dense layer to 8 x 8 x 256,
upsampling and convolutions of 256, 128 and 64 filters; against a critic of three dense layers of
512. It names no normalisation; batch normalisation is that of DCGAN (Radford et al., ICLR 2016).

The sibling: residual blocks with batch normalisation that the class steers (BigGAN, Brock et al.,
ICLR 2019), against heads with spectral normalisation (Miyato et al., ICLR 2018) whose answer is
projected on the class (Miyato and Koyama, ICLR 2018), and which see the pictures through ImageNet's
ResNet-50 (Sauer et al., NeurIPS 2021).
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from cervix_models.classifiers.resnet import stem_and_stages
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD, normalise
from cervix_models.generators.base import AdversarialGenerator
from cervix_models.registry import ModelEntry, register
from cervix_models.segmenters.dual_head_unet import tapped

SIDE = 64
STATISTICS = (IMAGENET_MEAN, IMAGENET_STD)
NOISE = 100
INNER = 64  # channels of what a critic reads off ImageNet's maps
DOCUMENT = "Cervical Cancer Classification and GenAI (2024)"


class ConditionalGan(AdversarialGenerator):
    """The generator of the document."""

    latent, side = NOISE, SIDE

    def __init__(self, classes: int) -> None:
        """With random weights."""
        super().__init__()
        self.label = nn.Linear(classes, NOISE, bias=False)
        self.dense = nn.Linear(NOISE, 256 * 8 * 8)
        blocks: list[nn.Module] = []
        width = 256
        for filters in (256, 128, 64):
            blocks += [
                nn.Upsample(scale_factor=2),
                nn.Conv2d(width, filters, 3, padding=1),
                nn.BatchNorm2d(filters),
                nn.LeakyReLU(0.2),
            ]
            width = filters
        self.body = nn.Sequential(*blocks, nn.Conv2d(width, 3, 3, padding=1), nn.Tanh())

    def forward(self, noise: Tensor, classes: Tensor) -> Tensor:
        """See CellGenerator."""
        seed = F.leaky_relu(self.dense(noise * self.label(classes)), 0.2)
        out: Tensor = self.body(seed.view(-1, 256, 8, 8))
        return (out + 1) / 2

    def critic(self) -> nn.Module:
        """See AdversarialGenerator."""
        return DenseCritic(self.label.in_features)


class DenseCritic(nn.Module):
    """The discriminator of the document: the flattened cell times an embedding of its label."""

    def __init__(self, classes: int) -> None:
        """With random weights."""
        super().__init__()
        pixels = 3 * SIDE * SIDE
        self.label = nn.Linear(classes, pixels, bias=False)
        layers: list[nn.Module] = []
        width = pixels
        for _ in range(3):
            layers += [nn.Linear(width, 512), nn.LeakyReLU(0.2), nn.Dropout(0.4)]
            width = 512
        self.body = nn.Sequential(*layers, nn.Linear(width, 1))

    def forward(self, images: Tensor, classes: Tensor) -> Tensor:
        """How real each looks, `(n,)`."""
        out: Tensor = self.body((images * 2 - 1).flatten(1) * self.label(classes))
        return out[:, 0]


class ClassNorm(nn.Module):
    """A normalisation whose scale and shift are read off a code of noise and class."""

    def __init__(self, norm: nn.Module, width: int, code: int) -> None:
        """Starts as the plain `norm`, which has no scale and shift of its own."""
        super().__init__()
        self.norm = norm
        self.steer = nn.Linear(code, 2 * width)
        nn.init.normal_(self.steer.weight, std=0.02)
        nn.init.zeros_(self.steer.bias)

    def forward(self, maps: Tensor, code: Tensor) -> Tensor:
        """The maps `(n, width, h, w)`, normalised and steered by `(n, code)`."""
        scale, shift = self.steer(code)[:, :, None, None].chunk(2, 1)
        out: Tensor = self.norm(maps) * (1 + scale) + shift
        return out


class UpBlock(nn.Module):
    """A residual block that doubles the side."""

    def __init__(self, wide: int, narrow: int, code: int) -> None:
        """With random weights."""
        super().__init__()
        self.before, self.after = (
            ClassNorm(nn.BatchNorm2d(width, affine=False), width, code) for width in (wide, narrow)
        )
        self.first = nn.Conv2d(wide, narrow, 3, padding=1)
        self.second = nn.Conv2d(narrow, narrow, 3, padding=1)
        self.skip = nn.Conv2d(wide, narrow, 1)

    def forward(self, maps: Tensor, code: Tensor) -> Tensor:
        """Maps `(n, narrow, 2 h, 2 w)`."""
        large = F.interpolate(F.relu(self.before(maps, code)), scale_factor=2.0)
        inner = self.second(F.relu(self.after(self.first(large), code)))
        out: Tensor = inner + F.interpolate(self.skip(maps), scale_factor=2.0)
        return out


class ProjectionGan(AdversarialGenerator):
    """The improved generator."""

    latent, side = NOISE, SIDE
    widths = (256, 192, 128, 64, 32)

    def __init__(self, classes: int) -> None:
        """With random weights."""
        super().__init__()
        code = NOISE + 64
        self.label = nn.Linear(classes, 64, bias=False)
        self.dense = nn.Linear(NOISE, self.widths[0] * 16)
        pairs = zip(self.widths, self.widths[1:], strict=False)
        self.blocks = nn.ModuleList(UpBlock(wide, narrow, code) for wide, narrow in pairs)
        self.last = nn.Sequential(
            nn.BatchNorm2d(self.widths[-1]), nn.ReLU(), nn.Conv2d(self.widths[-1], 3, 3, padding=1)
        )

    def forward(self, noise: Tensor, classes: Tensor) -> Tensor:
        """See CellGenerator."""
        code = torch.cat([noise, self.label(classes)], 1)
        maps = self.dense(noise).view(-1, self.widths[0], 4, 4)
        for block in self.blocks:
            maps = block(maps, code)
        out: Tensor = self.last(maps)
        return (out.tanh() + 1) / 2

    def critic(self) -> nn.Module:
        """See AdversarialGenerator."""
        return ProjectionCritic(self.label.in_features)


class ProjectionCritic(nn.Module):
    """Heads on the maps of a network that knows pictures, each projected on the class.

    The trunk stays as it is, and so does what mixes its maps across channels and scales, so that no
    head can rest on a few of them (Sauer et al.: Projected GANs Converge Faster, NeurIPS 2021).
    """

    backbone = "resnet50_v1"
    taps = (4, 5, 6)  # the first three stages, at a quarter of the side to a 16th
    widths = (256, 512, 1024)

    def __init__(self, classes: int) -> None:
        """With random weights; `start_from_imagenet` gives the trunk those of ImageNet."""
        super().__init__()
        self.trunk = nn.Sequential(stem_and_stages(last=3)).requires_grad_(False)
        self.mixture = Mixture(self.widths).requires_grad_(False)
        self.heads = nn.ModuleList(
            CriticHead(classes, halvings) for halvings in range(len(self.taps))[::-1]
        )

    def train(self, mode: bool = True) -> ProjectionCritic:
        """Itself; the trunk keeps its statistics too."""
        super().train(mode)
        self.trunk.eval()
        return self

    def requires_grad_(self, requires_grad: bool = True) -> ProjectionCritic:
        """Itself; what is drawn once or learned elsewhere stays as it is."""
        self.heads.requires_grad_(requires_grad)
        return self

    def maps(self, images: Tensor) -> list[Tensor]:
        """What there is to see in cells `(n, 3, side, side)` in 0..1, a map a scale, finest first;
        it does not change as the critic learns."""
        return cast(
            list[Tensor],
            self.mixture(tapped(self.trunk, self.taps, normalise(images, *STATISTICS))),
        )

    def seen(self, maps: list[Tensor]) -> list[Tensor]:
        """What each head makes of its map, `(n, INNER, 4, 4)`."""
        pairs = zip(cast(list[CriticHead], self.heads), maps, strict=True)
        return [head.body(each) for head, each in pairs]

    def scored(self, seen: list[Tensor], classes: Tensor) -> Tensor:
        """How real each cell looks at 16 places of every scale, `(n, 16 * scales)`."""
        pairs = zip(self.heads, seen, strict=True)
        return torch.cat([head(each, classes) for head, each in pairs], 1)

    def forward(self, images: Tensor, classes: Tensor) -> Tensor:
        """See AdversarialGenerator.critic; `(n, 16 * scales)`."""
        return self.scored(self.seen(self.maps(images)), classes)


class Mixture(nn.Module):
    """Maps of several scales, mixed across their channels and from the coarse to the fine ones by
    convolutions that are drawn once."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        """With random weights, which keep the size of what they are given."""
        super().__init__()
        self.channels = nn.ModuleList(nn.Conv2d(width, INNER, 1, bias=False) for width in widths)
        self.scales = nn.ModuleList(
            nn.Conv2d(INNER, INNER, 3, padding=1, bias=False) for _ in widths
        )
        for each in (*self.channels, *self.scales):
            nn.init.kaiming_normal_(cast(nn.Conv2d, each).weight, nonlinearity="linear")

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """As many maps `(n, INNER, h, w)`, finest first, as were given."""
        out: list[Tensor] = []
        triples = list(zip(maps, self.channels, self.scales, strict=True))
        for each, channels, scales in triples[::-1]:
            here = channels(each)
            if out:
                here = here + F.interpolate(out[-1], here.shape[2:], mode="bilinear")
            out.append(scales(here))
        return out[::-1]


class CriticHead(nn.Module):
    """What is seen in one map, and how real it looks place by place."""

    def __init__(self, classes: int, halvings: int) -> None:
        """With random weights; its maps are halved so many times, to 4 x 4."""
        super().__init__()
        layers: list[nn.Module] = []
        for stride in (*[2] * halvings, 1):
            layers += [
                spectral_norm(nn.Conv2d(INNER, INNER, 4 if stride == 2 else 3, stride, 1)),
                nn.BatchNorm2d(INNER),
                nn.LeakyReLU(0.2),
            ]
        self.body = nn.Sequential(*layers)
        self.real = spectral_norm(nn.Conv2d(INNER, 1, 1))
        self.label = nn.Linear(classes, INNER, bias=False)
        nn.init.normal_(self.label.weight)

    def forward(self, seen: Tensor, classes: Tensor) -> Tensor:
        """Scores `(n, 16)` of what the body sees in maps `(n, INNER, h, w)`, and parts of classes;
        where these are zero, the cell may be of any."""
        named = (seen * self.label(classes)[:, :, None, None]).sum(1, keepdim=True)
        out: Tensor = self.real(seen) + named / seen.shape[1] ** 0.5
        return out.flatten(1)


register(ModelEntry("cgan", "generator", ConditionalGan, SIDE, DOCUMENT))
register(
    ModelEntry(
        "cgan_projection",
        "generator",
        ProjectionGan,
        SIDE,
        "Miyato and Koyama: cGANs with Projection Discriminator (ICLR 2018); Zhao et al.: "
        "Differentiable Augmentation (NeurIPS 2020); Sauer et al.: Projected GANs (NeurIPS 2021)",
    )
)
