"""Augmentation: shapes, range, what the generator decides, and masks that follow their images."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch

from cervix_models.data.augmentation import Augmentation
from cervix_models.data.transforms import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    augment,
    normalise,
)

STILL = Augmentation(0.0, 0.0, 0.0, False, 0.0, 0.0, 0.0, 0.0)
STRONG = Augmentation(180.0, 0.3, 0.1, True, 0.3, 0.3, 1.0, 0.1)


def _with(**strengths) -> Augmentation:
    return Augmentation(
        **{each.name: getattr(STILL, each.name) for each in fields(STILL)} | strengths
    )


def _draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _images(count: int = 6, side: int = 32) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=_draw(9))


@pytest.mark.parametrize("shape", [(5, 3, 32, 32), (1, 3, 24, 40)])
def test_shape_and_range_stay(shape) -> None:
    images, masks = torch.rand(shape), torch.ones(shape[0], 2, *shape[2:])
    moved, turned = augment(images, masks, STRONG, _draw())
    assert moved.shape == images.shape
    assert turned.shape == masks.shape
    assert moved.min() >= 0
    assert moved.max() <= 1
    assert moved.dtype == torch.float32


def test_no_strength_changes_nothing() -> None:
    images = _images()
    masks = (images[:, :1] > 0.5).float()
    moved, turned = augment(images, masks, STILL, _draw())
    torch.testing.assert_close(moved, images, atol=1e-5, rtol=0)
    torch.testing.assert_close(turned, masks)
    assert augment(images, None, STILL, _draw())[1] is None


@pytest.mark.parametrize(
    "one",
    [
        {"rotate": 90.0}, {"scale": 0.3}, {"shift": 0.2}, {"flip": True}, {"stain": 0.3},
        {"brightness": 0.2}, {"blur": 1.0}, {"noise": 0.1},
    ],
)  # fmt: skip
def test_each_strength_changes_something(one) -> None:
    images = _images()
    moved, _ = augment(images, None, _with(**one), _draw())
    assert (moved - images).abs().mean() > 0.01


def test_the_generator_decides() -> None:
    images, settings = _images(), Augmentation(noise=0.0)
    first, again, other = (augment(images, None, settings, _draw(s))[0] for s in (1, 1, 2))
    torch.testing.assert_close(first, again, atol=0, rtol=0)
    assert (first - other).abs().mean() > 0.01


def test_grain_follows_the_seed_of_torch() -> None:
    images, settings = _images(), _with(noise=0.1)
    torch.manual_seed(3)
    first, _ = augment(images, None, settings, _draw())
    torch.manual_seed(3)
    again, _ = augment(images, None, settings, _draw())
    torch.testing.assert_close(first, again, atol=0, rtol=0)


def test_a_mask_goes_where_its_image_goes() -> None:
    images = torch.zeros(16, 3, 64, 64)
    images[:, :, 22:38, 20:44] = 1.0
    moved, turned = augment(
        images, images[:, :1], _with(rotate=180.0, scale=0.2, shift=0.1, flip=True), _draw()
    )
    assert set(turned.unique().tolist()) == {0.0, 1.0}
    seen = (moved[:, :1] > 0.5).float()
    both, all_of_them = (seen * turned).sum((1, 2, 3)), (seen + turned).sum((1, 2, 3))
    assert (2 * both / all_of_them).min() > 0.97
    assert (turned - images[:, :1]).abs().mean() > 0.05


def test_a_flip_mirrors_left_and_right() -> None:
    images = _images(16)
    moved, _ = augment(images, None, _with(flip=True), _draw())
    for before, after in zip(images, moved, strict=True):
        same = torch.allclose(after, before, atol=1e-4)
        mirrored = torch.allclose(after, before.flip(2), atol=1e-4)
        assert same != mirrored


def test_a_mask_is_empty_where_the_picture_ends() -> None:
    masks = torch.ones(4, 1, 32, 32)
    _, turned = augment(_images(4), masks, _with(shift=0.4), _draw())
    assert turned.mean() < 0.9


def test_stain_leaves_white_white() -> None:
    white = torch.ones(3, 3, 16, 16)
    moved, _ = augment(white, None, _with(stain=0.5), _draw())
    torch.testing.assert_close(moved, white, atol=1e-5, rtol=0)


def test_normalised_images_have_the_mean_of_imagenet_at_zero() -> None:
    mean = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1).expand(2, 3, 4, 4)
    spread = torch.tensor(IMAGENET_STD).view(1, 3, 1, 1)
    assert normalise(mean, IMAGENET_MEAN, IMAGENET_STD).abs().max() < 1e-6
    one = normalise(mean + spread, IMAGENET_MEAN, IMAGENET_STD)
    torch.testing.assert_close(one, torch.ones_like(one))


def test_half_precision_around_it_changes_nothing() -> None:
    images = _images()
    plain, _ = augment(images, None, Augmentation(noise=0.0), _draw())
    with torch.autocast("cpu", torch.bfloat16):
        inside, _ = augment(images, None, Augmentation(noise=0.0), _draw())
    torch.testing.assert_close(inside, plain, atol=0, rtol=0)
