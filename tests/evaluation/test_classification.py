"""Figures of a classifier, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.evaluation.classification import (
    Predicted,
    calibration_error,
    classification_figures,
    confusion,
    difference,
    interval_of,
    reliability,
)


def _sure(answers, confidence: float = 1.0) -> np.ndarray:
    """Probabilities whose top is the answer, with this confidence."""
    rest = (1 - confidence) / 4
    return np.where(np.eye(5)[np.asarray(answers)] == 1, confidence, rest)


# Truth 0 0 1 1 2 3 4 4, answers 0 1 1 1 2 3 4 0.
LABELS = np.array([0, 0, 1, 1, 2, 3, 4, 4])
ANSWERS = np.array([0, 1, 1, 1, 2, 3, 4, 0])


@pytest.fixture(scope="module")
def figures():
    given = Predicted(_sure(ANSWERS, 0.8), LABELS, [f"c{i}" for i in range(8)])
    return classification_figures(given)


def test_the_table_of_confusion_has_the_truth_in_its_rows() -> None:
    table = confusion(ANSWERS, LABELS)
    assert table.tolist() == [
        [1, 1, 0, 0, 0],
        [0, 2, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 1, 0],
        [1, 0, 0, 0, 1],
    ]
    assert table[4, 0] == 1


def test_accuracy_and_f1_by_hand(figures) -> None:
    assert figures["accuracy"]["value"] == pytest.approx(6 / 8)
    by_class = [1 / 2, 4 / 5, 1, 1, 2 / 3]
    assert figures["macro_f1"]["value"] == pytest.approx(np.mean(by_class))
    found = [figures["classes"][name]["f1"]["value"] for name in CLASS_NAMES]
    assert found == pytest.approx(by_class)
    first = figures["classes"][CLASS_NAMES[0]]
    assert (first["precision"]["value"], first["recall"]["value"], first["cells"]) == (0.5, 0.5, 2)
    assert figures["classes"][CLASS_NAMES[1]]["precision"]["value"] == pytest.approx(2 / 3)
    assert figures["macro_precision"]["value"] == pytest.approx((1 / 2 + 2 / 3 + 3) / 5)
    assert figures["macro_recall"]["value"] == pytest.approx((1 / 2 + 1 + 1 + 1 + 1 / 2) / 5)
    assert (figures["cells"], figures["clusters"]) == (8, 8)


def test_brier_by_hand(figures) -> None:
    right = 0.2**2 + 4 * 0.05**2
    wrong = 0.8**2 + 0.95**2 + 3 * 0.05**2
    assert figures["brier"]["value"] == pytest.approx((6 * right + 2 * wrong) / 8)


def test_calibration_error_by_hand(figures) -> None:
    assert figures["calibration_error"]["value"] == pytest.approx(abs(0.75 - 0.8))
    # Two bins: 4 cells at 0.9, 3 of them right; 2 cells at 0.5, both right.
    rows = np.vstack([_sure([0, 0, 0, 1], 0.9), _sure([2, 3], 0.5)])
    labels = np.array([0, 0, 0, 2, 2, 3])
    assert calibration_error(rows, labels) == pytest.approx((4 * 0.15 + 2 * 0.5) / 6)
    bins = reliability(rows, labels)
    assert [row["count"] for row in bins] == [2, 4]
    assert [row["accuracy"] for row in bins] == pytest.approx([1.0, 0.75])
    assert [row["confidence"] for row in bins] == pytest.approx([0.5, 0.9])


def test_certainty_falls_into_the_last_bin() -> None:
    (row,) = reliability(_sure([0, 1, 2]), np.array([0, 1, 2]))
    assert row == {"confidence": 1.0, "accuracy": 1.0, "count": 3}
    assert calibration_error(_sure([0, 1]), np.array([0, 1])) == 0


def test_the_order_of_answers_makes_the_area_under_the_curve() -> None:
    labels = np.repeat(np.arange(5), 6)
    given = Predicted(_sure(labels, 0.9), labels, [str(i) for i in range(30)])
    figures = classification_figures(given)
    assert figures["roc_auc"]["value"] == 1.0
    assert all(figures["classes"][name]["roc_auc"]["value"] == 1.0 for name in CLASS_NAMES)


def test_the_areas_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(1)
    labels = random.integers(5, size=200)
    rows = random.dirichlet(np.ones(5), 200).round(2) + 1e-3 * np.eye(5)[labels]  # with ties
    rows = rows / rows.sum(1, keepdims=True)
    figures = classification_figures(Predicted(rows, labels, [str(i) for i in range(200)]))
    wanted = roc_auc_score(labels, rows, multi_class="ovr")
    assert figures["roc_auc"]["value"] == pytest.approx(wanted)


def test_the_surest_cells_are_counted_first() -> None:
    rows = np.vstack([_sure([0] * 8, 0.9), _sure([1, 1], 0.5)])
    labels = np.array([0] * 8 + [0, 1])
    figures = classification_figures(Predicted(rows, labels, [str(i) for i in range(10)]))
    assert figures["accuracy_of_the_surest_80"]["value"] == 1.0
    assert figures["accuracy"]["value"] == pytest.approx(0.9)


def test_other_classes_are_named_as_they_are() -> None:
    rows, labels = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), np.array([0, 1, 1])
    given = Predicted(rows, labels, ["a", "b", "c"], ("benign", "malignant"))
    figures = classification_figures(given)
    assert set(figures["classes"]) == {"benign", "malignant"}
    assert figures["confusion"] == [[1, 0], [1, 1]]


def test_a_difference_is_paired_and_drawn_by_cluster() -> None:
    right = np.array([True, True, True, False] * 25)
    other = np.array([True, False, True, False] * 25)
    found = difference(right, other, [f"c{i // 4}" for i in range(100)])
    assert found == {"value": 0.25, "low": 0.25, "high": 0.25}  # every cluster gains alike
    apart = difference(right, other, [f"c{i}" for i in range(100)])
    assert apart["low"] < 0.25 < apart["high"]
    assert interval_of(right, ["c"] * 100)["value"] == 0.75


def _homogeneous() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """40 clusters of 25 cells; in each, all cells are right or all are wrong."""
    labels = np.tile(np.arange(5), 200)
    at = np.repeat(np.arange(40), 25)
    wrong = at % 4 == 0
    return _sure(np.where(wrong, (labels + 1) % 5, labels), 0.8), labels, [f"c{i}" for i in at]


def test_clusters_that_are_alike_make_the_interval_wider() -> None:
    rows, labels, clusters = _homogeneous()
    alike = classification_figures(Predicted(rows, labels, clusters))["accuracy"]
    alone = [str(i) for i in range(len(labels))]
    apart = classification_figures(Predicted(rows, labels, alone))["accuracy"]
    assert alike["value"] == apart["value"] == pytest.approx(0.75)
    for found in (alike, apart):
        assert found["low"] < 0.75 < found["high"]
    wide = 2 * 1.96 * np.sqrt(0.75 * 0.25 / 40)
    assert alike["high"] - alike["low"] == pytest.approx(wide, rel=0.15)
    # Means of 40 draws vary five times as much as means of 1000.
    assert (alike["high"] - alike["low"]) / (apart["high"] - apart["low"]) == pytest.approx(
        5, rel=0.2
    )


def test_the_interval_is_the_same_each_time_and_covers_the_value(figures) -> None:
    given = Predicted(_sure(ANSWERS, 0.8), LABELS, [f"c{i}" for i in range(8)])
    assert classification_figures(given) == figures
    for name in ("accuracy", "macro_f1", "brier", "calibration_error"):
        assert figures[name]["low"] <= figures[name]["value"] <= figures[name]["high"] + 1e-9


def test_the_names_of_clusters_do_not_matter() -> None:
    rows, labels, clusters = _homogeneous()
    shuffled = np.random.default_rng(0).permutation(len(labels))
    one = classification_figures(Predicted(rows, labels, clusters))
    two = classification_figures(
        Predicted(rows[shuffled], labels[shuffled], [clusters[i] for i in shuffled])
    )
    assert one["accuracy"] == pytest.approx(two["accuracy"])
