from __future__ import annotations

import hashlib

import numpy as np
import pytest

from cervix_models.data.importing import scan
from cervix_models.data.splits import (
    Cells,
    cells_of,
    check_disjoint,
    cluster_folds,
    held_out_hash,
    random_folds,
)
from cervix_models.errors import DataError
from tests.data import made


def cells(classes: int = 3, clusters: int = 20, each: int = 4) -> Cells:
    rows = [
        (f"class{c}", f"class{c}/{g:03d}", hashlib.sha256(f"{c} {g} {i}".encode()).hexdigest())
        for c in range(classes)
        for g in range(clusters)
        for i in range(each)
    ]
    return Cells(*(tuple(column) for column in zip(*rows, strict=True)))


@pytest.mark.parametrize("split", [cluster_folds, random_folds])
def test_every_cell_is_held_out_once_and_classes_are_even(split) -> None:
    given = cells()
    folds = split(given)
    assert len(folds) == 5
    assert sorted(np.concatenate([fold.held_out for fold in folds])) == list(range(240))
    for fold in folds:
        assert set(fold.train) | set(fold.held_out) == set(range(240))
        assert not set(fold.train) & set(fold.held_out)
        labels = given.take(fold.held_out).labels
        assert {labels.count(f"class{c}") for c in range(3)} == {16}


def test_cluster_folds_share_no_cluster_and_random_folds_do() -> None:
    given = cells()
    for fold in cluster_folds(given):
        check_disjoint(given, fold.train, fold.held_out)
    leaky = random_folds(given)[0]
    with pytest.raises(DataError, match=r"The split leaks: \d+ clusters are on both sides"):
        check_disjoint(given, leaky.train, leaky.held_out)


@pytest.mark.parametrize("split", [cluster_folds, random_folds])
def test_folds_depend_on_the_seed_and_not_on_the_order(split) -> None:
    given = cells()
    hashes = [fold.sha256 for fold in split(given)]
    assert hashes == [fold.sha256 for fold in split(given)]
    shuffled = given.take(np.random.default_rng(0).permutation(len(given)))
    assert hashes == [fold.sha256 for fold in split(shuffled)]
    assert hashes != [fold.sha256 for fold in split(given, seed=1)]
    assert len(set(hashes)) == 5


def test_the_hash_is_of_the_sorted_images() -> None:
    assert held_out_hash(["b", "a"]) == hashlib.sha256(b"a\nb").hexdigest()
    given = cells()
    fold = cluster_folds(given)[0]
    assert fold.sha256 == held_out_hash(given.take(fold.held_out).sha256)


def test_the_folds_are_the_ones_that_cards_name() -> None:
    assert cluster_folds(cells())[0].sha256.startswith("1d766724e872")
    assert random_folds(cells())[0].sha256.startswith("71d20d61c1b7")


def test_shared_images_and_positions_are_leaks() -> None:
    twice = Cells(("a", "a"), ("a/1", "a/2"), ("same", "same"))
    with pytest.raises(DataError, match="leaks: 1 images are on both sides"):
        check_disjoint(twice, [0], [1])
    with pytest.raises(DataError, match="leaks: 1 cells are on both sides"):
        check_disjoint(twice, [0, 1], [1])


def test_too_few_clusters_are_refused() -> None:
    few = cells(clusters=4)
    with pytest.raises(DataError, match="5 folds were asked for, but class0 has 4 clusters"):
        cluster_folds(few)
    assert len(random_folds(few)) == 5
    with pytest.raises(DataError, match="but class0 has 4 cells"):
        random_folds(cells(clusters=1))
    with pytest.raises(DataError, match="there are no cells"):
        cluster_folds(Cells((), (), ()))
    with pytest.raises(DataError, match="1 folds were asked for"):
        cluster_folds(cells(), k=1)


def test_the_cells_of_an_index_are_split_by_field(tmp_path) -> None:
    given = cells_of(scan(made.sipakmed_crops(tmp_path, clusters=3, cells=2)))
    assert len(given) == 30
    folds = cluster_folds(given, k=3)
    assert [len(fold.held_out) for fold in folds] == [10, 10, 10]
