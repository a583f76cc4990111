"""How the gate's ranges are chosen on held-out cells, and what it then refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cervix_models.gate import Space, unit_length

KEPT = 64  # axes of the embedding that are looked at; half of those there are, at most
EACH = 0.001  # the part of held-out cells beyond each limit of a quality or outline measure
FAR = 0.02  # the part of held-out cells beyond the limit of distance

Measures = Mapping[str, NDArray[np.float64]]  # by name, one value a cell
Ranges = dict[str, tuple[float, float]]


def fit_space(embeddings: NDArray[np.float32]) -> Space:
    """The space of known cells, from their embeddings `(n, width)`."""
    unit = unit_length(embeddings)
    mean = unit.mean(0)
    kept = min(KEPT, min(unit.shape) // 2)
    axes = np.linalg.svd(unit - mean, full_matrices=False)[2][:kept].T
    space = Space(mean, np.ascontiguousarray(axes), np.ones(1, np.float32))
    typical = np.array([space.distances(embeddings).mean()], np.float32)
    return replace(space, typical=typical)


def fit_ranges(measures: Measures) -> Ranges:
    """The range of each measure that leaves out few held-out cells on either side."""
    ranges: Ranges = {}
    for name, values in measures.items():
        low, high = np.quantile(values, [EACH, 1 - EACH])
        if name == "distance":
            low, high = 0.0, np.quantile(values, 1 - FAR)
        ranges[name] = (float(low), float(high))
    return ranges


def refused(measures: Measures, ranges: Ranges) -> NDArray[np.bool_]:
    """Which pictures the gate refuses `(n,)`."""
    outside = [
        (values < ranges[name][0]) | (values > ranges[name][1]) for name, values in measures.items()
    ]
    return np.any(outside, axis=0)


def cross_refused(measures: Measures, folds: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which cells `(n,)` the gate refuses by ranges that were chosen on the other folds' cells."""
    out = np.zeros(len(folds), bool)
    for number in np.unique(folds):
        here = folds == number
        ranges = fit_ranges({name: values[~here] for name, values in measures.items()})
        out[here] = refused({name: values[here] for name, values in measures.items()}, ranges)
    return out


def as_columns(rows: Sequence[Mapping[str, float]]) -> dict[str, NDArray[np.float64]]:
    """Rows of measures as one array a measure."""
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
