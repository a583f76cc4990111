"""How a transformer learns to move noise to the latents of cells along straight lines (Liu et al.:
Flow Straight and Fast, ICLR 2023), and its ControlNet to heed outlines."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import lightning as L
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from cervix_models.errors import RecipeError
from cervix_models.generators.cellflux import CellFlux, maps_of, packed
from cervix_models.generators.controls import edges_of, outlines_of, sizes_of
from cervix_models.recipes import Recipe
from cervix_models.training.batches import Batch
from cervix_models.training.schedule import configure
from cervix_models.training.turning import turned
from cervix_models.training.variational import drawn


class FlowTraining(L.LightningModule):
    """One training of transformer, ControlNet and prompts; the autoencoder stays as it is."""

    def __init__(self, network: CellFlux, recipe: Recipe, steps: int) -> None:
        """Trains `network` as `recipe` says, for `steps` steps in all. Raises RecipeError."""
        super().__init__()
        if recipe.flow is None:
            raise RecipeError(f"{recipe.name} has no table [flow]. Add it.")
        network.vae.requires_grad_(False)
        self.network, self.recipe, self.steps = network, recipe, steps
        self.settings, self.classes = recipe.flow, len(recipe.told_apart)
        self.draw = torch.Generator().manual_seed(recipe.seed)

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """The loss of one batch."""
        images = batch["image"].float() / 255
        both = turned(torch.cat([images, batch["mask"][:, None].float()], 1), self.draw)
        loss = self._loss(both[:, :3], both[:, 3].round().byte(), batch)
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False)
        return loss

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Logs the loss on watched cells."""
        loss = self._loss(batch["image"].float() / 255, batch["mask"], batch)
        self.log("val_loss", loss, prog_bar=True, batch_size=len(batch["label"]))

    def configure_optimizers(self) -> Any:
        """The recipe's optimiser and schedule."""
        return configure(self.network, self.recipe.optimiser, self.steps)

    def _loss(self, images: Tensor, masks: Tensor, batch: Batch) -> Tensor:
        """How far the network is from where noisy latents came from."""
        network, count = self.network, len(images)
        classes = F.one_hot(batch["label"], self.classes).float()
        with torch.no_grad():
            mean, spread = (each.float() for each in network.encode(images, classes))
            said = drawn(mean, spread, self.draw)
            latents = packed(maps_of((said[:, :-1] - network.place[0]) / network.place[1]))
        noise = self._normal(latents.shape)
        times = self._normal((count,)).sigmoid()  # logit-normal: the middle is the hard part
        at = times[:, None, None]
        told = self._chance(count) >= self.settings.unclassed
        sizes = sizes_of(batch["margin"])
        control, heeded = self._control(images, masks, batch["has_mask"])
        tokens = (1 - at) * latents + at * noise
        prompt = network.prompt(classes * told[:, None], sizes)
        heeded = heeded[:, None, None].float()
        # on a processor the fused attention takes twice as long on the way back as the plain one
        plain = sdpa_kernel(SDPBackend.MATH) if self.device.type == "cpu" else nullcontext()
        with plain:
            steered = network.steered(tokens, times, prompt, control, heeded)
            found = network.velocity(tokens, times, prompt, steered)
        return F.mse_loss(found.float(), noise - latents)

    def _control(self, images: Tensor, masks: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures of outlines, and which of them are to be heeded; a part are edges, which every
        cell has."""
        edges = self._chance(len(images)) < self.settings.edges
        seen = torch.where(edges.view(-1, 1, 1, 1), edges_of(images), outlines_of(masks))
        heeded = self._chance(len(images)) >= self.settings.uncontrolled
        return seen, heeded & (edges | known)

    def _normal(self, shape: tuple[int, ...]) -> Tensor:
        return torch.randn(shape, generator=self.draw).to(self.device)

    def _chance(self, count: int) -> Tensor:
        return torch.rand(count, generator=self.draw).to(self.device)
