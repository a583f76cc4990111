"""The SIPaKMeD cells as a whole, for the page that explores them: from the tables in git, and with
pictures where the set is imported."""

from __future__ import annotations

import io
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image as Pictures

from cervix_models.contracts import CYTOPLASM, NUCLEUS
from cervix_models.data.derived import (
    TABLES,
    MeanCells,
    Overlaps,
    load_map,
    load_means,
    load_overlaps,
)
from cervix_models.data.importing import find_sipakmed
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.pictures import png_of
from cervix_models.data.splits import Cells, cluster_folds, random_folds
from cervix_models.data.table import TABLE, load_table
from cervix_models.errors import DataError
from cervix_models.evaluation.held_out import held_masks, load_held_out
from cervix_models.evaluation.leaks import relatives
from cervix_models.evaluation.spreads import rank_correlations, rank_effects, side_by_side
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from cervix_models.settings import Settings

# Plissiti et al., SIPaKMeD, IEEE ICIP 2018: clusters and cells of the whole set
PUBLISHED = {
    "Dyskeratotic": (223, 813),
    "Koilocytotic": (238, 825),
    "Metaplastic": (271, 793),
    "Parabasal": (108, 787),
    "Superficial-Intermediate": (126, 831),
}
FOLDS = 5
SPLITS = 5  # random ones, to see how much what leaks depends on the draw
PAPER = (238, 238, 238)  # of a silhouette: ground, cytoplasm, nucleus
SHADES = {CYTOPLASM: (150, 180, 205), NUCLEUS: (40, 62, 90)}


@dataclass(frozen=True)
class Leak:
    """What one way of splitting lets through, parts of held-out cells, 0..1."""

    split: str  # "random" or "cluster"
    relatives: float  # with a cell of their own cluster among those that are learned from
    pixels: float  # that show pixels of a cell that is learned from
    cells: int  # held out, over all folds


@dataclass(frozen=True)
class Placed:
    """A crop of a cluster and where it lies, in pixels of the field, from its group's corner."""

    sha256: str
    left: int
    top: int
    width: int
    height: int


