"""How a generator learns against a critic (Goodfellow et al., NeurIPS 2014), class by class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lightning as L
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cervix_models.errors import RecipeError
from cervix_models.generators.base import AdversarialGenerator
from cervix_models.recipes import Recipe
from cervix_models.settings import load_settings
from cervix_models.training.batches import Batch
from cervix_models.training.start import start_from_imagenet
from cervix_models.training.turning import disturbed, turned

PATCHES = 4  # a side


class AdversarialTraining(L.LightningModule):
    """One training of one generator and its critic, a step each in turn."""

    def __init__(self, network: AdversarialGenerator, recipe: Recipe, steps: int) -> None:
        """Trains `network` as `recipe` says, for `steps` steps in all. Raises RecipeError."""
        super().__init__()
        if recipe.adversarial is None:
            raise RecipeError(f"{recipe.name} has no table [adversarial]. Add it.")
        self.automatic_optimization = False
        self.network, self.recipe, self.steps = network, recipe, steps
        self.settings = recipe.adversarial
        self.critic = started(network.critic(), recipe)
        self.classes = len(recipe.told_apart)
        self.draw = torch.Generator().manual_seed(recipe.seed)

    def training_step(self, batch: Batch, _index: int) -> None:
        """A step of the critic, then one of the generator, on the same made cells."""
        makes, judges = self.optimizers()  # type: ignore[attr-defined]
        real = batch["image"].float() / 255
        if self.settings.turned:
            real = turned(real, self.draw)
        classes = F.one_hot(batch["label"], self.classes).float()
        made = self.network(self._noise(len(real)), classes)
        told = self._judged(real, classes), self._judged(made.detach(), classes)
        loss = self._told_apart(*told)
        self._stepped(judges, loss)
        self.critic.requires_grad_(False)
        taken = self._passed(self._judged(made, classes))
        self._stepped(makes, taken + self.beside(real, made.float(), batch["label"]))
        self.critic.requires_grad_(True)
        self.log("critic_loss", loss, prog_bar=True, on_epoch=True, on_step=False)
        self.log("train_loss", taken, prog_bar=True, on_epoch=True, on_step=False)
        for name, each in zip(("real", "made"), told, strict=True):
            self.log(f"critic_{name}", each.detach().mean(), on_epoch=True, on_step=False)

    def learning(self) -> Iterator[nn.Parameter]:
        """The generator's parameters that learn."""
        return self.network.parameters()

    def beside(self, real: Tensor, made: Tensor, labels: Tensor) -> Tensor:
        """What the generator minimises beside the critic's answer, of the same batch."""
        if not self.settings.colours:
            return torch.zeros((), device=made.device)
        apart = colours_apart(real, made, labels, labels)
        self.log("train_colours", apart, on_epoch=True, on_step=False)
        return self.settings.colours * apart

    def configure_optimizers(self) -> Any:
        """Adam for each of the two."""
        betas = (self.settings.momentum, 0.999)
        rate = self.recipe.optimiser.learning_rate
        return [
            torch.optim.Adam(self.learning(), rate, betas),
            torch.optim.Adam(
                [each for each in self.critic.parameters() if each.requires_grad],
                self.settings.critic_rate,
                betas,
            ),
        ]

    def _noise(self, count: int) -> Tensor:
        return torch.randn(count, self.network.latent, generator=self.draw).to(self.device)

    def _judged(self, images: Tensor, classes: Tensor) -> Tensor:
        seen = disturbed(images, self.draw) if self.settings.disturbed else images
        out: Tensor = self.critic(seen, classes)
        return out.float()

    def _stepped(self, optimiser: Any, loss: Tensor) -> None:
        optimiser.zero_grad()
        self.manual_backward(loss)
        optimiser.step()

    def _told_apart(self, real: Tensor, made: Tensor) -> Tensor:
        if self.settings.loss == "hinge":
            return F.relu(1 - real).mean() + F.relu(1 + made).mean()
        return (F.softplus(-real).mean() + F.softplus(made).mean()) / 2  # binary cross-entropy

    def _passed(self, made: Tensor) -> Tensor:
        return -made.mean() if self.settings.loss == "hinge" else F.softplus(-made).mean()


def started(critic: nn.Module, recipe: Recipe) -> nn.Module:
    """The critic, seeing through ImageNet's network where it has one and the recipe says so."""
    if (backbone := getattr(critic, "backbone", None)) and recipe.start != "random":
        start_from_imagenet(critic, backbone, load_settings().pretrained)
    return critic.to(memory_format=torch.channels_last)


def colours_apart(real: Tensor, made: Tensor, labels: Tensor, wanted: Tensor) -> Tensor:
    """The energy distance (Székely and Rizzo, 2013) of the colours of made cells `(m, 3, side,
    side)` of labels `wanted` `(m,)` from those of real ones `(n, 3, side, side)` of `labels`
    `(n,)`, label by label, seen at PATCHES x PATCHES places: zero where both are alike, also in how
    much they differ among themselves.

    A critic that sees one cell at a time hardly minds a class whose cells are all of one colour
    (Bellemare et al.: The Cramer Distance, 2017).
    """
    both = torch.isin(labels, wanted), torch.isin(wanted, labels)
    real, made, labels, wanted = real[both[0]], made[both[1]], labels[both[0]], wanted[both[1]]
    here, there = (F.adaptive_avg_pool2d(each, PATCHES).flatten(1) for each in (real, made))
    across = _apart(here, there, labels, wanted)
    return 2 * across - _apart(here, here, labels, labels) - _apart(there, there, wanted, wanted)


def _apart(one: Tensor, two: Tensor, labels: Tensor, others: Tensor) -> Tensor:
    """The mean distance of two different cells of one label."""
    pairs = (labels[:, None] == others).float()
    if one is two:
        pairs = pairs - torch.eye(len(labels), device=pairs.device)
    return (_distances(one, two) * pairs).sum() / pairs.sum().clamp(min=1)


def _distances(one: Tensor, two: Tensor) -> Tensor:
    """Root mean squared differences `(n, m)` of rows; smooth where there is none."""
    return ((one[:, None] - two) ** 2).mean(2).add(1e-8).sqrt()
