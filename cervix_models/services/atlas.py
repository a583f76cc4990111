"""The atlas: which cells show a class at its plainest and at its hardest, by a model that had not
learned from them; where on a cell its criteria are seen; and what parts two classes."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cervix_models.contracts import Segmentation
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import mark_synthetic
from cervix_models.data.pictures import pixels_of
from cervix_models.data.samples import SEEDS, render_sample_with_mask
from cervix_models.data.table import CellTable, load_table
from cervix_models.evaluation.apart import Apart, best_apart
from cervix_models.evaluation.held_out import held_masks, load_held_out
from cervix_models.morphology.percentiles import class_percentiles
from cervix_models.morphology.ranges import Ranges, ranges_of
from cervix_models.services.cells import enlarged
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from cervix_models.services.imported import cell_pictures
from cervix_models.settings import Settings

Kind = Literal["typical", "borderline", "hardest"]
KINDS: tuple[Kind, ...] = ("typical", "borderline", "hardest")
EXAMPLES = 4  # of a kind and class
PLAIN = 0.75  # quantile of a class's margins from which a cell can be typical
# What a person can see; of the others each goes along with one of these, or says nothing of a cell.
SEEN = (
    "nucleus_area", "cytoplasm_area", "nucleus_cell_ratio", "nucleus_circularity",
    "cell_circularity", "nucleus_solidity", "cytoplasm_solidity", "nucleus_eccentricity",
    "cytoplasm_eccentricity", "nucleus_eccentric_location", "halo_contrast", "nucleus_green_mean",
    "cytoplasm_red_mean", "cytoplasm_green_mean", "cytoplasm_blue_mean", "nucleus_green_contrast",
    "cytoplasm_green_contrast",
)  # fmt: skip
PARTING = 3  # measurements that are shown of a pair
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """A cell of the data set, and what the networks that never saw its cluster said of it."""

    sha256: str
    label: str
    kind: Kind
    cluster: str
    width: int
    height: int
    said: str  # the class of the largest probability
    probability: float  # of that class
    own: float  # probability of the true class
    rival: str  # the class of the largest probability among the others
    margin: float  # own, less the probability of the rival: below 0 where the answer is wrong


@dataclass(frozen=True)
class AtlasCell:
    """A cell on which criteria are pointed out."""

    label: str
    picture: bytes  # image file
    outlines: Segmentation  # at the picture's size
    values: Mapping[str, float]  # its measurements; none of a drawn cell, which is no evidence
    drawn: bool  # by rule, and marked synthetic

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.outlines.nucleus.shape
        return width, height


@dataclass(frozen=True)
class Measured:
    """Where the cells of a class lie by one measurement, and one of them among these."""

    low: float  # the middle 90 % of the class
    high: float
    value: float | None = None  # of the cell
    percentile: float | None = None  # part of the class that has less, 0..100


@dataclass(frozen=True)
class Mixed:
    """How often the classifier took the cells of two classes for each other, held out."""

    one_as_other: int
    ones: int  # cells of the first class
    other_as_one: int
    others: int


class Atlas:
    """Chooses, points out and compares. Threads may share one."""

    def __init__(self, settings: Settings) -> None:
        """Reads nothing yet."""
        self.settings = settings
        self._lock = threading.Lock()
        self._held: dict[str, Any] | None = None
        self._table: CellTable | None = None
        self._ranges: Ranges | None = None
        self._chosen: dict[str, dict[Kind, tuple[Example, ...]]] | None = None

    def examples(self) -> dict[str, dict[Kind, tuple[Example, ...]]]:
        """The examples of each class and kind. Raises DataError where the classifier was not
        measured here, or there is no table of cells."""
        with self._lock:
            if self._chosen is None:
                self._chosen = choose(self._said(), self._cells(), EXAMPLES)
            return self._chosen

    def pictures(self) -> dict[str, bytes]:
        """The image files of all examples, by hash, of those that are imported here."""
        wanted = [each.sha256 for each in self._all_examples()]
        return cell_pictures(self.settings, wanted)

    def cell(self, example: Example, picture: bytes) -> AtlasCell:
        """An example with the outlines of the network that never saw it, at its own size.
        Raises DataError where the segmenter was not measured here."""
        pixels = pixels_of(picture, "RGB")
        labels = held_masks(SEGMENTER, self.settings.weights).get(example.sha256)
        if labels is None:
            empty = np.zeros(pixels.shape[:2], np.bool_)
            return AtlasCell(example.label, picture, Segmentation(empty, empty), {}, drawn=False)
        outlines = enlarged(labels, pixels.shape[:2])
        return AtlasCell(example.label, picture, outlines, self.values(example), drawn=False)

    def values(self, example: Example) -> dict[str, float]:
        """The measurements of an example, by the table; empty for a cell that is not in it. Raises
        DataError where there is none."""
        table = self._cells()
        if example.sha256 not in table.sha256:
            return {}
        row = table.features[table.at([example.sha256])[0]]
        known = zip(table.names, row, strict=True)
        return {name: float(each) for name, each in known if np.isfinite(each)}

    def drawn(self, label: str, seed: int = SEEDS[0]) -> AtlasCell:
        """A cell of the class drawn by rule and marked synthetic, with its true outlines. Raises
        DataError for a class that is none of the five."""
        image, outlines = render_sample_with_mask(label, seed)
        about = f"{label} cell drawn by the project's own renderer, seed {seed}"
        picture = mark_synthetic(image, about)
        return AtlasCell(label, picture, outlines, {}, drawn=True)

    def measured(self, cell: AtlasCell, features: Sequence[str]) -> dict[str, Measured]:
        """Where the class of a cell lies by these measurements, and the cell itself where it is
        real. Raises DataError where there is no table of cells."""
        ranges = self._spreads()[cell.label]
        values = {name: cell.values[name] for name in features if name in cell.values}
        shares = class_percentiles(values)[cell.label] if values else {}
        return {
            name: Measured(ranges[name].p5, ranges[name].p95, values.get(name), shares.get(name))
            for name in features
            if name in ranges
        }

    def apart(self, one: str, other: str) -> list[Apart]:
        """What parts two classes best. Raises DataError where there is no table of cells."""
        return best_apart(self._cells(), one, other, SEEN, PARTING)

    def mixed(self, one: str, other: str) -> Mixed:
        """How often the classifier took one for the other. Raises DataError where it was not
        measured here."""
        with self._lock:
            held = self._said()
        labels, answers = held["labels"].astype(int), held["probabilities"].argmax(axis=1)
        first, second = CLASS_NAMES.index(one), CLASS_NAMES.index(other)
        return Mixed(
            one_as_other=int(((labels == first) & (answers == second)).sum()),
            ones=int((labels == first).sum()),
            other_as_one=int(((labels == second) & (answers == first)).sum()),
            others=int((labels == second).sum()),
        )

    def _all_examples(self) -> list[Example]:
        return [
            one for kinds in self.examples().values() for some in kinds.values() for one in some
        ]

    def _said(self) -> dict[str, Any]:
        if self._held is None:
            self._held = load_held_out(CLASSIFIER, self.settings.weights)
        return self._held

    def _cells(self) -> CellTable:
        if self._table is None:
            self._table = load_table()
        return self._table

    def _spreads(self) -> Ranges:
        if self._ranges is None:
            self._ranges = ranges_of(self._cells())
        return self._ranges


def choose(
    held: Mapping[str, Any], table: CellTable, count: int
) -> dict[str, dict[Kind, tuple[Example, ...]]]:
    """Of each class at most `count` cells a kind, the same for the same answers and table.

    Hardest are those with the smallest margin below 0; borderline those of the others whose margin
    is nearest to 0; typical those nearest to the middle of their class by all measurements, among
    the cells whose margin is in the upper quarter, one a cluster.
    """
    margins = _margins(held["probabilities"], held["labels"])
    distances = _distances(held["sha256"], held["labels"], table)
    chosen: dict[str, dict[Kind, tuple[Example, ...]]] = {}
    for index, name in enumerate(CLASS_NAMES):
        rows = np.flatnonzero(held["labels"] == index)
        wrong = rows[margins[rows] < 0]
        hardest = _first(held, wrong, margins[wrong], count)
        rest = np.setdiff1d(rows, hardest)
        borderline = _first(held, rest, np.abs(margins[rest]), count)
        least = np.quantile(margins[rows], PLAIN) if len(rows) else 0.0
        plain = np.setdiff1d(rows[margins[rows] >= least], np.concatenate([hardest, borderline]))
        typical = _first(held, plain, distances[plain], count, apart=True)
        found = zip(KINDS, (typical, borderline, hardest), strict=True)
        chosen[name] = {
            kind: tuple(_example(held, margins, int(row), kind) for row in some)
            for kind, some in found
        }
    return chosen


def _margins(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> Values:
    """The probability of the true class less the largest of the others, of each cell."""
    at = np.arange(len(labels))
    others = probabilities.astype(np.float64)
    own = others[at, labels].copy()
    others[at, labels] = -np.inf
    return np.asarray(own - others.max(axis=1))


def _distances(sha256: Sequence[str], labels: NDArray[np.uint8], table: CellTable) -> Values:
    """How far each cell lies from the middle of its class: the mean over the measurements of the
    distance from the median in interquartile ranges; infinite for a cell that was not measured."""
    known = {each: row for row, each in enumerate(table.sha256)}
    rows = np.array([known.get(each, -1) for each in sha256])
    out = np.full(len(rows), np.inf)
    said_of_class = np.array(["orientation" not in name for name in table.names])
    for index in range(len(CLASS_NAMES)):
        cells = np.flatnonzero((labels == index) & (rows >= 0))
        if not len(cells):
            continue
        features = table.features[rows[cells]][:, said_of_class].astype(np.float64)
        low, middle, high = np.nanpercentile(features, (25, 50, 75), axis=0)
        steps = np.abs(features - middle) / np.maximum(high - low, 1e-9)
        complete = np.isfinite(steps).all(axis=1)
        out[cells[complete]] = np.clip(steps[complete], 0, 3).mean(axis=1)
    return out


def _first(
    held: Mapping[str, Any], rows: NDArray[np.int64], by: Values, count: int, *, apart: bool = False
) -> NDArray[np.int64]:
    """The `count` rows with the smallest values, the hash deciding between equals; with `apart` no
    two of one cluster."""
    order = sorted(range(len(rows)), key=lambda at: (by[at], held["sha256"][rows[at]]))
    chosen: list[int] = []
    clusters: set[bytes] = set()
    for at in order:
        cluster = bytes(held["clusters"][rows[at]])
        if len(chosen) == count:
            break
        if not (apart and cluster in clusters):
            chosen.append(int(rows[at]))
            clusters.add(cluster)
    return np.array(chosen, np.int64)


def _example(held: Mapping[str, Any], margins: Values, row: int, kind: Kind) -> Example:
    probabilities = held["probabilities"][row]
    label = int(held["labels"][row])
    said = int(probabilities.argmax())
    rival = int(np.where(np.arange(len(probabilities)) == label, -1, probabilities).argmax())
    width, height = (int(each) for each in held["sizes"][row])
    return Example(
        sha256=held["sha256"][row],
        label=CLASS_NAMES[label],
        kind=kind,
        cluster=bytes(held["clusters"][row]).decode(),
        width=width,
        height=height,
        said=CLASS_NAMES[said],
        probability=float(probabilities[said]),
        own=float(probabilities[label]),
        rival=CLASS_NAMES[rival],
        margin=float(margins[row]),
    )
