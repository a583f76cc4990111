"""Measurements against known shapes, known histograms and the formulas worked by hand."""

import math

import numpy as np
import pytest
from skimage.color import rgb2hed
from skimage.draw import disk, ellipse
from skimage.measure import regionprops

from cervix_models.contracts import Segmentation
from cervix_models.errors import MeasurementError
from cervix_models.morphology import FEATURES, measure
from cervix_models.morphology.measure import (
    circularity,
    convex_area,
    halo_contrast,
    largest_piece,
    shape,
    stains,
    texture,
)

SIZE = (120, 160)


def blob(centre=(60, 80), radii=(50, 70), size=SIZE):
    mask = np.zeros(size, bool)
    mask[ellipse(*centre, *radii, shape=size)] = True
    return mask


def cell(nucleus_centre=(60, 80)):
    nucleus, whole = blob(nucleus_centre, (15, 15)), blob()
    image = np.full((*SIZE, 3), 230, np.uint8)
    image[whole] = (120, 180, 190)
    image[nucleus] = (60, 40, 110)
    return image, Segmentation(nucleus, whole & ~nucleus)


def test_every_feature_is_measured_and_no_other():
    image, masks = cell()
    found = measure(image, masks)
    assert set(found) == {feature.name for feature in FEATURES}
    assert all(type(value) is float and math.isfinite(value) for value in found.values())


def test_colours_of_the_cytoplasm_leave_out_the_nucleus_but_its_outline_holds_it():
    image, masks = cell()
    found = measure(image, masks)
    assert found["nucleus_red_mean"] == pytest.approx(60)
    assert found["cytoplasm_green_mean"] == pytest.approx(180)
    assert found["cytoplasm_blue_contrast"] == pytest.approx(0)
    assert found["cytoplasm_area"] == masks.cell.sum()
    assert found["nucleus_area"] == masks.nucleus.sum()


def test_ratios_and_place_of_the_nucleus():
    image, masks = cell(nucleus_centre=(60, 110))
    found = measure(image, masks)
    inner, ring = masks.nucleus.sum(), masks.cytoplasm.sum()
    assert found["nucleus_cytoplasm_ratio"] == pytest.approx(inner / ring)
    assert found["nucleus_cell_ratio"] == pytest.approx(inner / (inner + ring))
    radius = math.sqrt((inner + ring) / math.pi)
    assert found["nucleus_eccentric_location"] == pytest.approx(30 / radius, rel=0.01)


def test_texture_of_two_equal_levels_is_what_the_formulas_give():
    found = texture(np.array([100, 200] * 50, np.uint8))
    assert found["mean"] == pytest.approx(150)
    assert found["contrast"] == pytest.approx(50)
    assert found["smoothness"] == pytest.approx(1 - 1 / (1 + 2500 / 255**2))
    assert found["third_moment"] == pytest.approx(0)
    assert found["uniformity"] == pytest.approx(0.5)
    assert found["entropy"] == pytest.approx(1.0)


def test_third_moment_leans_with_its_tail():
    dark_tail = texture(np.array([10] + [200] * 9, np.uint8))
    levels = np.array([10] + [200] * 9, float)
    expected = ((levels - levels.mean()) ** 3).mean() / 255**2
    assert dark_tail["third_moment"] == pytest.approx(expected)
    assert expected < 0
    assert texture(np.array([250] + [60] * 9, np.uint8))["third_moment"] > 0


def test_texture_of_one_level_is_even():
    found = texture(np.full(40, 77, np.uint8))
    assert (found["contrast"], found["smoothness"], found["entropy"]) == (0, 0, 0)
    assert found["uniformity"] == 1


def test_shape_of_an_ellipse():
    found = shape(blob(radii=(25, 50)))
    assert found["area"] == pytest.approx(math.pi * 25 * 50, rel=0.01)
    assert found["major_axis"] == pytest.approx(100, rel=0.01)
    assert found["minor_axis"] == pytest.approx(50, rel=0.01)
    assert found["eccentricity"] == pytest.approx(math.sqrt(0.75), rel=0.01)
    assert found["extent"] == pytest.approx(found["area"] / (49 * 99))
    assert found["solidity"] > 0.97
    assert found["equivalent_diameter"] == pytest.approx(2 * math.sqrt(1250), rel=0.01)


