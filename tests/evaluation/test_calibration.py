"""Temperature, conformal sets and the threshold to refer, on probabilities whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.evaluation import calibration
from cervix_models.evaluation.calibration import (
    conformal_figures,
    coverage_curve,
    cross_fitted,
    fit_conformal,
    fit_refer,
    fit_temperature,
    fitted_calibration,
    refer_figures,
)
from cervix_models.inference import softmax
from cervix_models.predictors import conformal_members, tempered


def _drawn(count: int, seed: int, spread: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Honest probabilities, and labels drawn from them."""
    random = np.random.default_rng(seed)
    rows = softmax(random.normal(0, spread, (count, 5)))
    labels = (random.random((count, 1)) > rows.cumsum(1)).sum(1)
    return rows, np.minimum(labels, 4)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 3.0])
def test_a_known_temperature_is_found_again(temperature) -> None:
    honest, labels = _drawn(6000, 0)
    given = tempered(honest, 1 / temperature)  # as sure as a network of this temperature
    assert fit_temperature(given, labels) == pytest.approx(temperature, rel=0.08)


def test_a_temperature_stays_within_its_bounds() -> None:
    rows, _ = _drawn(300, 1)
    assert fit_temperature(rows, rows.argmax(1)) == pytest.approx(0.2, abs=0.01)
    assert fit_temperature(tempered(rows, 0.05), rows.argmin(1)) == pytest.approx(5.0, abs=0.01)


def test_sets_hold_the_truth_as_often_as_promised() -> None:
    coverage = []
    for seed in range(8):
        rows, labels = _drawn(4000, seed)
        least = fit_conformal(rows[:2000], labels[:2000])
        found = conformal_figures(conformal_members(rows[2000:], least), labels[2000:])
        coverage.append(found["coverage"])
        assert min(found["classes"].values()) > 0.84
        assert sum(found["sizes"].values()) == pytest.approx(1)
    assert np.mean(coverage) == pytest.approx(0.9, abs=0.01)


def test_the_rank_of_a_set_is_that_of_the_formula() -> None:
    # 19 cells of class 0 with probabilities 0.05 ... 0.95: rank ceil(20 * 0.9) = 18 of 19.
    own = np.linspace(0.05, 0.95, 19)
    rows = np.column_stack([own, *[(1 - own) / 4] * 4])
    rows = np.vstack([rows, np.tile(np.eye(5)[1:], (20, 1))])
    labels = np.concatenate([np.zeros(19, int), np.tile(np.arange(1, 5), 20)])
    assert fit_conformal(rows, labels)[0] == pytest.approx(0.10)
    assert fit_conformal(rows, labels)[1:] == pytest.approx(1.0)


def test_figures_of_sets_by_hand() -> None:
    members = np.array([[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0],
                        [0, 0, 0, 1, 1], [0, 0, 0, 0, 0]], bool)  # fmt: skip
    found = conformal_figures(members, np.array([0, 1, 2, 3, 4, 4]))
    assert found["coverage"] == pytest.approx(5 / 6)
    assert found["classes"] == dict(zip(CLASS_NAMES, [1, 1, 1, 1, 0.5], strict=True))
    assert found["sizes"] == pytest.approx({"0": 1 / 6, "1": 3 / 6, "2": 2 / 6})


def _with_tops(tops, right) -> tuple[np.ndarray, np.ndarray]:
    tops = np.asarray(tops)
    rows = np.column_stack([tops, *[(1 - tops) / 4] * 4])
    return rows, np.where(right, 0, 1)


def test_the_threshold_is_the_least_that_is_right_often_enough() -> None:
    # 200 right, 3 wrong, 97 right: after all of them 297 of 300 are right, exactly 99 %.
    right = np.ones(300, bool)
    right[[200, 201, 202]] = False
    tops = np.linspace(0.99, 0.5, 300)
    rows, labels = _with_tops(tops, right)
    threshold = fit_refer(rows, labels)
    kept = rows.max(1) >= threshold
    assert right[kept].mean() >= 0.99
    assert kept.sum() == 300
    right[299] = False
    rows, labels = _with_tops(tops, right)
    assert fit_refer(rows, labels) == pytest.approx(tops[201])  # 200 of 202


