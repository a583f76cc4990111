"""The plain measures of a picture, and what is said of one that lies apart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cervix_models.errors import MeasurementError
from cervix_models.evaluation.traits import TRAITS, Oddity, oddest, table_of, traits_of
from tests.fakes import drawn_cell

CELL = drawn_cell(64, 3)


def changed(how) -> np.ndarray:
    return np.clip(how(CELL.astype(float)), 0, 255).astype(np.uint8)


def test_an_even_picture_has_nothing_of_anything() -> None:
    found = traits_of(np.full((64, 64, 3), 90, np.uint8))
    assert list(found) == [each.name for each in TRAITS]
    assert found == pytest.approx(dict.fromkeys(found, 0), abs=1e-9)


def test_blur_takes_detail_and_grain_and_edges() -> None:
    before = traits_of(CELL)
    after = traits_of(changed(lambda pixels: ndimage.gaussian_filter(pixels, (1.5, 1.5, 0))))
    for name in ("finest detail", "grain", "edge contrast"):
        assert after[name] < 0.7 * before[name], name


def test_each_measure_follows_what_it_is_named_after() -> None:
    before = traits_of(CELL)
    grey = traits_of(changed(lambda pixels: np.repeat(pixels.mean(2, keepdims=True), 3, axis=2)))
    assert grey["spread of colours"] == pytest.approx(0, abs=1e-6)
    speckled = CELL.copy()
    speckled[:6, ::3] = 40
    assert traits_of(speckled)["background"] > 2 * before["background"]


def test_a_picture_that_was_enlarged_by_repeating_has_gaps_in_its_spectrum() -> None:
    noise = np.random.default_rng(0).integers(60, 200, (64, 64, 3)).astype(np.uint8)
    twice = np.repeat(np.repeat(noise[:32, :32], 2, axis=0), 2, axis=1)
    assert abs(traits_of(noise)["trace of upsampling"]) < 1
    assert traits_of(twice)["trace of upsampling"] > 1


def table(count: int = 40) -> dict[str, np.ndarray]:
    return {each.name: np.arange(count, dtype=float) for each in TRAITS}


def test_what_lies_within_the_middle_is_not_told() -> None:
    assert oddest({each.name: 20.5 for each in TRAITS}, table()) is None
    assert oddest({each.name: 37.5 for each in TRAITS}, table()) is None  # above 38 of 40: 95 %


def test_the_farthest_out_is_told() -> None:
    values = {each.name: 20.5 for each in TRAITS} | {"grain": 0.5, "background": 39.5}
    assert oddest(values, table()) == Oddity(TRAITS[3], more=True, beyond=1.0)
    values |= {"grain": -50.0}  # both lie beyond all, this one farther
    assert oddest(values, table()) == Oddity(TRAITS[1], more=False, beyond=1.0)


def test_too_few_to_measure_against_are_refused() -> None:
    with pytest.raises(MeasurementError, match=r"19 cells were given.*at least 20"):
        oddest(traits_of(CELL), [traits_of(CELL)] * 19)


def test_a_table_is_made_of_what_was_measured() -> None:
    found = table_of([traits_of(CELL)] * 3)
    assert {len(each) for each in found.values()} == {3}
    assert oddest(traits_of(CELL), [traits_of(CELL)] * 20) is None
