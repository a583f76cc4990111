"""Points on an outlined cell: each in the part that it names."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from scipy import ndimage

from cervix_models.contracts import Segmentation
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.samples import render_sample_with_mask
from cervix_models.data.teaching import Spot
from cervix_models.services.pointing import places, smooth_outlines


def at(region: np.ndarray, point: tuple[float, float]) -> bool:
    return bool(region[int(point[1]), int(point[0])])


def disc(radius: float, middle: tuple[int, int] = (60, 60)) -> np.ndarray:
    rows, columns = np.mgrid[:120, :120]
    return np.hypot(rows - middle[0], columns - middle[1]) <= radius


@pytest.mark.parametrize("label", CLASS_NAMES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_point_of_a_cell_lies_in_its_part(label, seed) -> None:
    outlines = render_sample_with_mask(label, seed)[1]
    found = places(outlines)
    assert set(found) == set(get_args(Spot))
    assert at(outlines.nucleus, found["nucleus"])
    assert at(outlines.nucleus, found["nuclear border"])
    assert at(outlines.cell, found["cell border"])
    for spot in ("cytoplasm", "rim", "perinuclear zone"):
        assert at(outlines.cytoplasm, found[spot])
    inside = ndimage.distance_transform_edt(np.pad(outlines.cell, 1))[1:-1, 1:-1]
    assert inside[int(found["cell border"][1]), int(found["cell border"][0])] <= 1
    depth = {spot: inside[int(y), int(x)] for spot, (x, y) in found.items()}
    assert depth["cell border"] < depth["rim"] < depth["nucleus"]


def test_points_of_a_round_cell_lie_where_they_are_looked_for() -> None:
    nucleus, cell = disc(12), disc(50)
    found = places(Segmentation(nucleus, cell & ~nucleus))
    assert found["nucleus"] == pytest.approx((60.5, 60.5), abs=1)
    x, y = found["nuclear border"]
    assert x < 60
    assert y < 60
    assert np.hypot(x - 60.5, y - 60.5) == pytest.approx(12, abs=1.2)
    x, y = found["perinuclear zone"]
    assert x > 60
    assert y < 60
    assert np.hypot(x - 60.5, y - 60.5) == pytest.approx(12 + 0.45 * 12, abs=2)
    x, y = found["cell border"]
    assert x > 60
    assert y > 60
    assert np.hypot(x - 60.5, y - 60.5) == pytest.approx(50, abs=1.2)
    x, y = found["rim"]
    assert np.hypot(x - 60.5, y - 60.5) == pytest.approx(45, abs=2)


def test_a_part_that_is_not_outlined_has_no_point() -> None:
    nothing = np.zeros((120, 120), np.bool_)
    assert places(Segmentation(nothing, nothing)) == {}
    assert set(places(Segmentation(nothing, disc(50)))) == {"cell border", "rim"}
    assert set(places(Segmentation(disc(12), nothing))) == {
        "cell border", "nucleus", "nuclear border",
    }  # fmt: skip


def test_outlines_to_look_at_follow_the_parts_and_are_smooth() -> None:
    nucleus, cell = disc(12), disc(50)
    found = smooth_outlines(Segmentation(nucleus, cell & ~nucleus))
    for name, radius in (("nucleus", 12), ("cytoplasm", 50)):
        (polygon,) = found[name]
        apart = np.hypot(*(np.array(polygon) - 60.5).T)
        assert apart.mean() == pytest.approx(radius, abs=0.7)
        assert apart.std() < 0.3
    nothing = np.zeros((120, 120), np.bool_)
    assert smooth_outlines(Segmentation(nothing, nothing)) == {"nucleus": [], "cytoplasm": []}
