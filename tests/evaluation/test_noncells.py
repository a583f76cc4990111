"""The collection of non-cells and the ruined cells."""

import zlib
from collections import Counter

import numpy as np
import pytest

from cervix_models.data.samples import render_sample
from cervix_models.evaluation.noncells import KINDS, kind_of, non_cells, spoiled


@pytest.fixture(scope="module")
def pictures():
    return non_cells()


def test_there_are_many_of_many_kinds(pictures):
    counts = Counter(kind_of(name) for name, _ in pictures)
    assert counts == {kind: count for kind, (count, _) in KINDS.items()}
    assert len(pictures) >= 200
    assert len(counts) >= 12
    assert min(counts.values()) >= 8
    assert len({name for name, _ in pictures}) == len(pictures)


def test_each_is_an_image_and_no_two_are_the_same(pictures):
    for name, image in pictures:
        assert image.dtype == np.uint8, name
        assert image.ndim == 3, name
        assert image.shape[2] == 3, name
        assert min(image.shape[:2]) >= 48, name
    assert len({(image.shape, zlib.crc32(image.tobytes())) for _, image in pictures}) == len(
        pictures
    )


def test_the_seed_decides_what_is_made(pictures):
    by_name = dict(pictures)
    for kind in ("blank-01", "noise-02", "chart-05", "photograph-20", "field-01"):
        _, maker = KINDS[kind_of(kind)]
        number = int(kind.rpartition("-")[2])
        crc = zlib.crc32(kind_of(kind).encode())
        again = maker(np.random.default_rng([0, crc, number]), number)
        assert np.array_equal(again, by_name[kind])
        other = maker(np.random.default_rng([1, crc, number]), number)
        assert other.shape != again.shape or not np.array_equal(other, again)


def test_extremes_are_extreme(pictures):
    by_name = dict(pictures)
    assert by_name["blank-00"].min() == 255
    assert by_name["blank-01"].max() < 20
    assert by_name["exposure-00"].mean() > 240
    assert by_name["exposure-01"].mean() < 40
    assert by_name["fluorescence-00"].mean() < 80


def test_every_ruin_ruins_in_its_way():
    image = render_sample("Parabasal", 2, size=(120, 140))
    ruined = dict(spoiled(image, 7))
    assert list(ruined) == [
        "blurred", "overexposed", "underexposed", "noisy", "tiny", "inverted", "grey",
    ]  # fmt: skip
    assert all(each.shape == image.shape for each in ruined.values())
    assert all(each.dtype == np.uint8 for each in ruined.values())

    def sharpness(picture):
        return np.abs(np.diff(picture.astype(float), axis=0)).mean()

    assert sharpness(ruined["blurred"]) < 0.7 * sharpness(image)
    assert sharpness(ruined["noisy"]) > 10 * sharpness(image)
    assert ruined["overexposed"].mean() > 245
    assert ruined["underexposed"].mean() < 30
    assert np.array_equal(255 - ruined["inverted"], image)
    assert np.ptp(ruined["grey"], axis=2).max() == 0
    assert len(np.unique(ruined["tiny"][..., 0])) < len(np.unique(image[..., 0])) + 20
    shrunk = ruined["tiny"].astype(float) - image
    assert np.abs(shrunk).mean() > 1


def test_the_same_seed_ruins_the_same_way():
    image = render_sample("Metaplastic", 1, size=(100, 100))
    first, again, other = spoiled(image, 1), spoiled(image, 1), spoiled(image, 2)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(dict(first)["noisy"], dict(other)["noisy"])
