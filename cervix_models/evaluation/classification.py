"""How well probabilities tell the class: every figure with an interval by bootstrap over clusters.

Cells of one cluster share stain, focus and slide, so clusters are drawn again, not cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

from cervix_models.data.labels import CLASS_NAMES

Probabilities = NDArray[np.float64]  # (n, 5), rows sum to one
Labels = NDArray[np.int64]  # (n,), index in CLASS_NAMES

BINS = 15  # of equal width, as in Guo et al., On calibration of modern neural networks, ICML 2017
DRAWS = 1000


@dataclass(frozen=True)
class Predicted:
    """Out-of-fold probabilities with the truth and the cluster of each cell."""

    probabilities: Probabilities
    labels: Labels
    clusters: Sequence[str]


def classification_figures(predicted: Predicted, seed: int = 0) -> dict[str, Any]:
    """Accuracy, F1, calibration and the rest: `{value, low, high}` where with a 95 % interval."""
    probabilities, labels = predicted.probabilities, predicted.labels
    answers = probabilities.argmax(1)
    drawn = [
        _scalars(probabilities[rows], labels[rows]) for rows in _draws(predicted.clusters, seed)
    ]
    here = _scalars(probabilities, labels)
    figures: dict[str, Any] = {
        name: {"value": value, **_interval([each[name] for each in drawn])}
        for name, value in here.items()
    }
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, answers, labels=range(len(CLASS_NAMES)), zero_division=0.0
    )
    figures["classes"] = {
        name: {
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "cells": int(support[i]),
        }
        for i, name in enumerate(CLASS_NAMES)
    }
    figures["confusion"] = confusion(answers, labels).tolist()
    figures["roc_auc"] = float(roc_auc_score(labels, probabilities, multi_class="ovr"))
    figures["reliability"] = reliability(probabilities, labels)
    figures["cells"] = len(labels)
    figures["clusters"] = len(set(predicted.clusters))
    return figures


def confusion(answers: Labels, labels: Labels) -> NDArray[np.int64]:
    """Counts `(5, 5)`: row the true class, column the answer."""
    size = len(CLASS_NAMES)
    return np.bincount(labels * size + answers, minlength=size * size).reshape(size, size)


def calibration_error(probabilities: Probabilities, labels: Labels) -> float:
    """The expected calibration error of the top class, 0..1 (Guo et al. 2017)."""
    gaps = [
        row["count"] * abs(row["accuracy"] - row["confidence"])
        for row in reliability(probabilities, labels)
    ]
    return sum(gaps) / len(labels)


def reliability(probabilities: Probabilities, labels: Labels) -> list[dict[str, float]]:
    """The non-empty bins of top probability: how many cells, their mean confidence and accuracy."""
    top = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    bins = np.clip((top * BINS).astype(int), 0, BINS - 1)
    return [
        {
            "confidence": float(top[bins == b].mean()),
            "accuracy": float(right[bins == b].mean()),
            "count": int((bins == b).sum()),
        }
        for b in np.unique(bins)
    ]


def _scalars(probabilities: Probabilities, labels: Labels) -> dict[str, float]:
    table = confusion(probabilities.argmax(1), labels)
    hits = np.diag(table)
    truth_and_answers = table.sum(0) + table.sum(1)
    f1 = 2 * hits / np.maximum(truth_and_answers, 1)
    truth = np.eye(len(CLASS_NAMES))[labels]
    return {
        "accuracy": float(hits.sum() / len(labels)),
        "macro_f1": float(f1[truth_and_answers > 0].mean()),
        "calibration_error": calibration_error(probabilities, labels),
        "brier": float(((probabilities - truth) ** 2).sum(1).mean()),
    }


def _draws(clusters: Sequence[str], seed: int) -> list[NDArray[np.int64]]:
    """Rows of as many clusters as there are, drawn with replacement, DRAWS times."""
    names, at = np.unique(np.asarray(clusters), return_inverse=True)
    members = np.split(np.argsort(at, kind="stable"), np.cumsum(np.bincount(at))[:-1])
    random = np.random.default_rng(seed)
    picks = random.integers(len(names), size=(DRAWS, len(names)))
    return [np.concatenate([members[i] for i in pick]) for pick in picks]


def _interval(values: list[float]) -> dict[str, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return {"low": float(low), "high": float(high)}
