"""How far the classes differ in what is measured of their cells, and what goes along with what."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kruskal, rankdata

Values = NDArray[np.floating]


def rank_effects(features: Values, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Of each column of `(n, features)`, which part of what its ranks differ by goes with the
    classes `(n,)`: 0 none, 1 all; NaN where it cannot be told.

    Eta squared of the test of Kruskal and Wallis, (H - k + 1) / (n - k): Tomczak and Tomczak,
    Trends in Sport Sciences 2014;1:19-25.
    """
    return np.array([_effect(column, labels) for column in features.T])


def _effect(column: Values, labels: NDArray[np.int64]) -> float:
    known = np.isfinite(column)
    groups = [column[known & (labels == label)] for label in np.unique(labels[known])]
    count = int(known.sum())
    if len(groups) < 2 or count <= len(groups) or np.ptp(column[known]) == 0:
        return float("nan")
    statistic = float(kruskal(*groups).statistic)
    return max(0.0, (statistic - len(groups) + 1) / (count - len(groups)))


def rank_correlations(features: Values) -> NDArray[np.float64]:
    """Spearman's correlation of each two columns of `(n, features)`, by rows where all are known;
    NaN where a column does not vary."""
    whole = features[np.isfinite(features).all(axis=1)]
    ranks = rankdata(whole, axis=0)
    centred = ranks - ranks.mean(0)
    lengths = np.sqrt((centred**2).sum(0))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = (centred.T @ centred) / np.outer(lengths, lengths)
    return found


def side_by_side(correlations: NDArray[np.float64]) -> list[int]:
    """An order of the columns in which those that go along with each other stand together."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    apart = 1 - np.abs(np.nan_to_num(correlations)).clip(0, 1)
    apart = (apart + apart.T) / 2
    np.fill_diagonal(apart, 0)
    return [int(each) for each in leaves_list(linkage(squareform(apart, checks=False), "average"))]
