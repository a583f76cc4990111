"""How far measurements move over turned and mirrored views."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.contracts import Segmentation
from cervix_models.morphology import measure
from cervix_models.services.uncertainty import VIEWS, Spread, feature_spreads
from tests.fakes import drawn_cell


def test_a_cell_that_is_outlined_alike_in_all_views_hardly_moves(reader) -> None:
    image = drawn_cell(140)
    views = reader.outlines.views_of(image, VIEWS)
    assert len(views) == VIEWS
    for mask in views:  # each is turned back onto the picture as it stands
        assert (mask.nucleus & views[0].nucleus).sum() > 0.9 * views[0].nucleus.sum()
    found = feature_spreads(reader.outlines, image)
    once = measure(image, views[0])
    assert set(found) == set(once)
    area = found["nucleus_area"]
    assert area.low <= once["nucleus_area"] <= area.high
    assert area.high - area.low < 0.1 * area.low


class _Drawn:
    """A segmenter that outlines a larger nucleus in each view, and nothing in the last."""

    def views_of(self, image, views):
        rows, columns = np.ogrid[:90, :90]
        apart = np.hypot(rows - 45, columns - 45)
        sizes = [*range(8, 7 + views), 0]
        return [Segmentation(apart < size, (apart < 40) & (apart >= size)) for size in sizes]


def test_the_spread_is_the_least_and_the_largest(monkeypatch) -> None:
    image = drawn_cell(90)
    found = feature_spreads(_Drawn(), image)
    masks = _Drawn().views_of(image, VIEWS)
    assert found["nucleus_area"] == Spread(
        float(masks[0].nucleus.sum()), float(masks[-2].nucleus.sum())
    )
    assert found["nucleus_cell_ratio"].low == pytest.approx(
        masks[0].nucleus.sum() / masks[0].cell.sum()
    )


def test_nothing_is_said_of_a_picture_without_a_cell(reader) -> None:
    assert feature_spreads(reader.outlines, np.full((60, 60, 3), 250, np.uint8)) == {}
