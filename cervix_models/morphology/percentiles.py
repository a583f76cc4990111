"""Where a value lies among the cells of each class: the part of them that has less."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.table import TABLE, load_table
from cervix_models.morphology.ranges import MINIMUM_CELLS

Percentiles = dict[str, dict[str, float]]  # of class and feature, 0..100


def class_percentiles(values: Mapping[str, float], path: Path = TABLE) -> Percentiles:
    """The percentile of each value among the cells of each class, 0 to 100.

    Cells with the same value count half. The cells are those of the table that `data tables`
    writes, in pixels of their own pictures. A feature that fewer than MINIMUM_CELLS cells of a
    class have is left out of that class, and so is a value that is none. Raises DataError where
    there is no table.
    """
    return {
        name: {
            feature: _percentile(known[feature], value)
            for feature, value in values.items()
            if feature in known and value == value
        }
        for name, known in _sorted_values(path).items()
    }


@lru_cache(maxsize=2)
def _sorted_values(path: Path) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Of each class and feature the values of its cells, sorted."""
    table = load_table(path)
    out: dict[str, dict[str, NDArray[np.float32]]] = {}
    for index, name in enumerate(CLASS_NAMES):
        columns = table.features[table.labels == index].T
        known = {
            feature: np.sort(column[np.isfinite(column)])
            for feature, column in zip(table.names, columns, strict=True)
        }
        out[name] = {k: values for k, values in known.items() if len(values) >= MINIMUM_CELLS}
    return out


def _percentile(known: NDArray[np.float32], value: float) -> float:
    given = np.float32(value)  # as the table keeps them, so that equal values meet
    below, up_to = np.searchsorted(known, given, "left"), np.searchsorted(known, given, "right")
    return float(50 * (below + up_to) / len(known))
