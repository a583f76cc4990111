"""`cvae` as the first document describes it, and `cvae_residual`, its improved sibling.

The document: convolutions of 64, 128, 256 and 512 filters with batch normalisation and dropout, a
dense layer of 256 with the label, 64 latent numbers, and transposed convolutions of 512, 256, 128
and 64 filters. It starts them at 16 x 16, of which four doublings would make 256 pixels; here they
start at 4 x 4 and end at its 64.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cervix_models.generators.base import AdversarialGenerator, VariationalGenerator
from cervix_models.generators.cgan import DOCUMENT, SIDE, ProjectionCritic
from cervix_models.registry import ModelEntry, register

LATENT = 64
START = 4  # side of the smallest maps


class ConditionalVae(VariationalGenerator):
    """The autoencoder of the document."""

    latent, side = LATENT, SIDE
    learned_by = ("encoder", "joint", "statistics")
    filters = (64, 128, 256, 512)

    def __init__(self, classes: int) -> None:
        """With random weights."""
        super().__init__()
        layers: list[nn.Module] = []
        for narrow, wide in zip((3, *self.filters), self.filters, strict=False):
            layers += [
                nn.Conv2d(narrow, wide, 3, stride=2, padding=1),
                nn.BatchNorm2d(wide),
                nn.LeakyReLU(0.2),
                nn.Dropout(0.3),
            ]
        self.encoder = nn.Sequential(*layers, nn.Flatten())
        deepest = self.filters[-1]
        self.joint = nn.Linear(deepest * START**2 + classes, 256)
        self.statistics = nn.Linear(256, 2 * LATENT)
        self.dense = nn.Linear(LATENT + classes, deepest * START**2)
        layers = []
        upwards = self.filters[::-1]
        for wide, narrow in zip((deepest, *upwards), upwards, strict=False):
            layers += [
                nn.ConvTranspose2d(wide, narrow, 3, stride=2, padding=1, output_padding=1),
                nn.BatchNorm2d(narrow),
                nn.LeakyReLU(0.2),
            ]
        self.decoder = nn.Sequential(*layers, nn.Conv2d(upwards[-1], 3, 3, padding=1))

    def encode(self, images: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """See VariationalGenerator."""
        seen = torch.cat([self.encoder(images * 2 - 1), classes], 1)
        mean, spread = self.statistics(F.leaky_relu(self.joint(seen), 0.2)).chunk(2, 1)
        return mean, spread

    def decode(self, latents: Tensor, classes: Tensor) -> Tensor:
        """See VariationalGenerator."""
        seed = F.leaky_relu(self.dense(torch.cat([latents, classes], 1)), 0.2)
        out: Tensor = self.decoder(seed.view(-1, self.filters[-1], START, START))
        return out.sigmoid()


class Block(nn.Module):
    """Two convolutions with group normalisation beside a short cut."""

    def __init__(self, before: int, after: int) -> None:
        """With random weights."""
        super().__init__()
        self.body = nn.Sequential(
            nn.GroupNorm(8, before),
            nn.SiLU(),
            nn.Conv2d(before, after, 3, padding=1),
            nn.GroupNorm(8, after),
            nn.SiLU(),
            nn.Conv2d(after, after, 3, padding=1),
        )
        self.skip = nn.Conv2d(before, after, 1) if before != after else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        """Maps `(n, after, h, w)`."""
        out: Tensor = self.body(maps) + self.skip(maps)
        return out


class ResidualVae(VariationalGenerator, AdversarialGenerator):
    """The improved autoencoder, whose decoder may go on against a critic."""

    latent, side = 2 * LATENT, SIDE
    learned_by = ("encoder", "statistics")
    widths = (32, 64, 128, 192, 256)
    centre: Tensor  # (classes, latent), of the latents of cells of each class
    spread: Tensor  # (classes * latent, latent), a triangle a class

    def __init__(self, classes: int) -> None:
        """With random weights."""
        super().__init__()
        deepest = self.widths[-1]
        layers: list[nn.Module] = [nn.Conv2d(3 + classes, self.widths[0], 3, padding=1)]
        for narrow, wide in zip(self.widths, self.widths[1:], strict=False):
            layers += [nn.AvgPool2d(2), Block(narrow, wide)]
        self.encoder = nn.Sequential(*layers, nn.GroupNorm(8, deepest), nn.SiLU(), nn.Flatten())
        self.statistics = nn.Linear(deepest * START**2, 2 * self.latent)
        self.dense = nn.Linear(self.latent + classes, deepest * START**2)
        layers = []
        for wide, narrow in zip(self.widths[::-1], self.widths[-2::-1], strict=False):
            layers += [nn.Upsample(scale_factor=2), Block(wide, narrow)]
        last = nn.Conv2d(self.widths[0], 3, 3, padding=1)
        self.decoder = nn.Sequential(*layers, nn.GroupNorm(8, self.widths[0]), nn.SiLU(), last)
        self.register_buffer("centre", torch.zeros(classes, self.latent))
        self.register_buffer("spread", torch.eye(self.latent).repeat(classes, 1))

    def encode(self, images: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """See VariationalGenerator."""
        labels = classes[:, :, None, None].expand(-1, -1, *images.shape[2:])
        mean, spread = self.statistics(self.encoder(torch.cat([images * 2 - 1, labels], 1))).chunk(
            2, 1
        )
        return mean, spread

    def decode(self, latents: Tensor, classes: Tensor) -> Tensor:
        """See VariationalGenerator."""
        seed = self.dense(torch.cat([latents, classes], 1))
        out: Tensor = self.decoder(seed.view(-1, self.widths[-1], START, START))
        return out.sigmoid()

    def forward(self, noise: Tensor, classes: Tensor) -> Tensor:
        """See CellGenerator; the noise is brought to where the cells of its class lie."""
        spread = self.spread.view(-1, self.latent, self.latent)
        placed = classes @ self.centre + torch.einsum("nc,cij,nj->ni", classes, spread, noise)
        return self.decode(placed, classes)

    def critic(self) -> nn.Module:
        """See AdversarialGenerator."""
        return ProjectionCritic(len(self.centre))

    @torch.no_grad()
    def settle(self, images: Tensor, labels: Tensor, sizes: Tensor) -> None:
        """See VariationalGenerator: a Gaussian a class, of what the encoder says of its cells
        (Ghosh et al.: From Variational to Deterministic Autoencoders, ICLR 2020)."""
        del sizes
        parts = torch.eye(len(self.centre))[labels].split(64)
        said = [self.encode(*pair) for pair in zip(images.split(64), parts, strict=True)]
        mean, spread = (torch.cat(each) for each in zip(*said, strict=True))
        for label in labels.unique().tolist():
            here = labels == label
            covariance = mean[here].T.cov(correction=0) + spread[here].exp().mean(0).diag()
            self.centre[label] = mean[here].mean(0)
            rows = slice(label * self.latent, (label + 1) * self.latent)
            self.spread[rows] = torch.linalg.cholesky(covariance)


register(ModelEntry("cvae", "generator", ConditionalVae, SIDE, DOCUMENT))
register(
    ModelEntry(
        "cvae_residual",
        "generator",
        ResidualVae,
        SIDE,
        "Sohn et al.: Learning Structured Output Representation (NeurIPS 2015); "
        "Johnson et al.: Perceptual Losses (ECCV 2016)",
    )
)
