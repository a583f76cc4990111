"""Honest probabilities, sets that hold the truth, when to refer: all chosen on validation folds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.evaluation.classification import Labels, Probabilities
from cervix_models.predictors import conformal_members, tempered

ALPHA = 0.10  # a conformal set misses the true class in one cell of ten
WANTED_ACCURACY = 0.99  # of the cells that are given a class rather than referred

Folds = NDArray[np.int64]  # (n,) the fold that held each cell out


def fit_temperature(probabilities: Probabilities, labels: Labels) -> float:
    """The temperature of the least cross-entropy (Guo et al., ICML 2017), 0.2 to 5."""
    rows = np.arange(len(labels))

    def cost(temperature: float) -> float:
        return float(-np.log(tempered(probabilities, temperature)[rows, labels] + 1e-12).mean())

    return float(minimize_scalar(cost, bounds=(0.2, 5.0), method="bounded").x)


def fit_conformal(probabilities: Probabilities, labels: Labels) -> NDArray[np.float64]:
    """The least probability `(classes,)` with which each class enters a set.

    Class-conditional split conformal prediction (Vovk 2012; Sadinle, Lei and Wasserman 2019): of
    the cells of each class, at least 1 - ALPHA have their class in the set.
    """
    least = np.zeros(probabilities.shape[1])
    for index in range(len(least)):
        scores = np.sort(1 - probabilities[labels == index, index])
        rank = int(np.ceil((len(scores) + 1) * (1 - ALPHA))) - 1
        least[index] = 1 - scores[min(rank, len(scores) - 1)]
    return least


def fit_refer(probabilities: Probabilities, labels: Labels) -> float:
    """The least top probability from which on cells are right in WANTED_ACCURACY of cases."""
    top = probabilities.max(1)
    order = np.argsort(-top)
    right = (probabilities.argmax(1) == labels)[order]
    accuracy = np.cumsum(right) / np.arange(1, len(right) + 1)
    good = np.flatnonzero(accuracy >= WANTED_ACCURACY)
    return float(top[order[good[-1]]]) if len(good) else 1.0


def coverage_curve(probabilities: Probabilities, labels: Labels) -> list[dict[str, float]]:
    """Accuracy of the cells above a top probability, against the share of cells there are."""
    top = probabilities.max(1)
    order = np.argsort(-top)
    right = (probabilities.argmax(1) == labels)[order]
    accuracy = np.cumsum(right) / np.arange(1, len(right) + 1)
    at = np.unique(np.linspace(0.5, 1, 26) * len(right)).astype(int) - 1
    return [
        {
            "coverage": float((i + 1) / len(right)),
            "accuracy": float(accuracy[i]),
            "threshold": float(top[order[i]]),
        }
        for i in at
    ]


def cross_fitted(probabilities: Probabilities, labels: Labels, folds: Folds) -> dict[str, Any]:
    """What calibration is worth on cells it was not fitted to: each fold by the others' fit.

    Keys: `probabilities` (n, classes) calibrated, `members` (n, classes) bool of the conformal
    sets, `accepted` (n,) bool: given a class rather than referred.
    """
    out = np.zeros_like(probabilities)
    members = np.zeros(probabilities.shape, bool)
    accepted = np.zeros(len(labels), bool)
    for fold in np.unique(folds):
        here, there = folds == fold, folds != fold
        heat = fit_temperature(probabilities[there], labels[there])
        fitted = tempered(probabilities[there], heat)
        out[here] = tempered(probabilities[here], heat)
        members[here] = conformal_members(out[here], fit_conformal(fitted, labels[there]))
        accepted[here] = out[here].max(1) >= fit_refer(fitted, labels[there])
    return {"probabilities": out, "members": members, "accepted": accepted}


def conformal_figures(
    members: NDArray[np.bool_], labels: Labels, classes: Sequence[str] = CLASS_NAMES
) -> dict[str, Any]:
    """Coverage of the sets, over all cells and in each class, and how large they are."""
    held = members[np.arange(len(labels)), labels]
    sizes = members.sum(1)
    return {
        "alpha": ALPHA,
        "coverage": float(held.mean()),
        "classes": {n: float(held[labels == i].mean()) for i, n in enumerate(classes)},
        "sizes": {str(size): float((sizes == size).mean()) for size in np.unique(sizes)},
    }


def refer_figures(
    probabilities: Probabilities, accepted: NDArray[np.bool_], labels: Labels
) -> dict[str, float]:
    """The share of cells given a class, and how often it is right."""
    right = probabilities.argmax(1) == labels
    return {
        "coverage": float(accepted.mean()),
        "accuracy": float(right[accepted].mean()) if accepted.any() else 0.0,
    }


def fitted_calibration(
    probabilities: Probabilities, labels: Labels, classes: Sequence[str] = CLASS_NAMES
) -> dict[str, Any]:
    """What the product uses: fitted to all out-of-fold probabilities."""
    heat = fit_temperature(probabilities, labels)
    calibrated = tempered(probabilities, heat)
    least: Sequence[float] = fit_conformal(calibrated, labels).tolist()
    return {
        "temperature": heat,
        "conformal_least": dict(zip(classes, least, strict=True)),
        "refer_below": fit_refer(calibrated, labels),
    }
