from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cervix_models.data.cric import read_nuclei
from cervix_models.data.importing import scan
from cervix_models.data.intake import take_cell_image
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import is_marked
from cervix_models.data.masks import mask_of
from cervix_models.data.splits import cells_of, check_disjoint, cluster_folds

DATA = os.environ.get("CERVIX_DATA")
PUBLISHED_OR_PART = {(4049, 966), (3424, 793)}  # the weights were trained on the part

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA, reason="CERVIX_DATA does not name the image sets"),
]


@pytest.fixture(scope="module")
def sipakmed():
    return scan(Path(DATA) / "sipakmed")


@pytest.fixture(scope="module")
def herlev():
    return scan(Path(DATA) / "herlev")


def test_sipakmed_is_whole(sipakmed) -> None:
    assert sipakmed.source == "sipakmed"
    assert (len(sipakmed.cells), sipakmed.clusters) in PUBLISHED_OR_PART
    assert set(sipakmed.counts) == set(CLASS_NAMES)
    assert len({row.sha256 for row in sipakmed.rows}) == len(sipakmed.cells)


def test_sipakmed_splits_without_a_leak(sipakmed) -> None:
    cells = cells_of(sipakmed)
    for fold in cluster_folds(cells):
        check_disjoint(cells, fold.train, fold.held_out)
        labels = cells.take(fold.held_out).labels
        for name in CLASS_NAMES:
            part = labels.count(name) / sipakmed.counts[name]
            assert 0.18 < part < 0.22


def test_herlev_is_whole_and_its_masks_show_a_nucleus_each(herlev) -> None:
    assert herlev.source == "herlev"
    assert len(herlev.cells) == 726
    assert len(herlev.counts) == 7
    assert all((mask_of(herlev, row) == 2).any() for row in herlev.cells[::20])


def test_herlev_captures_stay_within_a_class(herlev) -> None:
    captures: dict[str, set[str]] = {}
    for row in herlev.cells:
        captures.setdefault(row.cluster.split("/")[1], set()).add(row.label)
    assert {len(labels) for labels in captures.values()} == {1}


def test_cric_is_whole() -> None:
    index = scan(Path(DATA) / "cric")
    assert (index.source, len(index.fields), index.cells) == ("cric", 60, ())
    sizes = {row.path: (row.width, row.height) for row in index.rows}
    for nucleus in read_nuclei(index.root):
        width, height = sizes[nucleus.image]
        assert -10 <= nucleus.x <= width + 10
        assert -10 <= nucleus.y <= height + 10


def test_real_cells_pass_the_door_as_they_are_and_unmarked(sipakmed, herlev) -> None:
    for index in (sipakmed, herlev):
        for row in index.cells[::40]:
            upload = (index.root / row.path).read_bytes()
            taken = take_cell_image(upload, row.path)
            with Image.open(index.root / row.path) as opened:
                assert not is_marked(opened)
                np.testing.assert_array_equal(taken.pixels, np.asarray(opened.convert("RGB")))
            assert not taken.synthetic
            assert taken.warnings == ()