@pytest.mark.parametrize("degrees", [-60, -20, 0, 20, 60, 90])
def test_orientation_is_counted_from_the_horizontal_counter_clockwise(degrees):
    mask = np.zeros((200, 200), bool)
    mask[ellipse(100, 100, 25, 60, rotation=math.radians(degrees))] = True
    assert shape(mask)["orientation"] == pytest.approx(degrees, abs=0.5)


def test_convex_area_counts_as_skimage_does():
    noise = np.random.default_rng(5)
    for _ in range(20):
        mask = noise.random((40, 50)) > 0.4
        mask = largest_piece(mask)
        assert convex_area(mask) == regionprops(mask.astype(np.uint8))[0].area_convex


def test_circularity_tells_a_disc_from_a_bar():
    bar = np.zeros(SIZE, bool)
    bar[50:60, 10:150] = True
    round_one = np.zeros(SIZE, bool)
    round_one[disk((60, 80), 40)] = True
    assert circularity(round_one) == pytest.approx(1, abs=0.02)
    assert circularity(bar) == pytest.approx(4 * math.pi * 1400 / 300**2, rel=0.15)


def test_stain_densities_agree_with_skimage():
    pixels = np.random.default_rng(1).integers(0, 256, (500, 3)).astype(np.uint8)
    expected = rgb2hed(pixels[np.newaxis])[0].mean(axis=0) * 6  # -ln(1e-6) = 6 ln 10
    assert stains(pixels) == pytest.approx(expected[:2], rel=1e-4)


def test_halo_contrast_sees_a_bright_ring_and_no_ring():
    image, masks = cell()
    whole = masks.cell
    assert halo_contrast(image, masks.nucleus, whole) == pytest.approx(0, abs=1e-6)
    image[blob(radii=(26, 32)) & masks.cytoplasm] = 220
    assert halo_contrast(image, masks.nucleus, whole) > 0.08
    assert halo_contrast(255 - image, masks.nucleus, whole) < -0.08


def test_measures_do_not_depend_on_what_lies_around_the_cell():
    image, masks = cell()
    wide = Segmentation(np.pad(masks.nucleus, 30), np.pad(masks.cytoplasm, 30))
    framed = np.pad(image, ((30, 30), (30, 30), (0, 0)))
    assert measure(framed, wide) == pytest.approx(measure(image, masks))


def test_only_the_largest_piece_counts():
    image, masks = cell()
    specks = masks.cytoplasm.copy()
    specks[2:9, 2:9] = True
    dirty = Segmentation(masks.nucleus, specks)
    assert measure(image, dirty) == pytest.approx(measure(image, masks))


def test_nothing_found_gives_nothing():
    image, _ = cell()
    none = np.zeros(SIZE, bool)
    assert measure(image, Segmentation(none, none)) == {}
    speck = none.copy()
    speck[5:8, 5:8] = True
    assert measure(image, Segmentation(speck, none)) == {}


def test_without_a_nucleus_all_that_needs_one_is_left_out():
    image, masks = cell()
    found = measure(image, Segmentation(np.zeros(SIZE, bool), masks.cell))
    assert found["cytoplasm_area"] == masks.cell.sum()
    assert not [name for name in found if "nucleus" in name or "halo" in name]


def test_a_nucleus_without_cytoplasm_keeps_its_own_measures():
    image, masks = cell()
    found = measure(image, Segmentation(masks.nucleus, np.zeros(SIZE, bool)))
    assert found["nucleus_area"] == masks.nucleus.sum()
    assert found["nucleus_cell_ratio"] == 1
    assert "cytoplasm_red_mean" not in found
    assert "nucleus_cytoplasm_ratio" not in found


def test_a_line_is_measured_without_a_warning(recwarn):
    image, _ = cell()
    line = np.zeros(SIZE, bool)
    line[40, 5:100] = True
    found = measure(image, Segmentation(np.zeros(SIZE, bool), line))
    assert found["cytoplasm_solidity"] == 1
    assert all(math.isfinite(value) for value in found.values())
    assert not recwarn.list


def test_masks_of_another_size_are_refused():
    image, masks = cell()
    with pytest.raises(MeasurementError, match="same height and width"):
        measure(image[:-1], masks)
    with pytest.raises(MeasurementError, match="uint8"):
        measure(image.astype(float), masks)
