"""What the size of the crop would add to a classifier that does not see it."""

from __future__ import annotations

import numpy as np

from cervix_models.evaluation.scale import scale_figures


def _cells(tells: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities that leave two pairs of classes open, and sizes that may tell them apart."""
    random = np.random.default_rng(0)
    labels = np.tile(np.arange(5), 80)
    pair = np.where(labels < 4, labels // 2 * 2, 4)
    rows = np.stack([np.eye(5)[p] * 0.4 + np.eye(5)[min(p + 1, 4)] * 0.4 + 0.04 for p in pair])
    base = 100 + 60 * (labels % 2) if tells else np.full(400, 130)
    sizes = np.stack([base, base], 1) + random.integers(-8, 9, (400, 2))
    return rows / rows.sum(1, keepdims=True), sizes, labels


def test_sizes_that_tell_classes_apart_help() -> None:
    rows, sizes, labels = _cells(tells=True)
    found = scale_figures(rows, sizes, labels, np.arange(400) // 80)
    assert found["accuracy_without_size"] < 0.75
    assert found["accuracy_with_size"] > 0.95


def test_sizes_that_tell_nothing_do_not() -> None:
    rows, sizes, labels = _cells(tells=False)
    found = scale_figures(rows, sizes, labels, np.arange(400) // 80)
    assert abs(found["accuracy_with_size"] - found["accuracy_without_size"]) < 0.1
