"""What a classifier that sees no scale would gain from the size of the crop."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cervix_models.evaluation.calibration import Folds
from cervix_models.evaluation.classification import Labels, Probabilities


def scale_figures(
    probabilities: Probabilities, sizes: NDArray[np.int64], labels: Labels, folds: Folds
) -> dict[str, Any]:
    """Accuracy of a logistic regression on the log-probabilities, without and with the crop's size.

    Each fold is answered by the regression of the others. `sizes` `(n, 2)` are width and height of
    the crop in pixels, whose logarithms are what is added.
    """
    seen = np.log(np.clip(probabilities, 1e-6, 1))
    with_size = np.hstack([seen, np.log(sizes)])
    return {
        "accuracy_without_size": _cross_fitted(seen, labels, folds),
        "accuracy_with_size": _cross_fitted(with_size, labels, folds),
    }


def _cross_fitted(columns: NDArray[np.float64], labels: Labels, folds: Folds) -> float:
    right = np.zeros(len(labels), bool)
    for fold in np.unique(folds):
        here = folds == fold
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        model.fit(columns[~here], labels[~here])
        right[here] = model.predict(columns[here]) == labels[here]
    return float(right.mean())
