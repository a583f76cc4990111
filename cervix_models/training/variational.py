"""How a generator learns as the decoder of an autoencoder (Kingma and Welling, ICLR 2014)."""

from __future__ import annotations

from typing import Any

import lightning as L
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import vgg19

from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD, normalise
from cervix_models.errors import RecipeError
from cervix_models.generators.base import VariationalGenerator
from cervix_models.recipes import Recipe
from cervix_models.segmenters.dual_head_unet import tapped
from cervix_models.settings import load_settings
from cervix_models.training.batches import Batch
from cervix_models.training.schedule import configure
from cervix_models.training.start import start_from_imagenet
from cervix_models.training.turning import turned

TAPS = (3, 8, 11)  # relu1_2, relu2_2, relu3_1 of VGG19


class SeenByVgg(nn.Module):
    """How two pictures differ to the first layers of VGG19, which stay as they are."""

    def __init__(self) -> None:
        """With random weights; `start_from_imagenet` puts the learned ones into its trunk."""
        super().__init__()
        self.trunk = vgg19().features[: TAPS[-1] + 1].eval().requires_grad_(False)

    def train(self, mode: bool = True) -> SeenByVgg:
        """Itself, always in evaluation mode."""
        del mode
        return self

    def forward(self, images: Tensor, wanted: Tensor) -> Tensor:
        """The mean squared difference of the features of images in 0..1, mean over the layers."""
        with torch.no_grad():
            truth = self._features(wanted)
        pairs = zip(self._features(images), truth, strict=True)
        return torch.stack([F.mse_loss(made, real) for made, real in pairs]).mean()

    def _features(self, images: Tensor) -> list[Tensor]:
        seen = normalise(images, IMAGENET_MEAN, IMAGENET_STD)
        return [each.float() for each in tapped(self.trunk, TAPS, seen)]


def seen_by_vgg(recipe: Recipe) -> SeenByVgg:
    """Through ImageNet's network where the recipe says so."""
    seen = SeenByVgg()
    if recipe.start != "random":
        start_from_imagenet(seen, "vgg19", load_settings().pretrained)
    return seen


def drawn(mean: Tensor, spread: Tensor, draw: torch.Generator) -> Tensor:
    """Latents of what an encoder says of cells: mean and logarithm of the variance."""
    noise = torch.randn(mean.shape, generator=draw).to(mean.device)
    return mean + (spread / 2).exp() * noise


class VariationalTraining(L.LightningModule):
    """One training of one autoencoder: pixels, features and divergence."""

    def __init__(self, network: VariationalGenerator, recipe: Recipe, steps: int) -> None:
        """Trains `network` as `recipe` says, for `steps` steps in all. Raises RecipeError."""
        super().__init__()
        if recipe.variational is None:
            raise RecipeError(f"{recipe.name} has no table [variational]. Add it.")
        self.network, self.recipe, self.steps = network, recipe, steps
        self.settings, self.classes = recipe.variational, len(recipe.told_apart)
        self.draw = torch.Generator().manual_seed(recipe.seed)
        self.seen = seen_by_vgg(recipe) if self.settings.perceptual else None

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """The loss of one batch."""
        images = batch["image"].float() / 255
        if self.settings.turned:
            images = turned(images, self.draw)
        loss, pixels, divergence = self._losses(images, batch["label"])
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False)
        self.log("train_pixels", pixels, on_epoch=True, on_step=False)
        self.log("train_divergence", divergence, on_epoch=True, on_step=False)
        return loss

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Logs the loss on watched cells."""
        loss, pixels, _ = self._losses(batch["image"].float() / 255, batch["label"])
        self.log("val_loss", loss, prog_bar=True, batch_size=len(batch["label"]))
        self.log("val_pixels", pixels, batch_size=len(batch["label"]))

    def configure_optimizers(self) -> Any:
        """The recipe's optimiser and schedule."""
        return configure(self.network, self.recipe.optimiser, self.steps)

    def _losses(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        classes = F.one_hot(labels, self.classes).float()
        mean, spread = (each.float() for each in self.network.encode(images, classes))
        again = self.network.decode(drawn(mean, spread, self.draw), classes).float()
        pixels = F.mse_loss(again, images)
        divergence = (mean**2 + spread.exp() - 1 - spread).sum(1).mean() / 2
        loss = pixels + self.settings.kl * self._warmth() * divergence
        if self.seen is not None:
            loss = loss + self.settings.perceptual * self.seen(again, images)
        return loss, pixels.detach(), divergence.detach()

    def _warmth(self) -> float:
        """How far the divergence's weight has risen, 0..1."""
        warm = self.settings.warm_up * self.steps
        return min(1.0, self.global_step / warm) if warm else 1.0
