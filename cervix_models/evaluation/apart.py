"""Which measurements part two classes of cells best, and how well: from the table of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.table import CellTable
from cervix_models.errors import DataError

ALIKE = 0.7  # of a correlation: a feature that says this much of what another says is left out
PERCENTILES = (5, 25, 50, 75, 95)
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Apart:
    """How one measurement parts two classes."""

    feature: str
    larger: float  # part of pairs in which the cell of the first class has more, ties half: 0..1
    one: tuple[float, ...]  # PERCENTILES of the first class
    other: tuple[float, ...]

    @property
    def effect(self) -> float:
        """The part of pairs that the better of both rules puts right, 0.5 to 1."""
        return max(self.larger, 1 - self.larger)


def best_apart(
    table: CellTable, one: str, other: str, features: Sequence[str], count: int
) -> list[Apart]:
    """The measurements of `features` that part two classes best, at most `count`, best first.

    The effect is the probability of superiority (McGraw and Wong, Psychol Bull 1992;111:361-365).
    A measurement that goes along with a better one within the classes is left out. Raises DataError
    where the table has no cells of a class.
    """
    firsts, others = _rows(table, one), _rows(table, other)
    found = []
    for name in features:
        column = table.features[:, table.names.index(name)].astype(np.float64)
        first, second = column[firsts], column[others]
        first, second = first[np.isfinite(first)], second[np.isfinite(second)]
        if len(first) and len(second):
            found.append(Apart(name, superiority(first, second), _spread(first), _spread(second)))
    found.sort(key=lambda each: (-each.effect, each.feature))
    chosen: list[Apart] = []
    for each in found:
        if len(chosen) == count:
            break
        if not any(_alike(table, each.feature, had.feature, firsts, others) for had in chosen):
            chosen.append(each)
    return chosen


def superiority(one: Values, other: Values) -> float:
    """The part of pairs in which the value of `one` is the larger; ties count half."""
    ordered = np.sort(other)
    below = np.searchsorted(ordered, one, "left")
    up_to = np.searchsorted(ordered, one, "right")
    return float(np.mean((below + up_to) / 2) / len(other))


def _rows(table: CellTable, name: str) -> NDArray[np.int64]:
    rows = np.flatnonzero(table.labels == CLASS_NAMES.index(name))
    if not len(rows):
        raise DataError(
            f"The table of cells has none of {name}; cells of both classes were expected. Measure "
            "the imported cells: python -m cervix_models data tables"
        )
    return rows


def _spread(values: Values) -> tuple[float, ...]:
    return tuple(float(each) for each in np.percentile(values, PERCENTILES))


def _alike(table: CellTable, one: str, other: str, *groups: NDArray[np.int64]) -> bool:
    """Whether two measurements go along with each other within the classes."""
    columns = np.array([table.names.index(one), table.names.index(other)])
    pairs = []
    for rows in groups:
        both = table.features[np.ix_(rows, columns)]
        both = both[np.isfinite(both).all(axis=1)].astype(np.float64)
        pairs.append((both - both.mean(axis=0)) / np.maximum(both.std(axis=0), 1e-12))
    joined = np.concatenate(pairs)
    return bool(abs(np.mean(joined[:, 0] * joined[:, 1])) > ALIKE)
