"""What a classifier is worth under each protocol, and what the random split adds: plain results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import DataError
from cervix_models.evaluation.calibration import (
    conformal_figures,
    coverage_curve,
    cross_fitted,
    fitted_calibration,
    refer_figures,
)
from cervix_models.evaluation.classification import (
    Labels,
    Predicted,
    Probabilities,
    calibration_error,
    classification_figures,
    difference,
)
from cervix_models.evaluation.held_out import HELD_OUT, load_held_out
from cervix_models.evaluation.leaks import leak_figures
from cervix_models.evaluation.scale import scale_figures

Protocol = Literal["cluster", "random"]
HARDEST = 12  # cells that a card names
PROTOCOLS: tuple[Protocol, ...] = ("cluster", "random")


@dataclass(frozen=True)
class HeldOut:
    """What the folds of a classifier said of the cells held out from them, with the truth."""

    sha256: tuple[str, ...]
    probabilities: Probabilities  # (n, classes), as the networks gave them
    labels: Labels
    clusters: tuple[str, ...]
    sizes: NDArray[np.int64]  # (n, 2), width and height in pixels
    folds: NDArray[np.int64]  # (n,), the fold that held each cell out
    classes: tuple[str, ...]

    @property
    def right(self) -> dict[str, bool]:
        """Whether each cell, by its hash, was told rightly."""
        answers = self.probabilities.argmax(1) == self.labels
        return dict(zip(self.sha256, map(bool, answers), strict=True))


def held_out_of(name: str, weights: Path, protocol: Protocol = "cluster") -> HeldOut:
    """What is kept of a measured classifier. Raises DataError where it was not measured so."""
    kept = load_held_out(name, weights, protocol)
    if "labels" not in kept:
        raise DataError(
            f"{HELD_OUT[protocol]} of {name} holds no classes; that of a classifier was expected. "
            f"Measure it again: python -m cervix_models train {name}"
        )
    return HeldOut(
        sha256=tuple(kept["sha256"]),
        probabilities=kept["probabilities"].astype(np.float64),
        labels=kept["labels"].astype(np.int64),
        clusters=tuple(each.decode() for each in kept["clusters"].tolist()),
        sizes=kept["sizes"].astype(np.int64),
        folds=kept["folds"].astype(np.int64),
        classes=tuple(each.decode() for each in kept["classes"].tolist()),
    )


def split_figures(held: HeldOut) -> dict[str, Any]:
    """All figures of one protocol; what is fitted is fitted on the other folds of each cell."""
    fair = cross_fitted(held.probabilities, held.labels, held.folds)
    predicted = Predicted(fair["probabilities"], held.labels, held.clusters, held.classes)
    return {
        **classification_figures(predicted),
        "conformal": conformal_figures(fair["members"], held.labels, held.classes),
        "refer": refer_figures(fair["probabilities"], fair["accepted"], held.labels),
        "coverage_curve": coverage_curve(fair["probabilities"], held.labels),
        "scale": scale_figures(held.probabilities, held.sizes, held.labels, held.folds),
        "leak": leak_figures(held.clusters, held.folds),
        "hardest": hardest(held, fair["probabilities"]),
        "uncalibrated_error": calibration_error(held.probabilities, held.labels),
    }


def hardest(held: HeldOut, probabilities: Probabilities) -> list[dict[str, Any]]:
    """The cells whose true class got the least probability, the worst first, by their hash."""
    given = probabilities[np.arange(len(held.labels)), held.labels]
    return [
        {
            "sha256": held.sha256[at],
            "true": held.classes[held.labels[at]],
            "read_as": held.classes[int(probabilities[at].argmax())],
            "probability_of_true": round(float(given[at]), 4),
        }
        for at in np.argsort(given, kind="stable")[:HARDEST]
    ]


def calibration_of(held: HeldOut) -> dict[str, Any]:
    """What the product uses: fitted to all held-out probabilities."""
    return fitted_calibration(held.probabilities, held.labels, held.classes)


def paired(one: HeldOut, other: HeldOut) -> dict[str, Any]:
    """By how much `one` is right more often than `other` on the cells that both were asked of."""
    ours, theirs = one.right, other.right
    rows = [at for at, each in enumerate(one.sha256) if each in theirs]
    if not rows:
        raise DataError(
            "The two models were measured on different cells, so nothing can be paired; the same "
            "images were expected. Measure both on the same data."
        )
    right = np.array([ours[one.sha256[at]] for at in rows])
    theirs_right = np.array([theirs[one.sha256[at]] for at in rows])
    return {
        **difference(right, theirs_right, [one.clusters[at] for at in rows]),
        "cells": len(rows),
        "only_this_right": int((right & ~theirs_right).sum()),
        "only_other_right": int((~right & theirs_right).sum()),
    }


def measured(name: str, weights: Path, against: tuple[str, ...] = ()) -> dict[str, Any]:
    """The metrics of a card: the figures of every protocol that was run, and what they differ by.

    Raises DataError where the clusters protocol was not run.
    """
    clusters = held_out_of(name, weights)
    figures: dict[str, Any] = {
        "summary": summary(split := split_figures(clusters), clusters),
        "cluster_split": split,
    }
    if (weights / name / HELD_OUT["random"]).is_file():
        random = held_out_of(name, weights, "random")
        figures["random_split"] = split_figures(random)
        figures["random_minus_cluster"] = paired(random, clusters)
    compared = {
        other: paired(clusters, held_out_of(other, weights))
        for other in against
        if (weights / other / HELD_OUT["cluster"]).is_file()
    }
    return {**figures, **({"against": compared} if compared else {})}


def summary(figures: Mapping[str, Any], held_out: HeldOut) -> str:
    """The figures of the cluster protocol in one line."""
    accuracy, folds = figures["accuracy"], int(held_out.folds.max()) + 1
    ours = held_out.classes == CLASS_NAMES
    asked, apart = ("cells", "clusters") if ours else ("images", "groups")
    return (
        f"right in {accuracy['value']:.1%} ({accuracy['low']:.1%} to {accuracy['high']:.1%}) of "
        f"{figures['cells']:,} {asked}, {folds} folds with {apart} kept apart"
    )
