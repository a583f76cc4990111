"""How a classifier is trained: cross-entropy on augmented cells, mixed where the recipe asks."""

from __future__ import annotations

from typing import Any

import lightning as L
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cervix_models.data.transforms import augment
from cervix_models.recipes import Recipe
from cervix_models.registry import find
from cervix_models.training.batches import Batch
from cervix_models.training.inputs import as_channels, joined
from cervix_models.training.schedule import configure


class ClassifierTraining(L.LightningModule):
    """One training of one classifier."""

    def __init__(self, network: nn.Module, recipe: Recipe, steps: int) -> None:
        """Trains `network` as `recipe` says, for `steps` steps in all."""
        super().__init__()
        self.network, self.recipe, self.steps = network, recipe, steps
        self.masked = find(recipe.model).reads == "masked"
        self.draw = torch.Generator().manual_seed(recipe.seed)

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """The loss of one augmented batch."""
        images, masks = augment(
            batch["image"].float() / 255, self._masks(batch), self.recipe.augmentation, self.draw
        )
        images = joined(images, masks)
        targets = F.one_hot(batch["label"], len(self.recipe.told_apart)).float()
        if self.recipe.loss.mixup:
            images, targets = self._mixed(images, targets)
        logits = self.network(images.contiguous(memory_format=torch.channels_last))
        smoothing = self.recipe.loss.label_smoothing
        loss = F.cross_entropy(logits.float(), targets, label_smoothing=smoothing)
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False)
        return loss

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Logs loss and accuracy on cells that are not trained on."""
        images = joined(batch["image"].float() / 255, self._masks(batch))
        logits = self.network(images.contiguous(memory_format=torch.channels_last)).float()
        right = (logits.argmax(1) == batch["label"]).float().mean()
        loss = F.cross_entropy(logits, batch["label"])
        told: dict[str, Any] = {"prog_bar": True, "batch_size": len(logits), "sync_dist": True}
        self.log("val_loss", loss, **told)
        self.log("val_accuracy", right, **told)

    def configure_optimizers(self) -> Any:
        """The recipe's optimiser and schedule."""
        return configure(self.network, self.recipe.optimiser, self.steps)

    def _masks(self, batch: Batch) -> Tensor | None:
        return as_channels(batch["mask"]) if self.masked else None

    def _mixed(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        alpha = torch.tensor(self.recipe.loss.mixup)
        part = float(torch.distributions.Beta(alpha, alpha).sample())
        other = torch.randperm(len(images), generator=self.draw).to(images.device)
        return (
            part * images + (1 - part) * images[other],
            part * targets + (1 - part) * targets[other],
        )
