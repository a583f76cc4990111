"""Whether made cells help is measured on cells that neither learned from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cervix_models.__main__ import main
from cervix_models.cards import load_card
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import DataError
from cervix_models.recipes import Optimiser
from cervix_models.training import augmenting
from cervix_models.training.augmenting import measure_help
from cervix_models.training.protocol import Plan, folds_of
from tests import tiny

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture
def plan(tmp_path, monkeypatch) -> Plan:
    monkeypatch.setattr(augmenting, "SHARES", (0.5, 1.0))
    tiny.save_tiny(tmp_path / "weights", tiny.recipe("cgan"))
    packed = tiny.packed(clusters=6, cells=3)
    return Plan(tiny.recipe("cgan"), packed, tmp_path / "runs", tmp_path / "weights")


def test_every_arm_is_on_the_card_with_what_it_learned_from(plan) -> None:
    learner = tiny.recipe("cnn", optimiser=Optimiser(epochs=2, batch_size=8, learning_rate=2e-3))
    found = measure_help(plan, learner, draws=2)
    assert found["draws"] == 2
    assert load_card("tiny_cgan", plan.weights).metrics["help"] == found
    fold = folds_of(plan)[0]
    whole, arms = len(fold.train), {(x["real_share"], x["made"]): x for x in found["arms"]}
    assert set(arms) == {(0.0, True), (0.5, False), (0.5, True), (1.0, False), (1.0, True)}
    assert arms[0.0, True]["cells"] == arms[1.0, False]["cells"] == whole
    assert arms[1.0, True]["cells"] == 2 * whole
    assert 0 < arms[0.5, False]["cells"] <= whole / 2
    assert [each["real_share"] for each in found["gains"]] == [0.5, 1.0]
    gain = found["gains"][1]
    apart = (arms[1.0, value]["accuracy"]["value"] for value in (True, False))
    assert gain["value"] == pytest.approx(next(apart) - next(apart))
    assert gain["low"] <= gain["value"] <= gain["high"]
    for told in (*found["arms"], found["reverse"]):
        mean = sum(told["by_class"].values()) / len(CLASS_NAMES)  # classes are equally many here
        assert mean == pytest.approx(told["accuracy"]["value"], abs=1e-3)


def test_smaller_shares_are_whole_clusters_of_larger_ones(plan) -> None:
    rows = folds_of(plan)[0].train
    half, most = (augmenting._of_clusters(plan, rows, share, 0) for share in (0.4, 0.8))
    assert set(half) < set(most) < set(rows)
    assert np.array_equal(augmenting._of_clusters(plan, rows, 1.0, 0), rows)
    assert not np.array_equal(augmenting._of_clusters(plan, rows, 0.4, 1), half)
    kept = {plan.packed.clusters[at] for at in half}
    assert all((plan.packed.clusters[at] in kept) == (at in half) for at in rows)


def test_what_learned_from_real_cells_alone_serves_every_generator(plan, monkeypatch) -> None:
    learner = tiny.recipe("cnn", optimiser=Optimiser(epochs=1, batch_size=8))
    one = measure_help(plan, learner, draws=1)
    given = tiny.recipe("cgan", name="tiny_other")
    tiny.save_tiny(plan.weights, given)
    before = sorted((plan.runs / "help").rglob("final.safetensors"))
    times = [path.stat().st_mtime_ns for path in before]
    two = measure_help(replace(plan, recipe=given), learner, draws=1)
    assert [path.stat().st_mtime_ns for path in before] == times
    assert len(list((plan.runs / "help").rglob("final.safetensors"))) == len(before) + 3
    real = [[x for x in found["arms"] if not x["made"]] for found in (one, two)]
    assert real[0] == real[1]


def test_what_makes_no_cells_of_a_class_is_refused(plan) -> None:
    given = tiny.recipe("cyclegan")
    tiny.save_tiny(plan.weights, given)
    with pytest.raises(DataError, match="tiny_cyclegan is a translator; a generator"):
        measure_help(replace(plan, recipe=given), tiny.recipe("cnn"), draws=1)


def test_the_command_needs_a_known_recipe(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("CERVIX_HOME", str(tmp_path))
    assert main(["augment", "cgan", "--packed", str(tmp_path / "none.npz")]) == 2
    assert "none.npz" in capsys.readouterr().err
