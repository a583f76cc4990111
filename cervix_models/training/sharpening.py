"""How the decoder of an autoencoder that has learned goes on against a critic (Larsen et al.:
Autoencoding beyond pixels using a learned similarity metric, ICML 2016), while it keeps making real
cells again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cervix_models.errors import RecipeError
from cervix_models.generators.base import VariationalGenerator
from cervix_models.recipes import Recipe
from cervix_models.training.adversarial import AdversarialTraining
from cervix_models.training.variational import drawn, seen_by_vgg

AGAIN = 30.0  # of the error of cells that are made again, against the critic's answer


class SharpeningTraining(AdversarialTraining):
    """Cells of noise against the critic, and half of the real ones made again; what encodes them
    stays as it is."""

    def __init__(self, network: VariationalGenerator, recipe: Recipe, steps: int) -> None:
        """Trains `network` as `recipe` says, for `steps` steps in all. Raises RecipeError."""
        super().__init__(network, recipe, steps)  # type: ignore[arg-type] # it has a critic too
        if recipe.variational is None:
            raise RecipeError(f"{recipe.name} has no table [variational]. Add it.")
        self.perceptual, self.seen = recipe.variational.perceptual, seen_by_vgg(recipe)

    def learning(self) -> Iterator[nn.Parameter]:
        """The decoder's parameters."""
        network = cast(VariationalGenerator, self.network)
        own = tuple(f"{each}." for each in network.learned_by)
        return (each for name, each in network.named_parameters() if not name.startswith(own))

    def beside(self, real: Tensor, made: Tensor, labels: Tensor) -> Tensor:
        """What else is minimised: see AdversarialTraining, and how unlike themselves real cells
        are that are made again."""
        network = cast(VariationalGenerator, self.network)
        half = len(real) // 2 or 1
        images, classes = real[:half], F.one_hot(labels[:half], self.classes).float()
        with torch.no_grad():
            mean, spread = (each.float() for each in network.encode(images, classes))
        again = network.decode(drawn(mean, spread, self.draw), classes).float()
        unlike = F.mse_loss(again, images) + self.perceptual * self.seen(again, images)
        self.log("train_pixels", F.mse_loss(again, images).detach(), on_epoch=True, on_step=False)
        return super().beside(real, made, labels) + AGAIN * unlike
