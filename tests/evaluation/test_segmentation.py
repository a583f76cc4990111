"""Dice of known masks, and errors of known boxes."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.evaluation.segmentation import (
    best_thresholds,
    box_errors,
    dice_scores,
    dice_with_background,
    iou_scores,
    pixel_scores,
    pooled_dice,
    surface_distances,
    with_interval,
)


def _mask(cell: tuple[int, int, int, int], nucleus: tuple[int, int, int, int]) -> np.ndarray:
    """A label mask of 20 by 20 with boxes (top, bottom, left, right)."""
    mask = np.zeros((20, 20), np.uint8)
    mask[cell[0] : cell[1], cell[2] : cell[3]] = 1
    mask[nucleus[0] : nucleus[1], nucleus[2] : nucleus[3]] = 2
    return mask


TRUTH = _mask((5, 15, 5, 15), (8, 12, 8, 12))  # cell 100, nucleus 16


def test_the_same_masks_score_one() -> None:
    scores = dice_scores(TRUTH[None], TRUTH[None])
    assert {name: values.tolist() for name, values in scores.items()} == {
        "nucleus": [1.0], "cytoplasm": [1.0], "cell": [1.0],
    }  # fmt: skip


def test_dice_by_hand() -> None:
    found = _mask((5, 15, 5, 10), (8, 12, 8, 10))  # cell 50 of the 100, nucleus 8 of the 16
    scores = dice_scores(found[None], TRUTH[None])
    assert scores["cell"][0] == pytest.approx(2 * 50 / 150)
    assert scores["nucleus"][0] == pytest.approx(2 * 8 / 24)
    assert scores["cytoplasm"][0] == pytest.approx(2 * 42 / (42 + 84))


def test_pooled_dice_weighs_cells_by_their_pixels() -> None:
    half = _mask((5, 15, 5, 10), (8, 12, 8, 10))
    small = _mask((9, 11, 9, 11), (9, 10, 9, 10))  # 4 pixels, missed
    pooled = pooled_dice(np.stack([half, np.zeros_like(small)]), np.stack([TRUTH, small]))
    assert pooled["cell"] == pytest.approx(2 * 50 / (50 + 100 + 4))
    assert pooled["nucleus"] == pytest.approx(2 * 8 / (8 + 16 + 1))
    empty = np.zeros_like(TRUTH)[None]
    assert pooled_dice(empty, TRUTH[None])["cell"] == 0


def test_what_is_unknown_does_not_count() -> None:
    truth = TRUTH.copy()
    truth[:, :10] = 255
    found = np.zeros_like(TRUTH)
    found[:, :10] = 2
    found[:, 10:] = TRUTH[:, 10:]
    assert all(values[0] == 1 for values in dice_scores(found[None], truth[None]).values())


def test_nothing_against_nothing_is_one_and_against_something_none() -> None:
    empty = np.zeros_like(TRUTH)
    assert all(v.tolist() == [1.0] for v in dice_scores(empty[None], empty[None]).values())
    assert all(v.tolist() == [0.0] for v in dice_scores(empty[None], TRUTH[None]).values())


def test_background_never_counts() -> None:
    small = _mask((9, 10, 9, 10), (0, 0, 0, 0))
    scores = dice_scores(small[None], TRUTH[None])
    assert scores["cell"][0] == pytest.approx(2 / 101)


def _box_mask(width: int, height: int, box: tuple[float, float, float, float]) -> np.ndarray:
    """A cell of 200 by 200 pixels that fills `box` (left, top, right, bottom) of the crop."""
    left, top, right, bottom = box
    mask = np.zeros((200, 200), np.uint8)
    rows = slice(round(top / height * 200), round(bottom / height * 200))
    mask[rows, round(left / width * 200) : round(right / width * 200)] = 1
    return mask


def test_the_known_box_has_no_error() -> None:
    mask = _box_mask(200, 100, (10, 10, 190, 90))
    assert box_errors(mask[None], np.array([[200, 100]]))[0] == pytest.approx(0)


@pytest.mark.parametrize(
    ("box", "error"),
    [
        ((28, 10, 190, 90), 18 / 180),
        ((10, 10, 172, 90), 18 / 180),
        ((10, 18, 190, 90), 8 / 80),
        ((10, 10, 190, 82), 8 / 80),
        ((0, 10, 190, 90), 10 / 180),
        ((28, 26, 190, 90), 16 / 80),
    ],
)
def test_the_worst_side_counts_in_parts_of_the_box(box, error) -> None:
    found = box_errors(_box_mask(200, 100, box)[None], np.array([[200, 100]]))[0]
    assert found == pytest.approx(error, abs=0.01)


def test_a_nucleus_belongs_to_the_box_and_no_cell_is_an_error_of_one() -> None:
    nucleus = _box_mask(200, 100, (10, 10, 190, 90)) * 2
    empty = np.zeros((200, 200), np.uint8)
    found = box_errors(np.stack([nucleus, empty]), np.array([[200, 100], [200, 100]]))
    assert found.tolist() == pytest.approx([0.0, 1.0])


def test_groups_that_are_alike_make_the_interval_wider() -> None:
    values = np.repeat([0.0, 1.0, 1.0, 1.0] * 5, 20)
    groups = [str(i // 20) for i in range(400)]
    alike, apart = with_interval(values, groups), with_interval(values, list(map(str, range(400))))
    assert alike["value"] == apart["value"] == 0.75
    assert alike["low"] < apart["low"] < 0.75 < apart["high"] < alike["high"]
    assert with_interval(values, groups) == alike


def test_an_even_score_has_no_spread() -> None:
    found = with_interval(np.full(6, 0.5), list("aabbcc"))
    assert found == {"value": 0.5, "low": 0.5, "high": 0.5}


def test_iou_and_dice_with_background_by_hand() -> None:
    found = _mask((5, 15, 5, 10), (8, 12, 8, 10))  # half of the cell and of the nucleus
    scores = iou_scores(np.stack([found, TRUTH]), np.stack([TRUTH, TRUTH]))
    assert scores["cell"].tolist() == [0.5, 1]
    assert scores["nucleus"].tolist() == [0.5, 1]
    empty = np.zeros_like(TRUTH)[None]
    assert iou_scores(empty, empty)["nucleus"].tolist() == [1]
    assert iou_scores(empty, TRUTH[None])["nucleus"].tolist() == [0]
    ground = 2 * 300 / (300 + 350)
    rest = [2 * 42 / (42 + 84), 2 * 8 / (8 + 16)]
    assert dice_with_background(found[None], TRUTH[None])[0] == pytest.approx(
        np.mean([ground, *rest])
    )


def test_pixels_by_hand() -> None:
    found = _mask((5, 15, 5, 15), (8, 12, 8, 12))
    found[0:4, 0:4] = 2  # 16 pixels of nucleus on the ground
    scores = {name: values[0] for name, values in pixel_scores(found[None], TRUTH[None]).items()}
    assert scores["pixel_accuracy"] == pytest.approx(1 - 16 / 400)
    assert scores["background_accuracy"] == pytest.approx(1 - 16 / 300)
    assert (scores["cytoplasm_accuracy"], scores["nucleus_accuracy"]) == (1, 1)
    assert scores["mean_class_accuracy"] == pytest.approx((3 - 16 / 300) / 3)
    assert scores["nucleus_outside_cell"] == 0.5
    bare = np.minimum(TRUTH, 1)
    scores = pixel_scores(bare[None], bare[None])
    assert np.isnan(scores["nucleus_accuracy"][0])
    assert np.isnan(scores["nucleus_outside_cell"][0])


def test_distances_are_in_pixels_of_the_picture() -> None:
    moved = np.roll(TRUTH, 2, axis=1)  # two pixels to the right
    masks, truth = np.stack([moved, moved, TRUTH]), np.stack([TRUTH] * 3)
    found = surface_distances(masks, truth, np.array([[20, 20], [60, 20], [20, 20]]))
    assert found["cell"]["hausdorff_95"].tolist() == pytest.approx([2, 6, 0])
    average = found["cell"]["average_surface_distance"]
    assert 0 < average[0] < 2
    assert average[1] > average[0]
    assert average[2] == 0
    lost = surface_distances(np.zeros_like(TRUTH)[None], TRUTH[None], np.array([[20, 20]]))
    assert np.isnan(lost["nucleus"]["hausdorff_95"]).all()


def test_an_interval_leaves_out_what_is_no_value() -> None:
    found = with_interval(np.array([1.0, np.nan, 3.0]), ["a", "b", "c"])
    assert found["value"] == 2
    assert (found["low"], found["high"]) == (1, 3)


def test_thresholds_are_those_with_the_best_mean_dice() -> None:
    truth = np.zeros((2, 20, 20), np.uint8)
    truth[:, 2:18, 2:18] = 1
    truth[:, 6:12, 6:12] = 2
    maps = np.full((2, 2, 20, 20), 0.1, np.float32)
    maps[:, 0][truth > 0] = 0.9
    maps[:, 0, :2] = 0.62  # a rim that is no cell: from above 0.6 on it is left out
    maps[:, 1][truth == 2] = 0.42  # a faint nucleus, found from under 0.42 on
    cell, nucleus = best_thresholds(maps, truth)
    assert cell == 0.65
    assert nucleus == 0.4
    truth[:, :2] = 255  # where nothing is known, nothing is counted
    assert best_thresholds(maps, truth)[0] == 0.5
