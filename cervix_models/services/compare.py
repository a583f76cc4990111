"""What several classifiers say of one cell, with the segmenter's outlines or with a person's; and
what several segmenters draw of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from cervix_models.contracts import BACKGROUND, CYTOPLASM, NUCLEUS, Decision, Image, Segmentation
from cervix_models.data.pictures import grey_png
from cervix_models.errors import MeasurementError
from cervix_models.evaluation.segmentation import dice_scores
from cervix_models.predictors import EnsembleReader
from cervix_models.services.reader import Reader

PARTS: Mapping[str, int] = {"nucleus": NUCLEUS, "cytoplasm": CYTOPLASM, "background": BACKGROUND}


@dataclass(frozen=True)
class Member:
    """One of those that an ensemble is the mean of."""

    name: str
    share: float
    probabilities: Mapping[str, float]

    @property
    def label(self) -> str:
        """The class it would name."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])


@dataclass(frozen=True)
class Opinion:
    """What one classifier says of a cell."""

    name: str
    decision: Decision
    label: str | None
    reasons: tuple[str, ...]
    probabilities: Mapping[str, float]  # also where it refers; empty where the picture is refused
    heat: bytes | None  # grey PNG, 255 the hottest; None where it has none
    members: tuple[Member, ...] = ()
    reads_outlines: bool = False

    @property
    def disagreement(self) -> float | None:
        """The largest total variation distance between two members, 0..1; None without members."""
        if len(self.members) < 2:
            return None
        return max(
            0.5 * sum(abs(one.probabilities[k] - two.probabilities[k]) for k in one.probabilities)
            for one, two in combinations(self.members, 2)
        )


@dataclass(frozen=True)
class Drawing:
    """What one segmenter draws of a cell."""

    name: str
    labels: NDArray[np.uint8]  # (height, width): 0, 1, 2 as in contracts
    agreement: Mapping[str, float]  # Dice of nucleus and cell with those of the first segmenter

    @property
    def pixels(self) -> Mapping[str, int]:
        """How many pixels nucleus and whole cell have."""
        nucleus, cell = self.labels == NUCLEUS, self.labels != BACKGROUND
        return {"nucleus": int(nucleus.sum()), "cell": int(cell.sum())}


def drawings(reader: Reader, image: Image, names: Sequence[str]) -> list[Drawing]:
    """What each named segmenter draws of a picture. Raises WeightsError."""
    drawn = [reader.outliner(name).predict([image])[0].labels() for name in names]
    return [
        Drawing(
            name,
            labels,
            {k: float(v[0]) for k, v in dice_scores(labels[None], drawn[0][None]).items()},
        )
        for name, labels in zip(names, drawn, strict=True)
    ]


def opinions(
    reader: Reader, image: Image, names: Sequence[str], mask: Segmentation | None = None
) -> tuple[Segmentation, list[Opinion]]:
    """The outlines used, and what each named classifier says. Raises WeightsError."""
    found = mask if mask is not None else reader.outlines.predict([image])[0]
    return found, [_opinion(reader, image, found, name) for name in names]


def _opinion(reader: Reader, image: Image, mask: Segmentation, name: str) -> Opinion:
    (finding,) = reader.judge([image], [mask], with_heat=True, classifier=name)
    cells = reader.voice(name).cells
    answer = finding.classification
    members: tuple[Member, ...] = ()
    if isinstance(cells, EnsembleReader) and answer:
        members = tuple(
            Member(each.card.name, share, each.predict([image], [mask])[0].probabilities)
            for each, share in zip(cells.readers, cells.shares, strict=True)
        )
    cards = (cells.card, *cells.members)
    return Opinion(
        name=name,
        decision=finding.decision,
        label=finding.label,
        reasons=finding.reasons,
        probabilities=answer.probabilities if answer else {},
        heat=None if finding.heat is None else grey_png((finding.heat * 255).astype(np.uint8)),
        members=members,
        reads_outlines=any(card.input.get("reads", "image") != "image" for card in cards),
    )


def repainted(
    labels: NDArray[np.uint8], painted: NDArray[np.bool_], part: str
) -> NDArray[np.uint8]:
    """The label picture with the painted pixels given to `part`.

    What is painted as cytoplasm leaves the nucleus as it is. Raises MeasurementError where the
    sizes differ or the part is none of PARTS.
    """
    if part not in PARTS or painted.shape != labels.shape:
        raise MeasurementError(
            f"{painted.shape} pixels were painted as {part!r} on a picture of {labels.shape}; one "
            f"of {', '.join(PARTS)} at the picture's own size was expected. Paint again."
        )
    out = labels.copy()
    where = painted & (labels != NUCLEUS) if part == "cytoplasm" else painted
    out[where] = PARTS[part]
    return out


def grown(labels: NDArray[np.uint8], pixels: int, part: str) -> NDArray[np.uint8]:
    """The label picture with the nucleus, or the whole cell where `part` is the cytoplasm, larger
    by so many pixels all round; smaller where they are negative.

    The nucleus grows within the cell, and what it gives up is cytoplasm; a smaller cell cuts its
    nucleus off. Raises MeasurementError where the part has no border.
    """
    if part not in ("nucleus", "cytoplasm"):
        raise MeasurementError(
            f"{part!r} was to grow by {pixels} pixels; nucleus or cytoplasm was expected. Choose "
            "one of these."
        )
    cell = labels != BACKGROUND
    inside = cell if part == "cytoplasm" else labels == NUCLEUS
    if not inside.any():
        return labels.copy()
    if pixels >= 0:
        after = distance_transform_edt(~inside) <= pixels
    else:
        after = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1] > -pixels
    out = np.full_like(labels, BACKGROUND)
    if part == "cytoplasm":
        out[after] = CYTOPLASM
        out[after & (labels == NUCLEUS)] = NUCLEUS
    else:
        out[cell] = CYTOPLASM
        out[cell & after] = NUCLEUS
    return out
