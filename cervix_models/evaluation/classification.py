"""How well probabilities tell the class: every figure with an interval by bootstrap over clusters.

Cells of one cluster share stain, focus and slide, so clusters are drawn again, not cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from cervix_models.data.labels import CLASS_NAMES

Probabilities = NDArray[np.float64]  # (n, classes), rows sum to one
Labels = NDArray[np.int64]  # (n,), index of the class
Right = NDArray[np.bool_] | NDArray[np.float64]  # (n,), whether, or how often of several times

BINS = 15  # of equal width, as in Guo et al., On calibration of modern neural networks, ICML 2017
DRAWS = 1000
COVERAGES = (0.8, 0.9, 0.95)  # parts of the cells that are answered, the surest first


@dataclass(frozen=True)
class Predicted:
    """Out-of-fold probabilities with the truth and the cluster of each cell."""

    probabilities: Probabilities
    labels: Labels
    clusters: Sequence[str]
    classes: tuple[str, ...] = CLASS_NAMES


def classification_figures(predicted: Predicted, seed: int = 0) -> dict[str, Any]:
    """Accuracy, F1, calibration and the rest: `{value, low, high}`, the 95 % interval.

    `classes` has precision, recall, F1 and area under the curve of each class against the rest.
    """
    probabilities, labels = predicted.probabilities, predicted.labels
    here = _all_scalars(probabilities, labels)
    drawn = [
        _all_scalars(probabilities[rows], labels[rows]) for rows in _draws(predicted.clusters, seed)
    ]
    intervals = [interval(column) for column in np.array(drawn).T]
    names = _names(predicted.classes)
    figures: dict[str, Any] = {"classes": {name: {} for name in predicted.classes}}
    for (group, name), value, between in zip(names, here, intervals, strict=True):
        place = figures if group is None else figures["classes"][group]
        place[name] = {"value": float(value), **between}
    for index, name in enumerate(predicted.classes):
        figures["classes"][name]["cells"] = int((labels == index).sum())
    answers = probabilities.argmax(1)
    figures["confusion"] = confusion(answers, labels, len(predicted.classes)).tolist()
    figures["reliability"] = reliability(probabilities, labels)
    figures["cells"] = len(labels)
    figures["clusters"] = len(set(predicted.clusters))
    return figures


def difference(
    right: Right, other: Right, clusters: Sequence[str], seed: int = 0
) -> dict[str, float]:
    """By how much `right` `(n,)` is more often true than `other` of the same cells, paired.

    `{value, low, high}` in parts of one, the interval by bootstrap over clusters.
    """
    gain = right.astype(float) - other.astype(float)
    drawn = [float(gain[rows].mean()) for rows in _draws(clusters, seed)]
    return {"value": float(gain.mean()), **interval(drawn)}


def interval_of(right: Right, clusters: Sequence[str], seed: int = 0) -> dict[str, float]:
    """The part of `right` `(n,)` that is true, `{value, low, high}`, by bootstrap over clusters."""
    return difference(right, np.zeros_like(right), clusters, seed)


def confusion(answers: Labels, labels: Labels, size: int = len(CLASS_NAMES)) -> NDArray[np.int64]:
    """Counts `(size, size)`: row the true class, column the answer."""
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


_OVERALL = (
    "accuracy",
    "macro_f1",
    "macro_precision",
    "macro_recall",
    "roc_auc",
    "calibration_error",
    "brier",
    *(f"accuracy_of_the_surest_{coverage:.0%}".replace("%", "") for coverage in COVERAGES),
)
_EACH = ("precision", "recall", "f1", "roc_auc")


def _names(classes: Sequence[str]) -> list[tuple[str | None, str]]:
    """What the numbers of _all_scalars are, in their order: of no class, or of which."""
    return [(None, name) for name in _OVERALL] + [(c, name) for name in _EACH for c in classes]


def _all_scalars(probabilities: Probabilities, labels: Labels) -> NDArray[np.float64]:
    size = probabilities.shape[1]
    table = confusion(probabilities.argmax(1), labels, size)
    hits, truth, said = np.diag(table), table.sum(1), table.sum(0)
    precision, recall = hits / np.maximum(said, 1), hits / np.maximum(truth, 1)
    f1 = 2 * hits / np.maximum(truth + said, 1)
    areas = np.array([_area(probabilities[:, i], labels == i) for i in range(size)])
    there, met = truth > 0, truth + said > 0
    top = probabilities.max(1)
    sorted_right = (probabilities.argmax(1) == labels)[np.argsort(-top, kind="stable")]
    overall = [
        hits.sum() / len(labels),
        f1[met].mean(),
        precision[met].mean(),
        recall[there].mean(),
        areas[there].mean(),
        calibration_error(probabilities, labels),
        ((probabilities - np.eye(size)[labels]) ** 2).sum(1).mean(),
        *(sorted_right[: max(1, round(part * len(labels)))].mean() for part in COVERAGES),
    ]
    return np.concatenate([overall, precision, recall, f1, areas])


def _area(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """The area under the ROC curve by ranks (Mann and Whitney, 1947); 0.5 where a side is empty."""
    yes = int(positive.sum())
    no = len(positive) - yes
    if not yes or not no:
        return 0.5
    return float((rankdata(scores)[positive].sum() - yes * (yes + 1) / 2) / (yes * no))


def _draws(clusters: Sequence[str], seed: int) -> list[NDArray[np.int64]]:
    """Rows of as many clusters as there are, drawn with replacement, DRAWS times."""
    names, at = np.unique(np.asarray(clusters), return_inverse=True)
    members = np.split(np.argsort(at, kind="stable"), np.cumsum(np.bincount(at))[:-1])
    random = np.random.default_rng(seed)
    picks = random.integers(len(names), size=(DRAWS, len(names)))
    return [np.concatenate([members[i] for i in pick]) for pick in picks]


def interval(values: Sequence[float] | NDArray[np.float64]) -> dict[str, float]:
    """`{low, high}`: the middle 95 % of values that were drawn."""
    low, high = np.percentile(values, [2.5, 97.5])
    return {"low": float(low), "high": float(high)}
