"""How the items of a test did, by classical test theory: difficulty and discrimination.

Difficulty is the part of the people who were right, so that a high one is an easy item.
Discrimination is the corrected item-total correlation: the point-biserial correlation between being
right on the item and the number of the other items that were right (Henrysson 1963, Psychometrika
28:211; what is corrected is that an item correlates with itself).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cervix_models.errors import MeasurementError
from cervix_models.evaluation.detection import share

FEWEST = 3  # people; of two, the correlation is always one, minus one or none

Right = NDArray[np.bool_]  # (people, items)


def difficulties(right: Right) -> list[dict[str, float]]:
    """Of each item the part of the people who were right, with Wilson's interval.

    Raises MeasurementError where there is nobody.
    """
    _check(right)
    return [share(int(column.sum()), len(column)) for column in right.T]


def discriminations(right: Right) -> list[float | None]:
    """Of each item the corrected point-biserial correlation, -1..1; None where it is undefined:
    fewer than three people, all or none right, or all alike on the other items.

    Raises MeasurementError where there is nobody.
    """
    _check(right)
    return [_correlation(right[:, at], right.sum(axis=1) - right[:, at]) for at in _items(right)]


def _correlation(item: Right, rest: NDArray[np.int64]) -> float | None:
    if len(item) < FEWEST or item.all() or not item.any() or (rest == rest[0]).all():
        return None
    return float(np.corrcoef(item.astype(float), rest.astype(float))[0, 1])


def _items(right: Right) -> range:
    return range(right.shape[1])


def _check(right: Right) -> None:
    if right.ndim != 2 or not right.shape[0]:
        raise MeasurementError(
            f"The answers are an array of {right.shape}; expected people in rows, at least one, "
            "and items in columns. Wait until somebody has handed in."
        )
