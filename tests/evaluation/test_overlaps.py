from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from cervix_models.data.sample_field import render_field
from cervix_models.evaluation.overlaps import Overlap, overlap_of, pairs_within


@pytest.fixture(scope="module")
def field():
    return render_field()


def crop(field, left, top, width, height):
    """A part of a field as a file of a data set holds it."""
    out = io.BytesIO()
    part = Image.fromarray(field).crop((left, top, left + width, top + height))
    part.save(out, "JPEG", quality=95, subsampling=0)
    return np.asarray(Image.open(out))


@pytest.mark.parametrize(("across", "down"), [(50, 20), (-50, 20), (50, -30), (-45, -35), (0, 0)])
def test_where_crops_overlap_is_found(field, across, down) -> None:
    first = crop(field, 150, 150, 90, 80)
    second = crop(field, 150 + across, 150 + down, 70, 75)
    wide = min(90, across + 70) - max(0, across)
    high = min(80, down + 75) - max(0, down)
    assert overlap_of(first, second) == Overlap(across, down, wide * high)


@pytest.mark.parametrize("at", [(300, 150), (20, 300), (250, 20), (330, 330)])
def test_crops_that_lie_apart_do_not_overlap(field, at) -> None:
    assert overlap_of(crop(field, 100, 100, 90, 80), crop(field, *at, 80, 90)) is None


def test_what_touches_by_a_few_pixels_is_not_told(field) -> None:
    assert overlap_of(crop(field, 100, 100, 90, 80), crop(field, 187, 100, 80, 80)) is None


def test_pairs_are_of_one_cluster() -> None:
    assert list(pairs_within(["a", "b", "a", "c", "a", "b"])) == [(0, 2), (0, 4), (2, 4), (1, 5)]
