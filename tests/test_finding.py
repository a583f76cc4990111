"""Nuclei of a field: windows give the map of the whole, and its peaks are where the nuclei are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cervix_models.finding import Sight, nuclei_of, peaks_of, score_map

SIGHT = Sight(side=128, scale=0.5, stride=2, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def _dark(batch: np.ndarray) -> np.ndarray:
    """A finder that answers how dark each place is: logits of the green channel, halved in size."""
    green = batch[:, 1:2]
    small = green.reshape(*green.shape[:2], green.shape[2] // 2, 2, green.shape[3] // 2, 2)
    return 20 * (0.5 - small.mean((3, 5)))


def _field(shape: tuple[int, int], nuclei: list[tuple[int, int]]) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    light = np.full(shape, 250.0)
    for x, y in nuclei:
        light = np.minimum(light, 30 + 3 * np.hypot(rows - y, columns - x) ** 1.3)
    return np.repeat(light.clip(0, 250).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("shape", [(700, 900), (701, 899), (90, 120)])
def test_windows_give_the_map_of_the_whole(shape) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    found = score_map(image, _dark, SIGHT)
    even = image[: shape[0] // 2 * 2, : shape[1] // 2 * 2].astype(np.float32) / 255
    whole = _dark(even.transpose(2, 0, 1)[None])[0, 0]
    wanted = 1 / (1 + np.exp(-whole))
    assert found.shape == (-(-shape[0] // 2), -(-shape[1] // 2))
    inner = found[: wanted.shape[0], : wanted.shape[1]]
    np.testing.assert_allclose(inner, wanted, rtol=1e-4)


def test_each_nucleus_is_found_where_it_is() -> None:
    nuclei = [(100, 100), (200, 100), (610, 333), (255, 400), (128, 256), (890, 690)]
    found = nuclei_of(_field((700, 900), nuclei), _dark, SIGHT, apart=12)
    assert len(found) == len(nuclei)
    for x, y in nuclei:
        assert np.hypot(*(found[:, :2] - (x, y)).T).min() < 4
    assert (np.diff(found[:, 2]) <= 0).all()


def test_a_field_without_nuclei_has_none() -> None:
    assert nuclei_of(_field((300, 300), []), _dark, SIGHT, apart=12).shape == (0, 3)


def test_bare_ground_is_not_looked_at() -> None:
    asked = []

    def counted(batch: np.ndarray) -> np.ndarray:
        asked.append(len(batch))
        return _dark(batch)

    field = _field((700, 900), [(100, 100)])
    assert len(nuclei_of(field, counted, SIGHT, apart=12)) == 1
    assert len(asked) == 1


def test_turned_views_are_averaged_where_they_were() -> None:
    """A finder that takes what is up for nuclei says the same all round, once it sees all turns."""

    def upper(batch: np.ndarray) -> np.ndarray:
        out = np.full((len(batch), 1, batch.shape[2] // 2, batch.shape[3] // 2), -20.0)
        out[:, :, :8] = 20.0
        return out

    sight = replace(SIGHT, side=64, views=4)
    found = score_map(np.zeros((64, 64, 3), np.uint8), upper, sight)
    np.testing.assert_allclose(found, np.rot90(found), atol=1e-6)
    assert found[0, 16] == pytest.approx(0.25, abs=1e-6)
    assert found[16, 16] == pytest.approx(0.0, abs=1e-6)


def test_a_peak_lies_between_places_of_the_map() -> None:
    rows, columns = np.mgrid[:40, :50]
    scores = np.exp(-((rows - 20.4) ** 2 + (columns - 30.3) ** 2) / 8).astype(np.float32)
    ((x, y, score),) = peaks_of(scores, SIGHT, apart=12)
    assert x == pytest.approx(30.8 * 4, abs=0.8)
    assert y == pytest.approx(20.9 * 4, abs=0.8)
    assert 0.7 < score < 1
