"""Disturbances: nothing at their neutral strength, and what their names say at the others."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.evaluation.disturbances import DISTURBANCES, disturbed
from cervix_models.services.disturbances import SLIDERS
from tests.fakes import drawn_cell

IMAGE = drawn_cell(120)
NEUTRAL = {each.name: each.neutral for each in SLIDERS}


def _edges(image: np.ndarray) -> float:
    return float(np.abs(np.diff(image.astype(float), axis=1)).mean())


def test_every_disturbance_has_its_slider() -> None:
    assert [each.name for each in DISTURBANCES] == [each.name for each in SLIDERS]
    for kind, slider in zip(DISTURBANCES, SLIDERS, strict=True):
        assert slider.neutral in kind.measured
        assert all(slider.low <= each <= slider.high for each in kind.measured)


def test_neutral_strengths_change_nothing() -> None:
    np.testing.assert_array_equal(disturbed(IMAGE, NEUTRAL), IMAGE)
    np.testing.assert_array_equal(disturbed(IMAGE, {}), IMAGE)


@pytest.mark.parametrize("kind", DISTURBANCES, ids=lambda each: each.name)
def test_every_strength_gives_an_image_of_the_same_kind(kind) -> None:
    for strength in kind.measured:
        out = kind.apply(IMAGE, strength)
        assert (out.shape, out.dtype) == (IMAGE.shape, np.uint8)


def test_each_does_what_it_says() -> None:
    assert _edges(disturbed(IMAGE, {"blur": 3})) < 0.7 * _edges(IMAGE)
    assert _edges(disturbed(IMAGE, {"resolution": 24})) < 0.7 * _edges(IMAGE)
    assert disturbed(IMAGE, {"light": 0.5}).mean() == pytest.approx(IMAGE.mean() / 2, rel=0.02)
    assert disturbed(IMAGE, {"stain": 1.5}).mean() < IMAGE.mean() - 5
    assert disturbed(IMAGE, {"stain": 0.5}).mean() > IMAGE.mean() + 5
    poor, good = (
        np.abs(disturbed(IMAGE, {"jpeg": q}).astype(int) - IMAGE).mean() for q in (5.0, 90.0)
    )
    assert poor > 2 * good
