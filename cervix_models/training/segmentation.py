"""How a segmenter is trained: by outlines where they are known, else by boxes and agreement.

Cells with a mask (Herlev): Dice and binary cross-entropy of cell and nucleus.
Cells known by their box (SIPaKMeD: the crop is the cytoplasm's bounding box plus 10 px): the
projections of the predicted cell on both axes match the box's (Tian et al., BoxInst, CVPR 2021),
and both heads agree with their own confident answer on the picture before its stain and focus were
changed (Sohn et al., FixMatch, NeurIPS 2020).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import lightning as L
import torch
import torch.nn.functional as F
from monai.losses.dice import MaskedDiceLoss
from torch import Tensor, nn

from cervix_models.contracts import BACKGROUND, NUCLEUS
from cervix_models.data.augmentation import Augmentation
from cervix_models.data.transforms import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    augment,
    normalise,
)
from cervix_models.recipes import Recipe
from cervix_models.segmenters.flex_unet import FlexUNet
from cervix_models.training.batches import Batch
from cervix_models.training.schedule import configure

_SURE = 0.9  # a probability above this, or below its complement, is taught back to the network
_UNKNOWN = 255
_DICE: dict[str, Any] = {"squared_pred": True, "smooth_nr": 1.0, "smooth_dr": 1.0}


class SegmenterTraining(L.LightningModule):
    """One training of one segmenter with two heads: cell, nucleus."""

    def __init__(self, network: nn.Module, recipe: Recipe, steps: int) -> None:
        """Trains `network` as `recipe` says, for `steps` steps in all."""
        super().__init__()
        self.network, self.recipe, self.steps = network, recipe, steps
        self.draw = torch.Generator().manual_seed(recipe.seed)
        given = recipe.augmentation
        still = Augmentation(
            0.0, 0.0, 0.0, False, given.stain, given.brightness, given.blur, given.noise
        )
        self.shape_only = replace(given, rotate=0.0, stain=0.0, brightness=0.0, blur=0.0, noise=0.0)
        self.colour_only = still

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """The loss of one batch of cells with masks and cells with boxes."""
        loss = torch.zeros((), device=self.device)
        known = batch["has_mask"]
        if known.any():
            loss = loss + self._outlined(batch, known)
        if (~known).any():
            loss = loss + self._boxed(batch, ~known)
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False)
        return loss

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Logs the Dice of cell and nucleus on cells that are not trained on."""
        known = batch["has_mask"]
        if not known.any():
            return
        target, valid = targets_of(batch["mask"][known])
        logits = self._logits(batch["image"][known].float() / 255)
        overlap = hard_dice(logits > 0, target, valid)
        count = int(known.sum())
        told: dict[str, Any] = {"batch_size": count, "sync_dist": True}
        self.log("val_cell_dice", overlap[:, 0].mean(), prog_bar=True, **told)
        self.log("val_nucleus_dice", overlap[:, 1].mean(), prog_bar=True, **told)
        self.log("val_loss", 1 - overlap.mean(), **told)

    def configure_optimizers(self) -> Any:
        """The recipe's optimiser and schedule."""
        return configure(self.network, self.recipe.optimiser, self.steps)

    def _logits(self, images: Tensor) -> Tensor:
        ready = normalise(images, IMAGENET_MEAN, IMAGENET_STD)
        out: Tensor = self.network(ready.contiguous(memory_format=torch.channels_last))
        return out.float()

    def _scores(self, images: Tensor) -> Tensor:
        ready = normalise(images, IMAGENET_MEAN, IMAGENET_STD)
        network = cast(FlexUNet, self.network)
        return network.scores(ready.contiguous(memory_format=torch.channels_last)).float()

    def _outlined(self, batch: Batch, rows: Tensor) -> Tensor:
        target, valid = targets_of(batch["mask"][rows])
        images, moved = augment(
            batch["image"][rows].float() / 255,
            torch.cat([target, valid], 1),
            self.recipe.augmentation,
            self.draw,
        )
        if moved is None:
            raise RuntimeError("augment gave no masks back")
        target, valid, weights = moved[:, :2], moved[:, 2:], self.recipe.loss
        if isinstance(self.network, FlexUNet):
            return multiclass_loss(
                self._scores(images), target, valid, weights.cross_entropy, weights.dice
            )
        logits = self._logits(images)
        entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
        entropy = (entropy * valid).sum() / (valid.sum() * 2).clamp(min=1)
        return weights.cross_entropy * entropy + weights.dice * soft_dice_loss(
            logits, target, valid
        )

    def _boxed(self, batch: Batch, rows: Tensor) -> Tensor:
        plain = batch["image"][rows].float() / 255
        turns = int(torch.randint(4, (1,), generator=self.draw))
        inside = box_masks(batch["margin"][rows], plain.shape[-1])
        plain, inside = torch.rot90(plain, turns, (2, 3)), torch.rot90(inside, turns, (2, 3))
        plain, moved = augment(plain, inside, self.shape_only, self.draw)
        if moved is None:
            raise RuntimeError("augment gave no masks back")
        changed, _ = augment(plain, None, self.colour_only, self.draw)
        logits, weights = self._logits(changed), self.recipe.loss
        loss = weights.box * projection_loss(logits[:, :1], moved)
        if weights.consistency:
            with torch.no_grad():
                taught = torch.sigmoid(self._logits(plain))
            sure = ((taught > _SURE) | (taught < 1 - _SURE)).float()
            answer = (taught > 0.5).float()
            entropy = F.binary_cross_entropy_with_logits(logits, answer, reduction="none")
            loss = loss + weights.consistency * (entropy * sure).mean()
        return loss


