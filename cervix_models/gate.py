"""Whether a picture is one readable cell at all: size, focus, exposure, outlines, and distance.

Each measure has a range chosen on validation cells (card, `calibration.gate`); a picture outside
one of them is referred with that reason, whatever the classifier says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from scipy import ndimage

from cervix_models.contracts import Image, Segmentation
from cervix_models.errors import WeightsError

GATE, TELL = "gate.safetensors", "tell.safetensors"
LOOKS_MADE = (
    "The picture looks like a cell that a network made up, though it carries no mark of it. Upload "
    "a photograph of a real cell."
)
_SIDE = 160  # pixels; every quality measure looks at the picture squashed to this

REASONS: Mapping[str, tuple[str, str]] = {
    "sharpness": (
        "The picture is too blurred to read. Focus on the nucleus and take it again.",
        "The picture has finer grain than the cells the model learned from: it is of another "
        "camera or scanner, or is noise, text or a drawing. A person should read it.",
    ),
    "brightness": (
        "The picture is too dark to read. Take it again with more light.",
        "The picture is too bright to read. Take it again with less light.",
    ),
    "contrast": (
        "The picture is almost even: no cell stands out. Crop one cell with a little background.",
        "The picture has harder contrast than a stained cell. Upload an unedited crop of one cell.",
    ),
    "colour": (
        "The picture has no stain colour. Upload a colour picture of a Papanicolaou-stained cell.",
        "The colours are stronger than those of a Papanicolaou stain. Upload an unedited crop.",
    ),
    "cell_area": (
        "No cell was found that fills enough of the picture. "
        "Crop one cell with a little background.",
        "What was found fills the whole picture. Crop one whole cell with a little background.",
    ),
    "nucleus_area": (
        "No nucleus was found. Crop one cell so that its nucleus is in the picture.",
        "The nucleus fills too much of the picture. Crop the whole cell, not only its nucleus.",
    ),
    "nucleus_darkness": (
        "What was taken for the nucleus is not darker than its surroundings. "
        "Check stain and focus.",
        "What was taken for the nucleus is darker than any stained nucleus. Check the picture.",
    ),
    "distance": (
        "",
        "The picture is unlike the cells the model learned from: other stain, other magnification, "
        "several cells, or no cell. A person should read it.",
    ),
}


@dataclass(frozen=True)
class Space:
    """Where the embeddings of known cells lie: near a plane of few axes through their mean.

    What those axes leave of an embedding is its distance from known cells (Jackson and Mudholkar
    1979, as in Ndiour et al., FRE, 2020). Embeddings are brought to length one first.
    """

    mean: NDArray[np.float32]  # (width,)
    axes: NDArray[np.float32]  # (width, kept), orthonormal
    typical: NDArray[np.float32]  # (1,), mean distance of the cells it was made from

    def distances(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        """How far embeddings `(n, width)` are from known cells `(n,)`; known cells are near 1."""
        centred = unit_length(embeddings) - self.mean
        left = centred - centred @ self.axes @ self.axes.T
        return np.asarray(np.linalg.norm(left, axis=1) / self.typical[0], np.float64)

    def save(self, folder: Path) -> None:
        """Writes the space beside the classifier's weights."""
        from safetensors.numpy import save_file  # who only measures pictures opens no weights

        save_file(
            {k: np.ascontiguousarray(v, np.float32) for k, v in vars(self).items()}, folder / GATE
        )


@dataclass(frozen=True)
class Tell:
    """What made cells have in common in the embeddings of a classifier, for those whose mark was
    taken off: a weighted sum that passes a limit."""

    weights: NDArray[np.float32]  # (width,), of embeddings of length one
    limit: NDArray[np.float32]  # (1,)

    def finds(self, embeddings: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which of the pictures with embeddings `(n, width)` look made, `(n,)`."""
        return np.asarray(unit_length(embeddings) @ self.weights > self.limit[0])

    def save(self, folder: Path) -> None:
        """Writes it beside the classifier's weights."""
        from safetensors.numpy import save_file

        save_file(
            {k: np.ascontiguousarray(v, np.float32) for k, v in vars(self).items()}, folder / TELL
        )


def load_tell(folder: Path) -> Tell | None:
    """The tell beside a classifier's weights, or None where none was fitted."""
    from safetensors.numpy import load_file

    path = folder / TELL
    return Tell(**load_file(path)) if path.is_file() else None


def unit_length(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Embeddings `(n, width)`, each divided by its length."""
    return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True).clip(1e-9)


def load_space(folder: Path) -> Space:
    """The space beside a classifier's weights. Raises WeightsError where there is none."""
    path = folder / GATE
    if not path.is_file():
        raise WeightsError(
            f"{path} is missing, so nothing can tell cells from other pictures. Get it again, or "
            f"train the classifier with: python -m cervix_models train {folder.name}"
        )
    from safetensors.numpy import load_file

    return Space(**load_file(path))


def quality(image: Image) -> dict[str, float]:
    """Sharpness, brightness, contrast and colour of an image, each in its own unit.

    Sharpness: log10 of the variance of the Laplacian of grey (Pech-Pacheco et al. 2000).
    Brightness: mean grey, 0..1. Contrast: standard deviation of grey. Colour: mean distance of
    the channels from grey.
    """
    small = PilImage.fromarray(image).resize((_SIDE, _SIDE), PilImage.Resampling.LANCZOS)
    pixels = np.asarray(small, np.float32) / 255
    grey = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    edges = ndimage.laplace(grey)
    return {
        "sharpness": float(np.log10(edges.var() + 1e-8)),
        "brightness": float(grey.mean()),
        "contrast": float(grey.std()),
        "colour": float(np.abs(pixels - grey[..., None]).mean()),
    }


def plausibility(image: Image, segmentation: Segmentation) -> dict[str, float]:
    """The parts of the picture that cell and nucleus fill, and how dark the nucleus is, 0..1."""
    nucleus, ring = segmentation.nucleus, segmentation.cytoplasm
    dark = 0.0
    if nucleus.any() and ring.any():
        dark = float(image[ring].mean() - image[nucleus].mean()) / 255
    return {
        "cell_area": float(segmentation.cell.mean()),
        "nucleus_area": float(nucleus.mean()),
        "nucleus_darkness": dark,
    }


def measures_of(image: Image, segmentation: Segmentation, distance: float) -> dict[str, float]:
    """All measures of the gate by name; `distance` is that of the classifier's embedding."""
    return {**quality(image), **plausibility(image, segmentation), "distance": distance}


def refusals(measures: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]) -> list[str]:
    """Why a picture is no readable single cell, in sentences; empty where it is one."""
    out = []
    for name, (low, high) in ranges.items():
        if measures[name] < low:
            out.append(REASONS[name][0])
        elif measures[name] > high:
            out.append(REASONS[name][1])
    return out
