"""What leaks between the sides of a fold is found: clusters, pictures, near copies, made cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cervix_models.data.splits import Fold
from cervix_models.evaluation.leak_check import Origin, leaks_of, near_duplicates, turned
from tests import tiny
from tests.fakes import drawn_cell
from tests.made_trainings import patched


def fold(train, held_out) -> Fold:
    return Fold(np.array(train), np.array(held_out), "f" * 64)


@pytest.fixture(scope="module")
def packed():
    made = tiny.packed(clusters=2, cells=1, side=64)  # two cells a class, ten in all
    images = np.stack([drawn_cell(64, 100 + 7 * seed) for seed in range(len(made))])
    return replace(made, images=np.stack([patched(each, n) for n, each in enumerate(images)]))


def test_pictures_that_differ_are_no_duplicates(packed) -> None:
    assert near_duplicates(packed.images, np.arange(len(packed))) == []
    assert near_duplicates(packed.images, np.zeros(0, int)) == []


@pytest.mark.parametrize("way", range(8))
def test_a_copy_is_found_however_it_is_turned(packed, way) -> None:
    images = packed.images.copy()
    copy = np.stack([turned(images[1, ..., c], way) for c in range(3)], axis=-1)
    noise = np.random.default_rng(1).normal(0, 2, copy.shape)
    images[7] = np.clip(copy * 0.95 + noise, 0, 255)
    assert near_duplicates(images, np.arange(len(images))) == [(1, 7)]
    assert near_duplicates(images, np.array([0, 1, 2])) == []


def test_a_split_by_clusters_leaks_nothing(packed) -> None:
    assert leaks_of(packed, [fold(range(0, 10, 2), range(1, 10, 2))], {}) == []


def test_a_cluster_and_a_picture_on_both_sides_are_named(packed) -> None:
    clusters = list(packed.clusters)
    clusters[1] = clusters[0]
    sha256 = list(packed.sha256)
    sha256[3] = sha256[2]
    leaking = replace(packed, clusters=tuple(clusters), sha256=tuple(sha256))
    found = leaks_of(leaking, [fold(range(0, 10, 2), range(1, 10, 2))], {})
    assert [(each.kind, each.count) for each in found] == [("cluster", 1), ("image", 1)]
    assert found[0].named == (clusters[0],)
    assert "Fold 0: 1 held-out cells have cells of one cluster" in found[0].sentence
    assert leaks_of(leaking, [fold([4, 6], [1, 3])], {}) == []


def test_a_near_copy_on_both_sides_is_counted_once(packed) -> None:
    images = packed.images.copy()
    images[1] = images[0] // 2 + 20
    leaking = replace(packed, images=images)
    folds = [fold(range(0, 10, 2), range(1, 10, 2)), fold([2, 4], [0, 1])]
    (found,) = leaks_of(leaking, folds, {})
    assert (found.kind, found.fold, found.count) == ("near_duplicate", 0, 1)
    assert packed.clusters[1] in found.named[0]


def test_cells_made_of_held_out_ones_are_found(packed) -> None:
    sha256 = tuple(f"{n:02d}" * 32 for n in range(10))
    made = replace(packed, sha256=sha256)
    split = fold(range(0, 10, 2), range(1, 10, 2))
    turned_into = {sha256[0]: Origin(parent=sha256[1][:12])}
    (found,) = leaks_of(made, [split], turned_into)
    assert (found.kind, found.named) == ("synthetic_child", (sha256[1][:12],))
    assert leaks_of(made, [split], {sha256[0]: Origin(parent=sha256[2][:12])}) == []
    by_maker = {sha256[0]: Origin(weights="abc"), sha256[2]: Origin(weights="abc")}
    (found,) = leaks_of(made, [split], by_maker)
    assert (found.count, found.named) == (2, ("made by abc",))
    assert leaks_of(made, [split], by_maker, {"abc": [split.sha256]}) == []
