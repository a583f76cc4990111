"""The drawn field: the same each time, marked, and with a nucleus for every cell."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from cervix_models.cutting import density
from cervix_models.data.marks import is_marked
from cervix_models.data.sample_field import SIZE, render_field, sample_field


def test_a_field_is_the_same_for_the_same_seed_and_marked() -> None:
    content = sample_field()
    assert content == sample_field()
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == SIZE[::-1]
        assert is_marked(picture)


def test_cells_lie_on_a_light_ground() -> None:
    field = render_field(2)
    assert field.shape == (*SIZE, 3)
    dark = density(field)
    assert 0.15 < (dark > 0.1).mean() < 0.8
    assert np.median(field[dark < 0.02]) > 215
    assert not np.array_equal(field, render_field(3))
