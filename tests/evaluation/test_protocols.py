"""Both protocols from what is kept of the folds: no image, no packed file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import DataError
from cervix_models.evaluation.held_out import CELLS, save_held_out
from cervix_models.evaluation.leaks import leak_figures, relatives
from cervix_models.evaluation.protocols import HeldOut, held_out_of, measured, paired
from tests import tiny


def _kept(weights, name: str, right: float, protocol: str = "cluster", seed: int = 0) -> None:
    """Held-out predictions of 60 made cells, right in about this part of them."""
    packed, random = tiny.packed(clusters=4, cells=3), np.random.default_rng(seed)
    answers = np.where(random.random(60) < right, packed.labels, (packed.labels + 1) % 5)
    rows = np.full((60, 5), 0.05) + 0.75 * np.eye(5)[answers]
    folds = np.arange(60) // 3 % 2 if protocol == "cluster" else np.arange(60) % 2
    found = {"positions": np.arange(60), "folds": folds, "probabilities": rows}
    save_held_out(weights / name, found, packed, CLASS_NAMES, protocol)


def test_what_is_kept_is_all_that_is_needed(tmp_path) -> None:
    _kept(tmp_path, "a", 0.8)
    held = held_out_of("a", tmp_path)
    packed = tiny.packed(clusters=4, cells=3)
    assert held.sha256 == packed.sha256
    assert held.clusters == packed.clusters
    assert held.classes == CLASS_NAMES
    np.testing.assert_array_equal(held.labels, packed.labels)
    np.testing.assert_array_equal(held.sizes, packed.sizes)


def test_what_is_known_of_the_cells_is_kept_once_for_all_models(tmp_path) -> None:
    _kept(tmp_path, "a", 0.8)
    _kept(tmp_path, "a", 0.8, "random")
    _kept(tmp_path, "b", 0.6)
    (shared,) = (tmp_path / CELLS).iterdir()
    assert "sha256" not in np.load(tmp_path / "b" / "held_out.npz")
    shared.unlink()
    with pytest.raises(DataError, match=rf"{shared.name} is missing; the cells that .*b"):
        held_out_of("b", tmp_path)


def test_both_protocols_stand_beside_each_other_with_their_difference(tmp_path) -> None:
    _kept(tmp_path, "a", 0.6)
    _kept(tmp_path, "a", 0.9, "random", seed=1)
    found = measured("a", tmp_path)
    one, two = (found[f"{each}_split"]["accuracy"]["value"] for each in ("cluster", "random"))
    gain = found["random_minus_cluster"]
    assert gain["value"] == pytest.approx(two - one)
    assert gain["low"] <= gain["value"] <= gain["high"]
    assert gain["only_this_right"] - gain["only_other_right"] == round(60 * gain["value"])
    assert found["summary"].startswith(f"right in {one:.1%} (")
    assert found["cluster_split"]["leak"]["cells_with_a_relative_learned"] == 0
    assert found["random_split"]["leak"]["cells_with_a_relative_learned"] == 1


def test_the_hardest_cells_are_those_whose_class_got_least(tmp_path) -> None:
    _kept(tmp_path, "a", 0.8)
    hardest = measured("a", tmp_path)["cluster_split"]["hardest"]
    given = [each["probability_of_true"] for each in hardest]
    assert given == sorted(given)
    assert all(each["true"] != each["read_as"] for each in hardest[:3])
    assert all(len(each["sha256"]) == 64 for each in hardest)


def test_recipes_are_compared_cell_by_cell(tmp_path) -> None:
    _kept(tmp_path, "a", 0.9)
    _kept(tmp_path, "b", 0.5, seed=1)
    found = measured("a", tmp_path, ("b", "never_trained"))["against"]
    assert set(found) == {"b"}
    assert found["b"]["value"] > 0.1
    assert found["b"]["cells"] == 60
    backwards = paired(held_out_of("b", tmp_path), held_out_of("a", tmp_path))
    assert backwards["value"] == pytest.approx(-found["b"]["value"])


def test_cells_are_paired_by_their_hash_and_not_by_their_place(tmp_path) -> None:
    _kept(tmp_path, "a", 0.7)
    held = held_out_of("a", tmp_path)
    order = np.random.default_rng(0).permutation(60)
    mixed = HeldOut(
        sha256=tuple(held.sha256[i] for i in order),
        probabilities=held.probabilities[order],
        labels=held.labels[order],
        clusters=tuple(held.clusters[i] for i in order),
        sizes=held.sizes[order],
        folds=held.folds[order],
        classes=held.classes,
    )
    assert paired(held, mixed)["value"] == 0
    strangers = replace(held, sha256=tuple("f" * 60 + f"{i:04d}" for i in range(60)))
    with pytest.raises(DataError, match="measured on different cells"):
        paired(held, strangers)


def test_what_was_not_measured_is_said(tmp_path) -> None:
    with pytest.raises(DataError, match=r"train a --protocol random"):
        held_out_of("a", tmp_path, "random")


def test_relatives_are_cells_of_the_same_cluster_in_other_folds() -> None:
    clusters, folds = ["a", "a", "a", "b", "b", "c"], np.array([0, 0, 1, 1, 1, 0])
    assert relatives(clusters, folds).tolist() == [1, 1, 2, 0, 0, 0]
    assert leak_figures(clusters, folds) == {
        "cells_with_a_relative_learned": 0.5,
        "relatives_learned_on_average": pytest.approx(4 / 6),
    }
