"""How an encoder learns without classes: SimCLR (Chen et al., ICML 2020), loss and head by lightly.

Two augmented views of one picture shall be near each other and far from all other pictures.
"""

from __future__ import annotations

from typing import Any, cast

import lightning as L
import torch
from lightly.loss import NTXentLoss
from lightly.models.modules.heads import SimCLRProjectionHead
from torch import Tensor, nn

from cervix_models.classifiers.base import CellClassifier
from cervix_models.data.transforms import augment
from cervix_models.errors import RecipeError
from cervix_models.recipes import Recipe
from cervix_models.training.batches import Batch
from cervix_models.training.inputs import joined
from cervix_models.training.schedule import configure


class ContrastTraining(L.LightningModule):
    """One training of one encoder: the trunk and neck of a classifier's network."""

    def __init__(self, network: CellClassifier, recipe: Recipe, steps: int) -> None:
        """Trains `network` as `recipe` says, for `steps` steps in all. Raises RecipeError."""
        super().__init__()
        if recipe.contrast is None:
            raise RecipeError(f"{recipe.name} has no table [contrast]. Add it.")
        self.network, self.recipe, self.steps = network, recipe, steps
        width = cast(nn.Linear, network.head).in_features
        self.project = SimCLRProjectionHead(width, width, recipe.contrast.projection)
        self.loss = NTXentLoss(temperature=recipe.contrast.temperature)
        self.draw = torch.Generator().manual_seed(recipe.seed)

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """The loss of one batch in two views."""
        loss = self._apart(batch)
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False)
        return loss

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Logs the loss on watched pictures."""
        self.log("val_loss", self._apart(batch), prog_bar=True, batch_size=len(batch["image"]))

    def configure_optimizers(self) -> Any:
        """The recipe's optimiser and schedule."""
        learned = nn.ModuleList([self.network, self.project])
        return configure(learned, self.recipe.optimiser, self.steps)

    def _apart(self, batch: Batch) -> Tensor:
        pictures = batch["image"].float() / 255
        views = [augment(pictures, None, self.recipe.augmentation, self.draw)[0] for _ in range(2)]
        both = joined(torch.cat(views), None).contiguous(memory_format=torch.channels_last)
        one, two = self.project(self.network.embed(both)).float().chunk(2)
        loss: Tensor = self.loss(one, two)
        return loss
