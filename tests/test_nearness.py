"""How near made cells come to those learned from, where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.errors import WeightsError
from cervix_models.nearness import Learned, load_learned, open_check
from tests import tiny
from tests.fakes import drawn_cell

RANDOM = np.random.default_rng(3)


def test_the_nearest_is_found_whatever_the_length() -> None:
    known = np.array([[1.0, 0, 0], [0, 2, 0], [0, 0, 1]], np.float32)
    found = Learned.of(known).nearest(np.array([[5.0, 0, 0], [1, 1, 0]], np.float32))
    assert found == pytest.approx([0, np.sqrt(2 - np.sqrt(2))], abs=0.02)


def test_few_axes_of_few_bits_keep_the_distances() -> None:
    """Features of cells lie near a plane of few axes."""
    plane = RANDOM.normal(size=(20, 300))
    known, asked = (
        (RANDOM.normal(size=(n, 20)) @ plane + RANDOM.normal(size=(n, 300)) / 10).astype(np.float32)
        for n in (400, 50)
    )
    unit = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in (known, asked)]
    wanted = np.linalg.norm(unit[1][:, None] - unit[0], axis=2).min(1)
    learned = Learned.of(known)
    np.testing.assert_allclose(learned.nearest(asked), wanted, rtol=0.05)
    assert learned.nearest(known[:9] * 3).max() < 0.1 * wanted.min()


def test_it_is_kept_as_it_was(tmp_path) -> None:
    learned = Learned.of(RANDOM.normal(size=(30, 70)).astype(np.float32))
    learned.save(tmp_path)
    asked = RANDOM.normal(size=(5, 70)).astype(np.float32)
    found = load_learned(tmp_path).nearest(asked)
    np.testing.assert_allclose(found, learned.nearest(asked), rtol=1e-6)


def test_a_copy_is_flagged(tmp_path) -> None:
    settings, given = tiny.settings_in(tmp_path), tiny.recipe("cgan")
    tiny.save_maker(settings.weights, given)
    images = [drawn_cell(64, 3), np.zeros((64, 64, 3), np.uint8)]
    check = open_check(given.name, settings)
    copy, other = check.learned.nearest(check.encoder.see(images))
    assert copy < other / 2
    assert check.flagged(images) == [False, False]
    tiny.save_maker(settings.weights, given, least=(copy + other) / 2)
    assert open_check(given.name, settings).flagged(images) == [True, False]


def test_what_was_not_measured_is_not_checked(tmp_path) -> None:
    settings, given = tiny.settings_in(tmp_path), tiny.recipe("cgan")
    tiny.save_tiny(settings.weights, given)
    with pytest.raises(WeightsError, match=r"learned.safetensors is missing.*evaluate tiny_cgan"):
        open_check(given.name, settings)
    Learned.of(RANDOM.normal(size=(9, 4)).astype(np.float32)).save(settings.weights / given.name)
    with pytest.raises(WeightsError, match=r"does not say how near .* evaluate tiny_cgan"):
        open_check(given.name, settings)