class DataSet:
    """All that is known of the cells. Threads may share one."""

    def __init__(self, settings: Settings, tables: Path = TABLES) -> None:
        """Reads nothing yet."""
        self.settings, self.tables = settings, tables

    @cached_property
    def cells(self) -> pd.DataFrame:
        """A row a cell: `sha256`, `label`, `cluster`, `width`, `height`, all features; `x` and `y`
        on the map; `said`, `probability` and `right` of the default classifier's network that never
        saw the cell. Raises DataError where a table is missing or the tables do not fit."""
        table, places = load_table(self.tables / TABLE.name), load_map(self.tables)
        if places.sha256 != table.sha256:
            raise DataError(
                f"The map in {self.tables} is of {len(places.sha256)} cells and the table of "
                f"{len(table.sha256)}; the same cells in one order were expected. Build both: "
                "python -m cervix_models data tables"
            )
        held = load_held_out(CLASSIFIER, self.settings.weights)
        known = {sha256: at for at, sha256 in enumerate(held["sha256"])}
        at = np.array([known.get(each, -1) for each in table.sha256])
        probabilities = np.where(at[:, None] >= 0, held["probabilities"][at], np.nan)
        classes = [each.decode() for each in held["classes"]]
        told = at >= 0
        said = [
            classes[row.argmax()] if ok else None
            for row, ok in zip(probabilities, told, strict=True)
        ]
        labels = [CLASS_NAMES[each] for each in table.labels]
        frame = pd.DataFrame({
            "sha256": table.sha256, "label": labels, "cluster": table.clusters,
            "width": table.sizes[:, 0], "height": table.sizes[:, 1],
            "x": places.places[:, 0], "y": places.places[:, 1],
            "said": said, "probability": np.nan_to_num(probabilities, nan=-1).max(1),
            "right": [a == b for a, b in zip(said, labels, strict=True)],
        })  # fmt: skip
        return frame.join(pd.DataFrame(table.features, columns=list(table.names)))

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The names of what is measured of each cell."""
        return load_table(self.tables / TABLE.name).names

    @cached_property
    def overlaps(self) -> Overlaps:
        """Every two crops that show the same pixels. Raises DataError."""
        return load_overlaps(self.tables)

    @cached_property
    def means(self) -> MeanCells:
        """The mean cell of each class. Raises DataError."""
        return load_means(self.tables)

    @cached_property
    def effects(self) -> pd.Series:
        """Of each feature, which part of what its ranks differ by goes with the class, largest
        first."""
        labels = self.cells["label"].map(CLASS_NAMES.index).to_numpy(np.int64)
        values = rank_effects(self.cells[list(self.features)].to_numpy(np.float64), labels)
        return pd.Series(values, index=list(self.features)).sort_values(ascending=False)

    @cached_property
    def correlations(self) -> pd.DataFrame:
        """Spearman's correlation of each two features."""
        names = list(self.features)
        found = rank_correlations(self.cells[names].to_numpy(np.float64))
        return pd.DataFrame(found, index=names, columns=names)

    @cached_property
    def neighbours(self) -> list[int]:
        """An order of the features in which those that go along with each other stand together."""
        return side_by_side(self.correlations.to_numpy())

    def counts(self) -> pd.DataFrame:
        """A row a class: clusters and cells as published, and of those that are known here."""
        grouped = self.cells.groupby("label")
        return pd.DataFrame(
            {
                "label": CLASS_NAMES,
                "clusters_published": [PUBLISHED[name][0] for name in CLASS_NAMES],
                "cells_published": [PUBLISHED[name][1] for name in CLASS_NAMES],
                "clusters": grouped["cluster"].nunique().reindex(CLASS_NAMES, fill_value=0).array,
                "cells": grouped.size().reindex(CLASS_NAMES, fill_value=0).array,
            }
        )

    @cached_property
    def clusters(self) -> pd.DataFrame:
        """A row a cluster: `cluster`, `label`, `cells`, the `pairs` of them that show the same
        pixels, and `overlapped`, the part of its cells that share pixels with another."""
        cluster_of = dict(zip(self.cells["sha256"], self.cells["cluster"], strict=True))
        pairs = Counter(cluster_of[each] for each in self.overlaps.first)
        inside: dict[str, set[str]] = defaultdict(set)
        for pair in zip(self.overlaps.first, self.overlaps.second, strict=True):
            inside[cluster_of[pair[0]]].update(pair)
        grouped = self.cells.groupby("cluster", sort=True)
        frame = grouped.agg(label=("label", "first"), cells=("sha256", "size")).reset_index()
        frame["pairs"] = [pairs[each] for each in frame["cluster"]]
        frame["overlapped"] = [
            len(inside[name]) / cells
            for name, cells in zip(frame["cluster"], frame["cells"], strict=True)
        ]
        return frame

    @cached_property
    def leaks(self) -> list[Leak]:
        """What random splits of the cells let through, and what one by clusters does."""
        cells = Cells(
            tuple(self.cells["label"]), tuple(self.cells["cluster"]), tuple(self.cells["sha256"])
        )
        ways = [("random", random_folds(cells, FOLDS, seed)) for seed in range(SPLITS)]
        found = []
        for split, folds in [*ways, ("cluster", cluster_folds(cells, FOLDS, 0))]:
            numbers = np.zeros(len(cells), np.int64)
            for number, fold in enumerate(folds):
                numbers[fold.held_out] = number
            known = relatives(cells.clusters, numbers) > 0
            found.append(Leak(split, float(known.mean()), self._seen_before(numbers), len(cells)))
        return found

    def _seen_before(self, folds: NDArray[np.int64]) -> float:
        """The part of cells that share pixels with one of another fold."""
        at = {sha256: row for row, sha256 in enumerate(self.cells["sha256"])}
        seen = np.zeros(len(folds), bool)
        for first, second in zip(self.overlaps.first, self.overlaps.second, strict=True):
            pair = at[first], at[second]
            if folds[pair[0]] != folds[pair[1]]:
                seen[list(pair)] = True
        return float(seen.mean())

    def laid_out(self, cluster: str) -> list[list[Placed]]:
        """The crops of a cluster in groups that hang together by the pixels they share, each laid
        where it lies to the others; the largest group first. Raises DataError for no cluster."""
        rows = self.cells[self.cells["cluster"] == cluster]
        if rows.empty:
            raise DataError(
                f"There is no cluster {cluster!r} in the table of cells; one such as "
                f"{self.cells['cluster'].iloc[0]!r} was expected. Choose one of the list."
            )
        shifts: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
        wanted = set(rows["sha256"])
        for first, second, (across, down) in zip(
            self.overlaps.first, self.overlaps.second, self.overlaps.shifts.tolist(), strict=True
        ):
            if first in wanted:
                shifts[first].append((second, across, down))
                shifts[second].append((first, -across, -down))
        sizes = {row.sha256: (int(row.width), int(row.height)) for row in rows.itertuples()}
        return _groups(list(rows["sha256"]), shifts, sizes)

    def is_imported(self) -> bool:
        """Whether pictures of the cells are here."""
        return find_sipakmed(self.settings.home) is not None

    def picture(self, name: str) -> tuple[bytes, str]:
        """The picture of a cell, by its sha256 or its row in `cells`, and its media type: its own
        file where SIPaKMeD is imported, else its outlines as a silhouette of the same size. Raises
        DataError for an unknown cell."""
        sha256 = self._sha256_of(name)
        index = find_sipakmed(self.settings.home)
        row = next((each for each in index.rows if each.sha256 == sha256), None) if index else None
        if index is not None and row is not None:
            out = io.BytesIO()
            with Pictures.open(index.root / row.path) as opened:
                opened.convert("RGB").save(out, "JPEG", quality=92)
            return out.getvalue(), "image/jpeg"
        return self._silhouette(sha256), "image/png"

    def _sha256_of(self, name: str) -> str:
        if not re.fullmatch("[0-9]{1,7}", name):
            return name
        if int(name) < len(self.cells):
            return str(self.cells["sha256"].iloc[int(name)])
        raise DataError(
            f"No cell has the row {name}; a number under {len(self.cells)} was expected. Take it "
            "from the table."
        )

    def _silhouette(self, sha256: str) -> bytes:
        mask = held_masks(SEGMENTER, self.settings.weights).get(sha256)
        size = self._sizes.get(sha256)
        if size is None or mask is None:
            raise DataError(
                f"No cell {sha256[:12]} is in the table of cells; the sha256 of one was expected. "
                "Take it from the table."
            )
        labels = np.asarray(Pictures.fromarray(mask).resize(size, Pictures.Resampling.NEAREST))
        out = np.full((*labels.shape, 3), PAPER, np.uint8)
        for part, shade in SHADES.items():
            out[labels == part] = shade
        return png_of(out)

    @cached_property
    def _sizes(self) -> dict[str, tuple[int, int]]:
        return {
            row.sha256: (int(row.width), int(row.height))
            for row in self.cells[["sha256", "width", "height"]].itertuples()
        }


def _groups(
    cells: list[str],
    shifts: dict[str, list[tuple[str, int, int]]],
    sizes: dict[str, tuple[int, int]],
) -> list[list[Placed]]:
    left, groups = dict.fromkeys(cells), []
    while left:
        start = next(iter(left))
        places, waiting = {start: (0, 0)}, [start]
        while waiting:
            one = waiting.pop()
            for other, across, down in shifts[one]:
                if other not in places:
                    places[other] = (places[one][0] + across, places[one][1] + down)
                    waiting.append(other)
        corner = [min(place[axis] for place in places.values()) for axis in (0, 1)]
        groups.append(
            [Placed(each, x - corner[0], y - corner[1], *sizes[each])
             for each, (x, y) in places.items()]
        )  # fmt: skip
        for each in places:
            del left[each]
    return sorted(groups, key=len, reverse=True)
