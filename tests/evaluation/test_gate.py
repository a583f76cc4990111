"""How the gate's ranges are chosen, and what they then refuse."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.evaluation.gate import (
    EACH,
    FAR,
    KEPT,
    as_columns,
    cross_refused,
    fit_ranges,
    fit_space,
    refused,
)


def test_few_held_out_cells_are_beyond_each_limit() -> None:
    random = np.random.default_rng(0)
    measures = {"contrast": random.normal(size=10_000), "distance": random.gamma(9, size=10_000)}
    ranges = fit_ranges(measures)
    low, high = ranges["contrast"]
    assert (measures["contrast"] < low).mean() == pytest.approx(EACH, abs=2e-4)
    assert (measures["contrast"] > high).mean() == pytest.approx(EACH, abs=2e-4)
    assert ranges["distance"][0] == 0
    assert (measures["distance"] > ranges["distance"][1]).mean() == pytest.approx(FAR, abs=2e-4)


def test_one_measure_outside_refuses() -> None:
    measures = {"a": np.array([0.0, 0.5, 0.5, 2.0]), "b": np.array([0.5, 0.5, -1.0, 0.5])}
    ranges = {"a": (0.0, 1.0), "b": (0.0, 1.0)}
    assert refused(measures, ranges).tolist() == [False, False, True, True]
    assert refused({"a": measures["a"]}, ranges).tolist() == [False, False, False, True]


def test_a_fold_is_judged_by_the_ranges_of_the_others() -> None:
    values = np.concatenate([np.linspace(0, 1, 1000), np.linspace(5, 6, 1000)])
    folds = np.repeat([0, 1], 1000)
    assert refused({"a": values}, fit_ranges({"a": values})).mean() < 0.01
    assert cross_refused({"a": values}, folds).all()
    assert cross_refused({"a": values % 1}, folds).mean() < 0.01


def test_rows_become_columns() -> None:
    columns = as_columns([{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}])
    assert {name: values.tolist() for name, values in columns.items()} == {
        "a": [1.0, 3.0], "b": [2.0, 4.0],
    }  # fmt: skip


def test_the_axes_of_a_space_are_square_to_each_other() -> None:
    cells = np.random.default_rng(0).normal(size=(300, 200)).astype(np.float32)
    space = fit_space(cells)
    assert space.axes.shape == (200, KEPT)
    np.testing.assert_allclose(space.axes.T @ space.axes, np.eye(KEPT), atol=1e-4)


def test_few_cells_or_narrow_embeddings_leave_something_to_measure() -> None:
    random = np.random.default_rng(0)
    for shape in ((20, 200), (200, 20)):
        space = fit_space(random.normal(size=shape).astype(np.float32))
        assert space.axes.shape == (shape[1], 10)
        assert space.typical[0] > 0.1
