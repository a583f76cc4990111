"""The drawn sample cells: reproducible, true to their outlines, typical of their class, marked."""

import io
import math

import numpy as np
import pytest
from PIL import Image as PilImage
from scipy.ndimage import label

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import is_marked
from cervix_models.data.masks import CROP_MARGIN
from cervix_models.data.samples import (
    LOOKS,
    render_sample,
    render_sample_with_mask,
    sample_cells,
)
from cervix_models.errors import DataError
from cervix_models.morphology import FEATURES, measure

SEEDS = range(1, 7)


@pytest.fixture(scope="module")
def measured():
    return {
        name: [measure(*render_sample_with_mask(name, seed, size=(128, 128))) for seed in SEEDS]
        for name in CLASS_NAMES
    }


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_the_same_seed_draws_the_same_cell_and_another_one_another(name):
    first = render_sample(name, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, render_sample(name, 3))
    other = render_sample(name, 4)
    assert first.shape != other.shape or not np.array_equal(first, other)


@pytest.mark.parametrize("name", CLASS_NAMES)
@pytest.mark.parametrize("size", [(96, 96), (150, 110)])
def test_the_cell_fills_the_picture_but_for_the_margin(name, size):
    image, masks = render_sample_with_mask(name, 5, size=size)
    assert image.shape == (*size, 3)
    rows, columns = np.nonzero(masks.cell)
    box = rows.min(), columns.min(), size[0] - 1 - rows.max(), size[1] - 1 - columns.max()
    assert all(abs(side - CROP_MARGIN) <= 1 for side in box)
    assert label(masks.cell)[1] == label(masks.nucleus)[1] == 1
    assert not (masks.nucleus & masks.cytoplasm).any()


def test_sizes_are_those_of_the_class():
    for name, look in LOOKS.items():
        heights = [render_sample(name, seed).shape[0] for seed in SEEDS]
        assert min(heights) >= math.floor(look.size[0] * (1 - look.uneven))
        assert max(heights) <= math.ceil(look.size[0] * (1 + look.uneven))


def test_every_feature_can_be_measured_on_every_drawn_cell(measured):
    for name in CLASS_NAMES:
        for found in measured[name]:
            assert len(found) == len(FEATURES)


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_the_truth_lies_where_the_colours_are(name, measured):
    low, high = LOOKS[name].nucleus_share
    for found in measured[name]:
        assert found["nucleus_red_mean"] < found["cytoplasm_red_mean"] - 10
        assert low * 0.75 < found["nucleus_cell_ratio"] < high * 1.25


def test_classes_look_as_they_should(measured):
    def mean(name, feature):
        return np.mean([found[feature] for found in measured[name]])

    halo = {name: mean(name, "halo_contrast") for name in CLASS_NAMES}
    assert max(halo, key=halo.get) == "Koilocytotic"
    assert halo["Koilocytotic"] > 0.05
    ratio = {name: mean(name, "nucleus_cell_ratio") for name in CLASS_NAMES}
    assert max(ratio, key=ratio.get) == "Parabasal"
    assert min(ratio, key=ratio.get) == "Superficial-Intermediate"
    warm = {
        name: mean(name, "cytoplasm_red_mean") - mean(name, "cytoplasm_blue_mean")
        for name in CLASS_NAMES
    }
    assert max(warm, key=warm.get) == "Dyskeratotic"
    assert warm["Metaplastic"] < 0


def test_ten_built_in_samples_are_marked_and_never_change():
    samples = sample_cells()
    assert [each[1] for each in samples] == [name for name in CLASS_NAMES for _ in range(2)]
    assert len({each[0] for each in samples}) == 10
    assert samples == sample_cells()
    for _, _, png in samples:
        with PilImage.open(io.BytesIO(png)) as picture:
            assert picture.format == "PNG"
            assert picture.mode == "RGB"
            assert is_marked(picture)


def test_an_unknown_class_and_a_tiny_size_are_refused():
    with pytest.raises(DataError, match="No sample can be drawn of 'Herpes'"):
        render_sample("Herpes", 1)
    with pytest.raises(DataError, match="at least 64 pixels a side"):
        render_sample("Parabasal", 1, size=(200, 40))
