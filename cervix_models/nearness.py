"""How near made cells come to those that their generator learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from cervix_models.cards import load_card
from cervix_models.contracts import Image
from cervix_models.errors import WeightsError
from cervix_models.gate import unit_length
from cervix_models.inference import Batch
from cervix_models.predictors import EncoderReader
from cervix_models.settings import Settings

LEARNED = "learned.safetensors"
KEPT = 48  # axes on which most of what tells cells apart lies
_MOST = 127


@dataclass(frozen=True)
class Learned:
    """The cells that a generator learned from, as an encoder sees them: features brought to length
    one, on the axes along which they differ most, in whole numbers of eight bits."""

    mean: NDArray[np.float32]  # (width,)
    axes: NDArray[np.float16]  # (width, kept), orthonormal
    cells: NDArray[np.int8]  # (n, kept), in steps
    step: NDArray[np.float32]  # (1,)

    @classmethod
    def of(cls, features: Batch) -> Learned:
        """Those of features `(n, width)`."""
        unit = unit_length(features)
        mean = unit.mean(0)
        kept = min(KEPT, *unit.shape)
        axes = np.linalg.svd(unit - mean, full_matrices=False)[2][:kept].T.astype(np.float16)
        places = (unit - mean) @ axes.astype(np.float32)
        step = np.array([np.abs(places).max() / _MOST], np.float32).clip(1e-9)
        return cls(mean, axes, np.round(places / step).astype(np.int8), step)

    def nearest(self, features: Batch) -> NDArray[np.float64]:
        """How far each of `(n, width)` is from the nearest of the cells, `(n,)`."""
        places = (unit_length(features) - self.mean) @ self.axes.astype(np.float32)
        known = self.cells.astype(np.float32) * self.step
        squares = (places**2).sum(1)[:, None] + (known**2).sum(1) - 2 * places @ known.T
        return np.sqrt(squares.min(1).clip(0)).astype(np.float64)

    def save(self, folder: Path) -> None:
        """Writes them beside the generator's weights."""
        save_file({k: np.ascontiguousarray(v) for k, v in vars(self).items()}, folder / LEARNED)


def load_learned(folder: Path) -> Learned:
    """The cells that the generator of `folder` learned from. Raises WeightsError."""
    path = folder / LEARNED
    if not path.is_file():
        raise WeightsError(
            f"{path} is missing, so nothing can tell made cells from copies of real ones. Get it "
            f"again, or measure the generator: python -m cervix_models evaluate {folder.name}"
        )
    return Learned(**load_file(path))


@dataclass(frozen=True)
class CopyCheck:
    """Whether cells of one generator are nearly copies of those that it learned from."""

    encoder: EncoderReader
    learned: Learned
    least: float  # nearer than this is flagged

    def flagged(self, images: Sequence[Image]) -> list[bool]:
        """Of each picture, whether it is nearer to a training cell than all but one in a hundred
        unseen real cells are."""
        return [bool(far < self.least) for far in self.learned.nearest(self.encoder.see(images))]


def open_check(name: str, settings: Settings) -> CopyCheck:
    """What checks the cells of the generator of `weights/<name>/`.

    Raises WeightsError where it was not measured, or the encoder it was measured by is not here.
    """
    metrics = load_card(name, settings.shelf(name)).metrics
    learned = load_learned(settings.shelf(name) / name)
    if "memorised" not in metrics:
        raise WeightsError(
            f"The card of {name} does not say how near its cells may come to real ones. Measure "
            f"it: python -m cervix_models evaluate {name}"
        )
    least = float(metrics["memorised"]["real_first_percentile"])
    return CopyCheck(_encoder(str(metrics["features"]), settings), learned, least)


@lru_cache(maxsize=1)
def _encoder(name: str, settings: Settings) -> EncoderReader:
    """The encoder of this name: all generators are checked by one."""
    return EncoderReader(name, settings)