def test_where_nothing_is_right_all_is_referred() -> None:
    rows, labels = _with_tops(np.linspace(0.9, 0.5, 20), np.zeros(20, bool))
    assert fit_refer(rows, labels) == 1.0
    accepted = rows.max(1) >= 1.0
    assert refer_figures(rows, accepted, labels) == {"coverage": 0.0, "accuracy": 0.0}


def test_what_referring_is_worth() -> None:
    rows, labels = _with_tops([0.9, 0.8, 0.7, 0.6], [True, True, False, True])
    accepted = np.array([True, True, True, False])
    found = refer_figures(rows, accepted, labels)
    assert found == pytest.approx({"coverage": 0.75, "accuracy": 2 / 3})


def test_the_curve_ends_where_all_cells_are_answered() -> None:
    rows, labels = _drawn(500, 3)
    curve = coverage_curve(rows, labels)
    assert curve[-1]["coverage"] == 1
    assert curve[-1]["accuracy"] == pytest.approx((rows.argmax(1) == labels).mean())
    assert curve[-1]["threshold"] == pytest.approx(rows.max(1).min())
    coverage = [row["coverage"] for row in curve]
    assert coverage == sorted(coverage)
    assert coverage[0] == pytest.approx(0.5)
    assert curve[0]["accuracy"] > curve[-1]["accuracy"]


def test_no_fold_is_calibrated_by_its_own_cells(monkeypatch) -> None:
    rows, labels = _drawn(300, 4)
    folds = np.arange(300) % 3
    marks = {row.tobytes(): fold for row, fold in zip(rows, folds, strict=True)}
    seen: list[set[int]] = []

    def spying(probabilities, truth):
        seen.append({int(marks[row.tobytes()]) for row in probabilities})
        return 1.0

    monkeypatch.setattr(calibration, "fit_temperature", spying)
    cross_fitted(rows, labels, folds)
    assert seen == [{1, 2}, {0, 2}, {0, 1}]


def test_labels_of_a_fold_do_not_touch_its_own_answers() -> None:
    rows, labels = _drawn(600, 5)
    folds = np.arange(600) % 3
    before = cross_fitted(rows, labels, folds)
    changed = labels.copy()
    changed[folds == 1] = (labels[folds == 1] + 1) % 5
    after = cross_fitted(rows, changed, folds)
    for key in ("probabilities", "members", "accepted"):
        np.testing.assert_array_equal(after[key][folds == 1], before[key][folds == 1])
    assert not np.allclose(after["probabilities"][folds == 0], before["probabilities"][folds == 0])


def test_too_sure_a_network_becomes_honest_across_folds() -> None:
    honest, labels = _drawn(6000, 6)
    sure = tempered(honest, 0.4)
    found = cross_fitted(sure, labels, np.arange(6000) % 5)
    np.testing.assert_allclose(found["probabilities"], honest, atol=0.05)
    np.testing.assert_allclose(found["probabilities"].sum(1), 1)
    coverage = conformal_figures(found["members"], labels)["coverage"]
    assert coverage == pytest.approx(0.9, abs=0.02)
    right = found["probabilities"].argmax(1) == labels
    assert right[found["accepted"]].mean() > 0.97


def test_what_the_product_uses_is_fitted_to_all() -> None:
    rows, labels = _drawn(1000, 7)
    fitted = fitted_calibration(rows, labels)
    assert fitted["temperature"] == fit_temperature(rows, labels)
    calibrated = tempered(rows, fitted["temperature"])
    assert tuple(fitted["conformal_least"]) == CLASS_NAMES
    assert list(fitted["conformal_least"].values()) == fit_conformal(calibrated, labels).tolist()
    assert fitted["refer_below"] == fit_refer(calibrated, labels)
