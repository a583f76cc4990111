"""The gate of a classifier: fitted on held-out cells of a small packed set, tried on pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cervix_models.cards import load_card
from cervix_models.errors import DataError, WeightsError
from cervix_models.gate import REASONS, load_space
from cervix_models.recipes import Optimiser
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from cervix_models.services.reader import Reader
from cervix_models.training import gate as gate_module
from cervix_models.training.finish import finish
from cervix_models.training.gate import fit_gate, try_gate
from cervix_models.training.protocol import Plan
from tests import tiny

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """Settings, plans and figures of two small models with a fitted gate."""
    settings = tiny.settings_in(tmp_path_factory.mktemp("gate"))
    packed, runs = tiny.packed(clusters=4, cells=2, herlev=8), settings.home / "runs"
    optimiser = Optimiser(epochs=1, batch_size=10, learning_rate=1e-6)
    plans = [
        Plan(tiny.recipe(model, name=name, optimiser=optimiser), packed, runs, settings.weights)
        for model, name in (("cnn", CLASSIFIER), (tiny.register_outliner(), SEGMENTER))
    ]
    with pytest.MonkeyPatch.context() as patched:
        for module in ("classification", "segmentation"):
            patched.setattr(f"cervix_models.evaluation.{module}.DRAWS", 20)
        for plan in plans:
            finish(plan)
    return settings, plans[0], fit_gate(plans[0], CLASSIFIER, SEGMENTER, settings)


def test_ranges_are_those_of_held_out_cells(fitted) -> None:
    settings, plan, figures = fitted
    gate = load_card(CLASSIFIER, settings.weights).calibration["gate"]
    assert set(gate["ranges"]) == set(REASONS)
    assert gate["held_out_cells"] == figures["held_out_cells"] == 40
    assert gate["held_out_refused"] == figures["held_out_refused"]
    assert max(figures["refused_by"].values()) <= figures["held_out_refused"] < 0.5
    grey = plan.packed.images[plan.packed.where("sipakmed")] @ np.array([0.299, 0.587, 0.114])
    low, high = gate["ranges"]["brightness"]
    means = grey.mean((1, 2)) / 255
    assert means.min() - 0.01 < low < high < means.max() + 0.01


def test_a_reader_takes_the_fitted_gate(fitted) -> None:
    settings, plan, _ = fitted
    assert load_space(settings.weights / CLASSIFIER).mean.shape == (64,)
    reader = Reader(settings)
    blank = reader.read(np.full((90, 90, 3), 255, np.uint8))
    assert blank.decision == "refer"
    assert REASONS["brightness"][1] in blank.reasons
    seen = [reader.read(image) for image in plan.packed.images[:10]]
    assert sum(each.classification is not None for each in seen) >= 5


def test_pictures_that_are_no_cell_are_counted_by_kind(fitted, monkeypatch) -> None:
    settings, _, _ = fitted
    pictures = [(f"blank-{n:02d}", np.full((64, 64, 3), n * 60, np.uint8)) for n in range(4)]
    random = np.random.default_rng(0)
    pictures += [
        (f"noise-{n:02d}", random.integers(0, 256, (64, 64, 3), dtype=np.uint8)) for n in range(2)
    ]
    monkeypatch.setattr(gate_module, "non_cells", lambda: pictures)
    figures = try_gate(CLASSIFIER, SEGMENTER, settings)
    assert figures == {
        "non_cells": 6,
        "non_cells_refused": 1.0,
        "non_cells_refused_by_kind": {"blank": 1.0, "noise": 1.0},
    }
    gate = load_card(CLASSIFIER, settings.weights).calibration["gate"]
    assert gate["non_cells_refused"] == 1.0
    assert gate["held_out_cells"] == 40


def test_a_gate_needs_a_segmenter_and_the_folds_of_its_classifier(fitted, tmp_path) -> None:
    settings, classifier, _ = fitted
    elsewhere = replace(settings, weights=tmp_path)
    with pytest.raises(WeightsError, match=f"No weights of '{SEGMENTER}'"):
        fit_gate(classifier, CLASSIFIER, SEGMENTER, elsewhere)
    with pytest.raises(DataError, match=rf"Train them: python -m cervix_models train {CLASSIFIER}"):
        fit_gate(replace(classifier, runs=tmp_path), CLASSIFIER, SEGMENTER, settings)
