"""What figures owe to cells that were photographed twice, worked out by hand."""

from __future__ import annotations

import numpy as np

from cervix_models.evaluation.near_copies import near_copies

HELD_OUT = {
    "sha256": ["a", "b", "c", "d", "e"],
    "folds": np.array([0, 1, 0, 0, 1]),
    "labels": np.array([0, 0, 1, 1, 1]),
    "probabilities": np.eye(2)[[0, 0, 0, 1, 1]],  # c is taken for the other class
}


def test_only_copies_in_another_fold_are_left_out() -> None:
    found = near_copies([("a", "b"), ("c", "d"), ("e", "unknown")], {"one": HELD_OUT})
    assert (found["count"], found["cells"]) == (3, 6)
    assert found["models"]["one"] == {
        "cells": 5, "seen_twice": 2, "accuracy": 0.8, "accuracy_without": 0.6667,
    }  # fmt: skip


def test_without_pairs_nothing_is_left_out() -> None:
    found = near_copies([], {"one": HELD_OUT})
    assert found["models"]["one"]["accuracy_without"] == found["models"]["one"]["accuracy"]
