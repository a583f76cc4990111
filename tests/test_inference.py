"""The views an image is read in, and how it is brought to a network's input."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cervix_models.data.packed import squash
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from cervix_models.inference import (
    PACKED_SIDE,
    prepared,
    sigmoid,
    softmax,
    turned,
    turned_back,
)
from tests.fakes import drawn_cell


@pytest.mark.parametrize("view", range(8))
def test_turning_back_undoes_each_view(view) -> None:
    batch = np.random.default_rng(view).normal(size=(2, 3, 5, 5)).astype(np.float32)
    np.testing.assert_array_equal(turned_back(turned(batch, view), view), batch)
    assert turned(batch, view).flags["C_CONTIGUOUS"]
    oblong = batch[..., :4]
    np.testing.assert_array_equal(turned_back(turned(oblong, view), view), oblong)


def test_the_eight_views_are_eight() -> None:
    batch = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    views = [turned(batch, view) for view in range(8)]
    np.testing.assert_array_equal(views[0], batch)
    np.testing.assert_array_equal(views[4], batch[..., ::-1])
    assert len({each.tobytes() for each in views}) == 8


def test_a_prepared_image_is_square_and_normalised() -> None:
    white, black = np.full((30, 50, 3), 255, np.uint8), np.zeros((90, 20, 3), np.uint8)
    batch = prepared([white, black], 64, IMAGENET_MEAN, IMAGENET_STD)
    assert batch.shape == (2, 3, 64, 64)
    assert batch.dtype == np.float32
    for channel, (mean, std) in enumerate(zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)):
        np.testing.assert_allclose(batch[0, channel], (1 - mean) / std, rtol=1e-5)
        np.testing.assert_allclose(batch[1, channel], -mean / std, rtol=1e-5)


def test_channels_stay_red_green_blue() -> None:
    red = np.zeros((20, 20, 3), np.uint8)
    red[..., 0] = 255
    batch = prepared([red], 16, (0, 0, 0), (1, 1, 1))
    np.testing.assert_allclose(batch[0, 0], 1)
    np.testing.assert_allclose(batch[0, 1:], 0)


def test_an_upload_is_seen_as_its_packed_cell_is() -> None:
    upload = drawn_cell(230)
    seen = prepared([upload], 96, IMAGENET_MEAN, IMAGENET_STD)
    packed = prepared([squash(upload, PACKED_SIDE)], 96, IMAGENET_MEAN, IMAGENET_STD)
    np.testing.assert_array_equal(seen, packed)
    small = Image.fromarray(squash(upload, PACKED_SIDE)).resize((96, 96), Image.Resampling.BILINEAR)
    again = prepared([np.asarray(small)], 96, (0, 0, 0), (1, 1, 1))
    assert again.shape == seen.shape


def test_softmax_and_sigmoid_are_those_of_the_book() -> None:
    rows = softmax(np.array([[0.0, np.log(3.0)], [1000.0, 0.0]]))
    np.testing.assert_allclose(rows, [[0.25, 0.75], [1.0, 0.0]])
    np.testing.assert_allclose(sigmoid(np.array([0.0, np.log(3.0)])), [0.5, 0.75], rtol=1e-6)
