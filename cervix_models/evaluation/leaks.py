"""How much of what is held out has close relatives among what was learned from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def relatives(clusters: Sequence[str], folds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each held-out cell, how many cells of its own cluster its fold's network learned from."""
    in_cluster = Counter(clusters)
    together = Counter(zip(clusters, folds.tolist(), strict=True))
    return np.array(
        [
            in_cluster[cluster] - together[cluster, fold]
            for cluster, fold in zip(clusters, folds.tolist(), strict=True)
        ],
        np.int64,
    )


def leak_figures(clusters: Sequence[str], folds: NDArray[np.int64]) -> dict[str, float]:
    """The part of held-out cells with a relative among the learned, and how many on average."""
    found = relatives(clusters, folds)
    return {
        "cells_with_a_relative_learned": float((found > 0).mean()),
        "relatives_learned_on_average": float(found.mean()),
    }
