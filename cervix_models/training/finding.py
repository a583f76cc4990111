"""How a finder learns where nuclei are: a map with a soft peak on every annotated centre."""

from __future__ import annotations

from typing import Any, cast

import lightning as L
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset

from cervix_models.data.fields import FieldSet
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD, augment, normalise
from cervix_models.recipes import Recipe
from cervix_models.segmenters.nucleus_finder import STRIDE
from cervix_models.training.batches import Batch
from cervix_models.training.schedule import configure

SPREAD = 3.0  # standard deviation of a peak, in pixels of the shrunk field
WEIGHT = 20.0  # of a peak's top in the loss, against the background's one


class FieldWindows(Dataset[Batch]):
    """Windows cut at random out of fields: as many an epoch as cover the fields once."""

    def __init__(self, fields: FieldSet, rows: NDArray[np.int64], side: int, seed: int) -> None:
        """Keeps the fields of `rows`, with a map of the peaks of each."""
        self.side, self.random = side, np.random.default_rng(seed)
        self.fields = [padded(fields.images[at], side) for at in rows]
        self.peaks = [
            peak_map(fields.centres[at] * fields.scale, each.shape[:2])
            for at, each in zip(rows, self.fields, strict=True)
        ]
        places = np.array([each.shape[0] * each.shape[1] for each in self.fields])
        counts = np.maximum(1, np.round(places / side**2)).astype(int)
        self.of = np.repeat(np.arange(len(self.fields)), counts)

    def __len__(self) -> int:
        return len(self.of)

    def __getitem__(self, index: int | list[int]) -> Batch:
        """A batch of windows, anew at every call."""
        chosen = [self._cut(int(self.of[at])) for at in np.atleast_1d(index)]
        images, peaks = zip(*chosen, strict=True)
        return {"image": torch.stack(images), "peaks": torch.stack(peaks)}

    def _cut(self, at: int) -> tuple[Tensor, Tensor]:
        image, peaks, side = self.fields[at], self.peaks[at], self.side
        top = int(self.random.integers(image.shape[0] - side + 1))
        left = int(self.random.integers(image.shape[1] - side + 1))
        inside = np.s_[top : top + side, left : left + side]
        pixels = torch.from_numpy(np.ascontiguousarray(image[inside])).permute(2, 0, 1)
        return pixels, torch.from_numpy(peaks[inside])[None]


def padded(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The image `(h, w, 3)`, mirrored at its right and lower edge where it is below `side`."""
    missing = [max(0, side - each) for each in image.shape[:2]]
    return np.pad(image, [(0, missing[0]), (0, missing[1]), (0, 0)], "symmetric")


def peak_map(centres: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A map `(h, w)` of zero to one: at each centre `(x, y)` a Gaussian; the larger where two
    meet."""
    out = np.zeros(shape, np.float32)
    reach = int(4 * SPREAD)
    for x, y in centres:
        top, left = max(0, int(y) - reach), max(0, int(x) - reach)
        rows = np.arange(top, min(shape[0], int(y) + reach + 1))[:, None] + 0.5 - y
        columns = np.arange(left, min(shape[1], int(x) + reach + 1))[None] + 0.5 - x
        piece = out[top : top + len(rows), left : left + columns.shape[1]]
        np.maximum(piece, np.exp(-(rows**2 + columns**2) / (2 * SPREAD**2)), out=piece)
    return out


class FinderTraining(L.LightningModule):
    """One training of one finder."""

    def __init__(self, network: nn.Module, recipe: Recipe, steps: int) -> None:
        """Trains `network` as `recipe` says, for `steps` steps in all."""
        super().__init__()
        self.network, self.recipe, self.steps = network, recipe, steps
        self.draw = torch.Generator().manual_seed(recipe.seed)
        trunk = cast(nn.Sequential, network.get_submodule("trunk"))
        self.still = trunk[: recipe.frozen] if recipe.frozen else nn.Sequential()
        self.still.requires_grad_(False)

    def train(self, mode: bool = True) -> FinderTraining:
        """Itself, for training or not; blocks that stay as they start keep their statistics too."""
        super().train(mode)
        self.still.eval()
        return self

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """The loss of one batch of windows."""
        pictures = batch["image"].float() / 255
        whole = torch.ones_like(batch["peaks"])  # zero where the turned window shows a mirror image
        moved, maps = augment(
            pictures, torch.cat([batch["peaks"], whole], 1), self.recipe.augmentation, self.draw
        )
        if maps is None:
            raise RuntimeError("augment gave no maps back")
        loss = self._loss(moved, maps[:, :1], maps[:, 1:])
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False)
        return loss

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Logs the loss on windows that are not learned from."""
        peaks = batch["peaks"]
        loss = self._loss(batch["image"].float() / 255, peaks, torch.ones_like(peaks))
        self.log("val_loss", loss, prog_bar=True, batch_size=len(peaks))

    def configure_optimizers(self) -> Any:
        """The recipe's optimiser and schedule."""
        return configure(self.network, self.recipe.optimiser, self.steps)

    def _loss(self, images: Tensor, peaks: Tensor, known: Tensor) -> Tensor:
        ready = normalise(images, IMAGENET_MEAN, IMAGENET_STD)
        logits = self.network(ready.contiguous(memory_format=torch.channels_last)).float()
        peaks, known = F.max_pool2d(peaks, STRIDE), -F.max_pool2d(-known, STRIDE)
        entropy = F.binary_cross_entropy_with_logits(logits, peaks, reduction="none")
        weights = known * (1 + (WEIGHT - 1) * peaks)
        return (entropy * weights).sum() / weights.sum().clamp(min=1)
