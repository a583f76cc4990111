"""Whole fields in one file: their pictures shrunk, their nuclei where they were annotated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cervix_models.__main__ import main
from cervix_models.data.composing import Composed, SingleCell, composed
from cervix_models.data.fields import load_fields, pack_composed, pack_fields, shrunk
from cervix_models.data.importing import import_dataset, scan
from cervix_models.data.packed import load_packed
from cervix_models.data.pictures import read_rgb
from cervix_models.errors import DataError
from tests.data import made


@pytest.fixture
def cric(tmp_path):
    """Two fields, of two nuclei and of one."""
    return scan(made.cric_fields(tmp_path / "cric"))


def test_fields_come_back_with_their_nuclei(tmp_path, cric) -> None:
    fields = load_fields(pack_fields([cric], tmp_path / "fields.npz", scale=0.5))
    assert len(fields) == 2
    assert fields.scale == 0.5
    assert [len(each) for each in fields.centres] == [2, 1]
    np.testing.assert_array_equal(fields.centres[0], [[150, 100], [2, 3]])
    assert fields.labels == (("LSIL", "HSIL"), ("Negative for intraepithelial lesion",))
    assert fields.sizes.tolist() == [[300, 200], [300, 200]]
    assert fields.sha256 == tuple(row.sha256 for row in cric.fields)
    wanted = shrunk(read_rgb(cric.root / "a.png"), 0.5).astype(float)
    assert fields.images[0].shape == (100, 150, 3)
    grey = [each.mean(2).ravel() for each in (fields.images[0], wanted)]
    assert np.corrcoef(*grey)[0, 1] > 0.7  # of noise, WebP keeps the grey alone


def _composed(seed: int) -> Composed:
    labels = np.zeros((40, 40), np.uint8)
    labels[8:32, 8:32], labels[16:24, 16:24] = 1, 2
    image = np.full((40, 40, 3), 120, np.uint8)
    cells = [SingleCell(label, image, labels) for label in ("Parabasal", "Metaplastic")]
    return composed(cells, seed)


def test_composed_fields_come_back_and_are_told_from_real_ones(tmp_path, cric) -> None:
    truth = [_composed(1), _composed(2)]
    made = load_fields(pack_composed(truth, "cellflux", tmp_path / "made.npz", scale=0.5))
    assert made.made_by == "cellflux"
    assert len(made) == 2
    for at, field in enumerate(truth):
        np.testing.assert_array_equal(made.centres[at], field.centres)
        assert sorted(made.labels[at]) == ["Metaplastic", "Parabasal"]
        assert made.sizes[at].tolist() == list(field.image.shape[1::-1])
    assert len(set(made.sha256)) == 2
    real = load_fields(pack_fields([cric], tmp_path / "fields.npz", scale=0.5))
    assert real.made_by == ""
    both = real + made
    assert (len(both), len(both.centres), both.sizes.shape) == (4, 4, (4, 2))
    with pytest.raises(DataError, match=r"Fields at 0\.500 and at 0\.250 of their size"):
        real + replace(made, scale=0.25)


def test_a_set_that_knows_no_nuclei_is_refused(tmp_path) -> None:
    crops = made.sipakmed_crops(tmp_path / "cells", suffix=".png", clusters=2, cells=1)
    with pytest.raises(DataError, match="None of the given data sets says where nuclei are"):
        pack_fields([scan(crops)], tmp_path / "fields.npz")


def test_files_of_cells_and_of_fields_are_told_apart(tmp_path, cric) -> None:
    path = pack_fields([cric], tmp_path / "fields.npz")
    with pytest.raises(DataError, match="is a cervix-fields-1; cervix-packed-1 was expected"):
        load_packed(path)


def test_the_command_packs_fields(tmp_path, cric, monkeypatch, capsys) -> None:
    monkeypatch.setenv("CERVIX_HOME", str(tmp_path / "home"))
    import_dataset(cric.root, tmp_path / "home")
    assert main(["data", "pack", "cric", "--fields"]) == 0
    assert "fields.npz" in capsys.readouterr().out
    assert len(load_fields(tmp_path / "home" / "fields.npz")) == 2
