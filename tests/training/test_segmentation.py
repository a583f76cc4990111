"""What a segmenter's training minimises, on masks and boxes whose score is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cervix_models.recipes import Loss
from cervix_models.segmenters.flex_unet import as_logits
from cervix_models.training.batches import cells_at
from cervix_models.training.fit import Job, loaders_of
from cervix_models.training.segmentation import (
    SegmenterTraining,
    box_masks,
    hard_dice,
    multiclass_loss,
    projection_loss,
    soft_dice_loss,
    targets_of,
)
from tests import tiny

MASK = torch.tensor([[[0, 1, 1, 0], [1, 2, 2, 1], [0, 1, 1, 255], [0, 0, 0, 255]]]).byte()


def test_targets_are_cell_and_nucleus_where_they_are_known() -> None:
    target, valid = targets_of(MASK)
    assert target.shape == (1, 2, 4, 4)
    assert valid.shape == (1, 1, 4, 4)
    assert target[0, 0].sum() == 8  # the whole cell, nucleus and all
    assert target[0, 1].sum() == 2
    assert valid.sum() == 14
    assert (target * (1 - valid)).sum() == 0


def test_boxes_leave_their_margin() -> None:
    boxes = box_masks(torch.tensor([[0.25, 0.0]]), 8)
    assert boxes.shape == (1, 1, 8, 8)
    assert boxes[0, 0].sum(0).tolist() == [0, 0, 8, 8, 8, 8, 0, 0]
    assert boxes[0, 0].sum(1).tolist() == [4] * 8


def _sure(maps: torch.Tensor) -> torch.Tensor:
    return (maps * 2 - 1) * 30


def test_soft_dice_is_nothing_where_all_is_right_and_grows() -> None:
    target, valid = targets_of(MASK)
    right = soft_dice_loss(_sure(target), target, valid)
    wrong = soft_dice_loss(_sure(1 - target), target, valid)
    assert right == pytest.approx(0, abs=1e-4)
    assert right < soft_dice_loss(torch.zeros_like(target), target, valid) < wrong
    ruined = _sure(target)
    ruined[valid.expand_as(ruined) == 0] = 30  # where nothing is known
    assert soft_dice_loss(ruined, target, valid) == pytest.approx(right.item(), abs=1e-5)


def test_hard_dice_by_hand() -> None:
    target, valid = targets_of(MASK)
    predicted = target.clone()
    predicted[0, 0, 0] = 0  # two of the eight are missed
    dice = hard_dice(predicted, target, valid)
    assert dice[0].tolist() == pytest.approx([2 * 6 / 14, 1.0], abs=1e-5)
    assert hard_dice(torch.zeros_like(target), torch.zeros_like(target), valid).min() == 1


def test_any_cell_that_spans_its_box_has_the_right_projections() -> None:
    box = torch.zeros(1, 1, 9, 9)
    box[..., 2:7, 2:7] = 1
    cross = torch.zeros_like(box)
    cross[..., 4, 2:7] = 1
    cross[..., 2:7, 4] = 1
    for cell in (box, cross):
        assert projection_loss(_sure(cell), box) == pytest.approx(0, abs=1e-3)
    small = torch.zeros_like(box)
    small[..., 4, 4] = 1
    assert projection_loss(_sure(small), box) == pytest.approx(2 * (1 - 2 / 6), abs=1e-3)
    assert projection_loss(_sure(torch.zeros_like(box)), box) == pytest.approx(2, abs=1e-2)


def _batch(known: list[bool]) -> dict[str, torch.Tensor]:
    from cervix_models.training.batches import CellRows, cells_at

    packed = tiny.packed(clusters=1, cells=1, herlev=3)
    rows = [5 + i if each else i for i, each in enumerate(known)]
    import numpy as np

    return CellRows(cells_at(packed, 64), np.arange(8))[rows]


@pytest.mark.filterwarnings("ignore:You are trying to `self.log")
def test_each_part_of_the_loss_counts_where_it_applies() -> None:
    def loss(known: list[bool], **weights: float) -> float:
        given = tiny.recipe(tiny.register_outliner(), loss=Loss(**weights))
        return float(SegmenterTraining(tiny.Outliner(), given, 1).training_step(_batch(known), 0))

    nothing = {"dice": 0.0, "cross_entropy": 0.0, "box": 0.0, "consistency": 0.0}
    assert loss([True, True, False], **nothing) == 0
    assert loss([True, True], **{**nothing, "box": 1.0, "consistency": 1.0}) == 0
    assert loss([False, False], **{**nothing, "dice": 1.0, "cross_entropy": 1.0}) == 0
    for name in ("dice", "cross_entropy"):
        assert loss([True, True], **{**nothing, name: 1.0}) > 0
    for name in ("box", "consistency"):
        assert loss([False, False], **{**nothing, name: 1.0}) > 0


@pytest.mark.filterwarnings("ignore:You are trying to `self.log")
def test_what_is_watched_is_the_dice_of_known_masks(monkeypatch) -> None:
    given = tiny.recipe(tiny.register_outliner())
    module, said = SegmenterTraining(tiny.Outliner(), given, 1), {}
    monkeypatch.setattr(module, "log", lambda name, value, **_: said.update({name: float(value)}))
    module.validation_step(_batch([False, False]), 0)
    assert said == {}
    module.validation_step(_batch([True, True, False]), 0)
    assert said["val_cell_dice"] > 0.9  # the small segmenter was made for drawn cells
    assert said["val_nucleus_dice"] > 0.9
    middle = (said["val_cell_dice"] + said["val_nucleus_dice"]) / 2
    assert said["val_loss"] == pytest.approx(1 - middle, abs=1e-5)


def test_scores_of_three_classes_say_the_same_as_two_logits() -> None:
    scores = torch.randn(2, 3, 5, 6)
    shares, logits = scores.softmax(1), as_logits(scores)
    torch.testing.assert_close(logits[:, 0].sigmoid(), shares[:, 1] + shares[:, 2])
    torch.testing.assert_close(logits[:, 1].sigmoid(), shares[:, 2])


def test_the_multiclass_loss_is_small_where_the_classes_are_told_and_places_are_known() -> None:
    target = torch.zeros(1, 2, 8, 8)
    target[:, 0, 2:6, 2:6], target[:, 1, 3:5, 3:5] = 1, 1
    right = 12 * F.one_hot(target.sum(1).long(), 3).movedim(-1, 1).float()
    everywhere = torch.ones(1, 1, 8, 8)
    assert multiclass_loss(right, target, everywhere, 1.0, 1.0) < 1e-3
    wrong = right.clone()
    wrong[..., :4] = wrong[..., :4].flip(1)  # the left half says nucleus for background
    assert multiclass_loss(wrong, target, everywhere, 1.0, 1.0) > 1
    known = everywhere.clone()
    known[..., :4] = 0  # what is unknown is not looked at
    assert multiclass_loss(wrong, target, known, 1.0, 1.0) < 1e-3
    alone = multiclass_loss(wrong, target, everywhere, 1.0, 0.0)
    both = multiclass_loss(wrong, target, everywhere, 1.0, 1.0)
    assert both > alone > 0


def test_without_boxes_only_outlined_cells_are_learned_from(tmp_path) -> None:
    packed = tiny.packed(clusters=2, cells=2, herlev=12)
    for loss, learned in ((Loss(), {True}), (Loss(box=0.5), {True, False})):
        given = tiny.recipe(tiny.register_outliner(), loss=loss, images=("sipakmed", "herlev"))
        rows = np.arange(len(packed))
        loader, _ = loaders_of(Job(given, cells_at(packed, 64), rows, rows[:2], tmp_path))
        assert {bool(each) for batch in loader for each in batch["has_mask"]} == learned
