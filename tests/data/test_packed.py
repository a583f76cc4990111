from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cervix_models.data.importing import scan
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.masks import mask_of
from cervix_models.data.packed import load_packed, pack, squash
from cervix_models.data.splits import cells_of, cluster_folds
from cervix_models.errors import DataError
from tests.data import made


@pytest.fixture
def indexes(tmp_path):
    crops = made.sipakmed_crops(tmp_path / "sipakmed")
    # Smooth cells: noise is not what a lossy code keeps.
    for number, path in enumerate(sorted(crops.rglob("*.jpg"))):
        ramp = np.linspace(100 + number, 250, 60 * 50 * 3).reshape(50, 60, 3).astype(np.uint8)
        Image.fromarray(ramp).save(path, quality=95)
    full = made.sipakmed_full(tmp_path / "full")
    return [scan(crops), scan(made.herlev(tmp_path / "herlev")), scan(full)]


def test_what_is_packed_comes_back(indexes, tmp_path) -> None:
    packed = load_packed(pack(indexes, tmp_path / "out" / "cells32.npz", size=32))
    rows = [(index, row) for index in indexes for row in index.cells]
    assert len(packed) == len(rows) == 28
    assert packed.images.shape == (28, 32, 32, 3)
    assert packed.images.dtype == packed.masks.dtype == np.uint8
    assert packed.sha256 == tuple(row.sha256 for _, row in rows)
    assert packed.classes == tuple(row.label for _, row in rows)
    assert packed.clusters == tuple(f"{index.source}/{row.cluster}" for index, row in rows)
    assert packed.source == ("sipakmed",) * 20 + ("herlev",) * 6 + ("sipakmed",) * 2
    np.testing.assert_array_equal(packed.sizes, [(row.width, row.height) for _, row in rows])
    assert packed.where("herlev").tolist() == list(range(20, 26))
    for label, name in zip(packed.labels, packed.classes, strict=True):
        assert label == (CLASS_NAMES.index(name) if name in CLASS_NAMES else -1)
    assert list((tmp_path / "out").iterdir()) == [tmp_path / "out" / "cells32.npz"]


def test_pictures_are_close_to_the_squashed_crops(indexes, tmp_path) -> None:
    packed = load_packed(pack(indexes[:1], tmp_path / "a.npz", size=32))
    for image, row in zip(packed.images, indexes[0].cells, strict=True):
        with Image.open(indexes[0].root / row.path) as opened:
            wanted = squash(np.asarray(opened.convert("RGB")), 32)
        error = ((image.astype(float) - wanted) ** 2).mean()
        assert 10 * np.log10(255**2 / error) > 35


def test_masks_come_back_exactly_and_only_where_there_are_some(indexes, tmp_path) -> None:
    packed = load_packed(pack(indexes, tmp_path / "a.npz", size=32))
    assert packed.has_mask.tolist() == [False] * 20 + [True] * 8
    assert (packed.masks[:20] == 255).all()
    rows = [(index, row) for index in indexes[1:] for row in index.cells]
    for mask, (index, row) in zip(packed.masks[20:], rows, strict=True):
        full = Image.fromarray(mask_of(index, row))
        wanted = np.asarray(full.resize((32, 32), Image.Resampling.NEAREST))
        np.testing.assert_array_equal(mask, wanted)
    assert set(np.unique(packed.masks[20])) == {0, 1, 2, 255}


def test_folds_of_the_packed_file_are_those_of_the_index(indexes, tmp_path) -> None:
    packed = load_packed(pack(indexes[:1], tmp_path / "a.npz", size=16))
    ours = [fold.sha256 for fold in cluster_folds(packed.cells, k=2)]
    assert ours == [fold.sha256 for fold in cluster_folds(cells_of(indexes[0]), k=2)]


def test_a_lower_quality_makes_a_smaller_file(indexes, tmp_path) -> None:
    small = pack(indexes, tmp_path / "a.npz", size=64, quality=20)
    large = pack(indexes, tmp_path / "b.npz", size=64, quality=95)
    assert small.stat().st_size < large.stat().st_size


def test_nothing_to_pack_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="No cell was found in the given data sets"):
        pack([scan(made.cric(tmp_path))], tmp_path / "a.npz")


def test_what_is_no_packed_file_is_refused(tmp_path) -> None:
    text, other, array = (tmp_path / name for name in ("a.npz", "b.npz", "c.npy"))
    text.write_text("no archive")
    np.savez(other, x=np.zeros(3))
    np.save(array, np.zeros(3))
    for path in (text, tmp_path / "missing.npz"):
        with pytest.raises(DataError, match="cannot be read as a packed data file"):
            load_packed(path)
    for path in (other, array):
        with pytest.raises(DataError, match="NumPy file of another kind"):
            load_packed(path)


def test_the_classes_are_those_of_the_file(indexes, tmp_path) -> None:
    crops = indexes[0]
    assert load_packed(pack(indexes, tmp_path / "a.npz", size=16)).names == CLASS_NAMES
    rows = tuple(replace(row, label=f"kind {n % 3}") for n, row in enumerate(crops.rows))
    other = replace(crops, source="folder", rows=rows)
    found = load_packed(pack([other], tmp_path / "b.npz", size=16))
    assert found.names == ("kind 0", "kind 1", "kind 2")
    assert [found.names[label] for label in found.labels] == list(found.classes)
    some = replace(crops, source="folder")
    assert load_packed(pack([some], tmp_path / "c.npz", size=16)).names == CLASS_NAMES


def test_a_file_of_another_format_is_refused(indexes, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("cervix_models.data.packed.FORMAT", "cervix-packed-0")
    path = pack(indexes[:1], tmp_path / "a.npz", size=16)
    monkeypatch.undo()
    with pytest.raises(DataError, match=r"is a cervix-packed-0; cervix-packed-1 was expected"):
        load_packed(path)
