"""What steers a made cell: outlines of nucleus and cell in a square crop, drawn or of labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from cervix_models.contracts import BACKGROUND, CYTOPLASM, NUCLEUS, Image
from cervix_models.errors import IntakeError

Labels = NDArray[np.uint8]  # (side, side): 0, 1, 2 as in contracts
FAINT = 0.02  # the least margin round a cell, in parts of its crop


@dataclass(frozen=True)
class Ellipse:
    """A shape in a square picture; lengths in parts of its side."""

    x: float
    y: float
    across: float  # half its width, before it is turned
    down: float  # half its height
    turn: float = 0.0  # degrees clockwise

    def covers(self, side: int) -> NDArray[np.bool_]:
        """The pixels `(side, side)` within it."""
        at = (np.arange(side) + 0.5) / side
        x, y = np.meshgrid(at - self.x, at - self.y)
        angle = np.deg2rad(self.turn)
        along, beside = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        inside: NDArray[np.bool_] = (along / self.across) ** 2 + (beside / self.down) ** 2 <= 1
        return inside


CELL_SHAPE, NUCLEUS_SHAPE = Ellipse(0.5, 0.5, 0.36, 0.32), Ellipse(0.5, 0.5, 0.13, 0.12)  # usual


@dataclass(frozen=True)
class Control:
    """What steers a cell: outlines, or the edges of a picture."""

    labels: Labels | None  # None where it is edges
    picture: Image  # as the ControlNet is given it


def drawn_control(cell: Ellipse, nucleus: Ellipse, side: int) -> Control:
    """Outlines of two shapes; of the nucleus, what lies in the cell."""
    inside = cell.covers(side)
    labels = np.where(inside, CYTOPLASM, BACKGROUND).astype(np.uint8)
    labels[inside & nucleus.covers(side)] = NUCLEUS
    return of_labels(labels)


def of_labels(labels: Labels) -> Control:
    """The control that labels of pixels make: red the nucleus, green the cell."""
    nucleus, cell = labels == NUCLEUS, labels != BACKGROUND
    picture = np.stack([nucleus, cell, np.zeros_like(cell)], 2)
    return Control(labels, (picture * 255).astype(np.uint8))


def borders(labels: Labels, side: int) -> Image:
    """The borders of nucleus and cell as white lines on black, `(side, side, 3)`, as edges are."""
    large = resized(labels, side)
    lines = np.zeros((side, side), bool)
    for least in (CYTOPLASM, NUCLEUS):
        region = large >= least
        lines[:, 1:] |= region[:, 1:] != region[:, :-1]
        lines[1:] |= region[1:] != region[:-1]
    return np.repeat((lines * 255).astype(np.uint8)[..., None], 3, 2)


def framed(labels: Labels, side: int) -> Labels:
    """Labels `(height, width)` of any picture as those of a crop of its cell, with the margin that
    the crops have which generators learn from, squashed to a square.

    Raises IntakeError where there is no cell.
    """
    from cervix_models.data.masks import CROP_MARGIN  # brings scikit-image

    rows, columns = (np.flatnonzero((labels != BACKGROUND).any(axis)) for axis in (1, 0))
    if not len(rows):
        raise IntakeError(
            "The labels hold no cell; pixels of 1 (cytoplasm) and 2 (nucleus) were expected. "
            "Choose a picture with a cell."
        )
    edges = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    longer = max(edges[2] - edges[0], edges[3] - edges[1])
    around = float(np.clip(CROP_MARGIN, FAINT * longer, longer / 4))
    box = (edges[0] - around, edges[1] - around, edges[2] + around, edges[3] + around)
    cut = Pictures.fromarray(labels).transform(
        (side, side), Pictures.Transform.EXTENT, box, Pictures.Resampling.NEAREST
    )
    return np.asarray(cut)


def resized(labels: Labels, side: int) -> Labels:
    """Square labels at another side."""
    return np.asarray(Pictures.fromarray(labels).resize((side, side), Pictures.Resampling.NEAREST))


def size_of(labels: Labels) -> float | None:
    """The logarithm of the size in pixels of a cell whose square crop has these labels, by the
    margin round it, which is as wide in all crops; None where there is no cell."""
    from cervix_models.data.masks import CROP_MARGIN  # brings scikit-image

    side = len(labels)
    margins = []
    for axis in (0, 1):
        along = np.flatnonzero((labels != BACKGROUND).any(axis))
        if not len(along):
            return None
        margins.append((along[0] + side - 1 - along[-1]) / (2 * side))
    return float(np.log(CROP_MARGIN / max(FAINT, float(np.mean(margins)))))
