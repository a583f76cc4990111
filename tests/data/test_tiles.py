"""Windows of whole fields: round known nuclei, or on a grid; inside the field, and packed."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cervix_models.data.importing import scan
from cervix_models.data.packed import load_all, load_packed, pack, pack_tiles
from cervix_models.data.tiles import tiles_of
from cervix_models.errors import DataError
from tests.data import made


@pytest.fixture
def cric(tmp_path):
    """Two fields of noise with three nuclei, one of them at the border."""
    return scan(made.cric_fields(tmp_path / "cric"))


def test_a_window_lies_round_each_nucleus_and_inside_the_field(cric) -> None:
    tiles = tiles_of(cric, 80)
    assert [tile.label for tile in tiles] == [
        "LSIL", "HSIL", "Negative for intraepithelial lesion",
    ]  # fmt: skip
    assert all(tile.image.shape == (80, 80, 3) for tile in tiles)
    with Image.open(cric.root / "a.png") as opened:
        field = np.asarray(opened)
    np.testing.assert_array_equal(tiles[0].image, field[60:140, 110:190])
    np.testing.assert_array_equal(tiles[1].image, field[:80, :80])
    assert len({tile.cluster for tile in tiles}) == 2


def test_fields_without_known_nuclei_are_cut_on_a_grid(tmp_path) -> None:
    folder = tmp_path / "fields"
    folder.mkdir()
    Image.fromarray(np.full((170, 250, 3), 90, np.uint8)).save(folder / "one.png")
    (folder / "boxes.csv").write_text("image,class,cell,x0,y0,width,height\n")
    tiles = tiles_of(scan(folder), 80)
    assert len(tiles) == 6
    assert {tile.label for tile in tiles} == {""}


def test_a_set_without_fields_is_refused(tmp_path) -> None:
    crops = made.sipakmed_crops(tmp_path / "cells", suffix=".png", clusters=2, cells=1)
    with pytest.raises(DataError, match="has no whole fields"):
        tiles_of(scan(crops))


def test_windows_are_packed_and_joined_to_cells(tmp_path, cric) -> None:
    crops = made.sipakmed_crops(tmp_path / "cells", suffix=".png", clusters=2, cells=1)
    one = pack([scan(crops)], tmp_path / "cells.npz", size=64)
    two = pack_tiles([cric], tmp_path / "tiles.npz", size=64)
    both = load_all([one, two])
    first, second = load_packed(one), load_packed(two)
    assert len(both) == len(first) + 3
    assert both.classes[-3:] == second.classes
    assert set(both.source[-3:]) == {"cric"}
    assert both.images.shape == (len(both), 64, 64, 3)
    assert (second.labels == -1).all()
