"""Measures of made cells, where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from cervix_models.evaluation.generation import (
    frechet_distance,
    kernel_distance,
    kernel_distance_by_class,
    kernel_distance_gap,
    likeness,
    memorised,
    precision_and_recall,
    recognised,
    summarised,
)

RANDOM = np.random.default_rng(5)
ONE, TWO = RANDOM.normal(size=(2, 220, 12))


def test_the_kernel_distance_is_zero_between_alike_and_grows() -> None:
    same, near, far = (kernel_distance(ONE, TWO + shift) for shift in (0, 0.3, 1.0))
    assert same["low"] < 0 < same["high"]
    assert same["high"] < near["low"] < near["value"] < near["high"] < far["low"]
    assert kernel_distance(ONE, TWO) == same


def test_the_kernel_distance_of_each_class_with_enough_cells() -> None:
    labels = np.repeat([0, 1, 2], [109, 109, 2])
    made = np.where(labels[:, None] == 1, TWO + 1, TWO)
    found = kernel_distance_by_class((ONE, labels), (made, labels), ("a", "b", "c"))
    assert set(found) == {"a", "b"}
    assert found["a"]["value"] < found["b"]["low"]
    assert found["a"] == kernel_distance(ONE[:109], TWO[:109])


def test_the_kernel_distance_by_hand() -> None:
    real, made = np.array([[1.0, 0], [0, 1]]), np.array([[1.0, 1], [-1, 0]])

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 2 + 1) ** 3)

    across = np.mean([kernel(a, b) for a in real for b in made])
    wanted = kernel(*real) + kernel(*made) - 2 * across
    assert kernel_distance(real, made)["value"] == pytest.approx(wanted)


def test_the_frechet_distance_is_that_of_two_gaussians() -> None:
    made = TWO * 1.3 + 0.2
    spreads = [np.cov(each, rowvar=False) for each in (ONE, made)]
    moved = np.square(ONE.mean(0) - made.mean(0)).sum()
    root = np.real(sqrtm(spreads[0] @ spreads[1]))
    wanted = moved + np.trace(spreads[0] + spreads[1] - 2 * root)
    assert frechet_distance(ONE, made) == pytest.approx(wanted, rel=1e-6)


def test_precision_and_recall_tell_what_is_missing_from_what_is_wrong() -> None:
    left, right = ONE - 8, ONE + 8
    both = np.concatenate([left, right])
    half = precision_and_recall(both, left + 1e-6)
    assert half == {"precision": 1.0, "recall": 0.5}
    wrong = precision_and_recall(left, both + 1e-6)
    assert wrong == {"precision": 0.5, "recall": 1.0}


def test_cells_nearer_than_nearly_all_real_ones_are_flagged() -> None:
    usual = np.linspace(1, 2, 101)
    figures = memorised(usual, np.array([0.2, 1.005, 1.02, 3.0]))
    assert figures["flagged"] == 0.5
    assert figures["made_least"] == 0.2
    assert figures["real_first_percentile"] == pytest.approx(1.01)
    assert (figures["real_median"], figures["made_median"]) == pytest.approx((1.5, 1.0125))


def test_recognised_in_all_and_by_class() -> None:
    asked, found = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 1])
    assert recognised(asked, found, ("a", "b", "c")) == {
        "value": 0.8, "by_class": {"a": 0.5, "b": 1.0},
    }  # fmt: skip


def test_the_sentence_of_a_card_names_the_floor() -> None:
    figures = {
        **likeness(ONE, TWO + 1),
        "floor": likeness(ONE, TWO),
        "held_out": 220,
        "recognised": {"value": 0.9},
    }
    words = summarised(figures)
    assert "from 220 real cells of clusters held out" in words
    assert words.endswith("90.0% are taken for the class asked for")
    dice = {"nucleus": {"value": 0.871}, "cytoplasm": {"value": 0.9}}
    steered = summarised({**figures, "control": {"dice": dice}})
    assert steered.endswith("the nucleus is found by 0.871 and the cytoplasm by 0.900 (Dice)")


def test_the_nearer_of_two_generators_is_told_by_the_same_real_cells() -> None:
    near, far = TWO + 0.1, TWO + 1
    gap = kernel_distance_gap(ONE, near, far)
    assert gap["low"] <= gap["value"] <= gap["high"] < 0
    back = kernel_distance_gap(ONE, far, near)
    assert back["value"] == pytest.approx(-gap["value"], rel=0.2)
    same = kernel_distance_gap(ONE, near, near)
    assert same["low"] < 0 < same["high"]