def targets_of(masks: Tensor) -> tuple[Tensor, Tensor]:
    """Cell and nucleus `(n, 2, h, w)`, and where the truth is known `(n, 1, h, w)`, of masks."""
    valid = (masks != _UNKNOWN).float()[:, None]
    cell = ((masks != BACKGROUND) & (masks != _UNKNOWN)).float()
    return torch.stack([cell, (masks == NUCLEUS).float()], 1), valid


def box_masks(margins: Tensor, side: int) -> Tensor:
    """Boxes `(n, 1, side, side)`: one inside the cytoplasm's bounding box, zero in the margin."""
    at = (torch.arange(side, device=margins.device) + 0.5) / side
    within = (at >= margins[..., None]) & (at <= 1 - margins[..., None])  # (n, 2, side)
    return (within[:, 1, :, None] & within[:, 0, None, :]).float()[:, None]


def soft_dice_loss(logits: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """One minus the soft Dice of each map, over known places, averaged (Milletari et al. 2016)."""
    found: Tensor = MaskedDiceLoss(sigmoid=True, **_DICE)(logits, target, valid)
    return found


def multiclass_loss(
    scores: Tensor, target: Tensor, valid: Tensor, entropy_weight: float, dice_weight: float
) -> Tensor:
    """Categorical cross-entropy and soft Dice of scores `(n, 3, h, w)` over known places.

    `target` `(n, 2, h, w)` is cell and nucleus; the classes are background, cytoplasm, nucleus.
    """
    classes = (target > 0.5).sum(1)
    entropy = F.cross_entropy(scores, classes, reduction="none")[:, None]
    entropy = (entropy * valid).sum() / valid.sum().clamp(min=1)
    truth = F.one_hot(classes, scores.shape[1]).movedim(-1, 1)
    dice: Tensor = MaskedDiceLoss(softmax=True, **_DICE)(scores, truth, valid)
    return entropy_weight * entropy + dice_weight * dice


def projection_loss(logits: Tensor, boxes: Tensor) -> Tensor:
    """How far the cell's projections on both axes are from the box's: 0 equal, 2 apart."""
    probability = torch.sigmoid(logits)
    loss = torch.zeros((), device=logits.device)
    for axis in (2, 3):
        seen, wanted = probability.amax(axis), boxes.amax(axis)
        overlap = (seen * wanted).sum(-1)
        total = seen.square().sum(-1) + wanted.square().sum(-1)
        loss = loss + (1 - (2 * overlap + 1e-3) / (total + 1e-3)).mean()
    return loss


def hard_dice(predicted: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """The Dice `(n, c)` of binary maps over known places."""
    hit = predicted.float() * valid
    truth = target * valid
    return (2 * (hit * truth).sum((2, 3)) + 1e-6) / (hit.sum((2, 3)) + truth.sum((2, 3)) + 1e-6)
