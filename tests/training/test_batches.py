"""Batches of packed cells: their size, their order, and groups that come alike."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
import torch

from cervix_models.errors import RecipeError
from cervix_models.training.batches import (
    CellRows,
    Share,
    SharedBatches,
    ShuffledBatches,
    cells_at,
)
from tests import tiny


@pytest.fixture(scope="module")
def packed():
    return tiny.packed(clusters=2, cells=1, herlev=4)


def _rows(batches) -> list[int]:
    return list(chain.from_iterable(batches))


def test_an_epoch_has_every_row_once_in_whole_batches() -> None:
    batches = ShuffledBatches(np.zeros(40, bool), 8, seed=0)
    epoch = list(batches)
    assert len(epoch) == len(batches) == 5
    assert {len(each) for each in epoch} == {8}
    assert sorted(_rows(epoch)) == list(range(40))


def test_a_rest_that_makes_no_whole_batch_is_left_for_another_epoch() -> None:
    batches = ShuffledBatches(np.zeros(43, bool), 8, seed=0)
    epochs = [_rows(batches) for _ in range(20)]
    assert all(len(set(each)) == len(each) == 40 for each in epochs)
    assert set(_rows(epochs)) == set(range(43))


def test_the_seed_decides_and_each_epoch_differs() -> None:
    one, two, other = (ShuffledBatches(np.zeros(40, bool), 8, seed=s) for s in (3, 3, 4))
    first = list(one)
    assert list(two) == first
    assert list(one) != first
    assert list(other) != first


def test_groups_are_alike_in_every_batch() -> None:
    groups = np.arange(60) < 10
    batches = ShuffledBatches(groups, 8, seed=0)
    epoch = list(batches)
    assert len(epoch) == 50 // 4
    for each in epoch:
        assert groups[each].sum() == 4
        assert len(each) == 8
    drawn = np.bincount(_rows(epoch), minlength=60)
    assert drawn[:10].min() >= 4  # the small group comes again and again, evenly
    assert drawn[:10].max() - drawn[:10].min() <= 1
    assert drawn[10:].max() == 1


def test_fewer_rows_than_a_batch_still_make_one() -> None:
    (only,) = ShuffledBatches(np.zeros(3, bool), 8, seed=0)
    assert len(only) == 8
    assert set(only) == {0, 1, 2}


def test_cells_keep_their_size_or_are_brought_to_another(packed) -> None:
    same = cells_at(packed, 64)
    assert same.images.shape == (14, 3, 64, 64)
    np.testing.assert_array_equal(same.images[3].permute(1, 2, 0), packed.images[3])
    np.testing.assert_array_equal(same.masks, packed.masks)
    small = cells_at(packed, 32)
    assert small.images.shape == (14, 3, 32, 32)
    assert small.images.dtype == small.masks.dtype == torch.uint8
    assert set(small.masks[-1].unique().tolist()) == {0, 1, 2}
    mean = packed.images.astype(float).mean((1, 2))
    np.testing.assert_allclose(small.images.float().mean((2, 3)), mean, atol=1)
    assert len(small) == 14


def test_labels_masks_and_margins_go_with_their_cells(packed) -> None:
    cells = cells_at(packed, 32)
    assert cells.labels.tolist() == packed.labels.tolist()
    assert cells.has_mask.tolist() == [False] * 10 + [True] * 4
    np.testing.assert_allclose(cells.margins, 10 / packed.sizes, rtol=1e-6)


def test_rows_are_those_that_were_chosen(packed) -> None:
    cells = cells_at(packed, 64)
    rows = CellRows(cells, np.array([5, 11, 2]))
    assert len(rows) == 3
    batch = rows[[2, 1]]
    assert torch.equal(batch["image"], cells.images[[2, 11]])
    assert batch["label"].tolist() == [int(packed.labels[2]), -1]
    assert batch["has_mask"].tolist() == [False, True]
    assert rows[0]["margin"].shape == (2,)


@pytest.mark.parametrize(("workers", "size"), [(2, 8), (3, 8), (4, 4), (8, 8)])
def test_workers_see_each_batch_once_between_them(workers, size) -> None:
    groups = np.arange(40) % 2 == 0
    whole = list(ShuffledBatches(groups, size, seed=0))
    parts = [
        list(SharedBatches(ShuffledBatches(groups, size, seed=0), Share(rank, workers)))
        for rank in range(workers)
    ]
    assert {len(each) for each in parts} == {len(whole)}
    for batch, *shares in zip(whole, *parts, strict=True):
        assert sorted(_rows(shares)) == sorted(batch)
        sizes = [len(each) for each in shares]
        assert max(sizes) - min(sizes) <= 1
        assert min(sizes) > 0


def test_workers_draw_alike_in_every_epoch() -> None:
    parts = [
        SharedBatches(ShuffledBatches(np.zeros(16, bool), 4, seed=1), Share(r, 2)) for r in (0, 1)
    ]
    assert len(parts[0]) == 4
    for _ in range(3):
        assert sorted(_rows(_rows(each) for each in map(list, parts))) == list(range(16))


def test_more_workers_than_rows_in_a_batch_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"5 workers .* batches of 4 rows.*CERVIX_RAY_WORKERS"):
        SharedBatches(ShuffledBatches(np.zeros(16, bool), 4, seed=1), Share(0, 5))


def test_watched_rows_are_shared_where_there_are_enough() -> None:
    rows = np.arange(5)
    assert [Share(rank, 2).of(rows).tolist() for rank in (0, 1)] == [[0, 2, 4], [1, 3]]
    assert Share(3, 6).of(rows).tolist() == rows.tolist()
