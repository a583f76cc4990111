"""Outlines that steer a cell: drawn, cut out of labels, and what they say of the cell's size."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cervix_models.contracts import CYTOPLASM, NUCLEUS
from cervix_models.data.masks import CROP_MARGIN
from cervix_models.data.shapes import Ellipse, drawn_control, framed, of_labels, size_of
from cervix_models.errors import IntakeError
from cervix_models.generators.controls import outlines_of, sizes_of

CELL, KERN = Ellipse(0.5, 0.5, 0.4, 0.3), Ellipse(0.5, 0.5, 0.15, 0.1)


def test_shapes_are_drawn_where_they_are_said_to_be() -> None:
    labels = drawn_control(CELL, KERN, 64).labels
    assert labels is not None
    assert labels.shape == (64, 64)
    assert (labels == NUCLEUS).sum() == pytest.approx(np.pi * 9.6 * 6.4, rel=0.03)
    assert (labels > 0).sum() == pytest.approx(np.pi * 25.6 * 19.2, rel=0.02)
    upright = drawn_control(Ellipse(0.5, 0.5, 0.4, 0.2, turn=90), KERN, 64).labels
    assert upright is not None
    assert (upright > 0).any(1).sum() == pytest.approx(51, abs=1)
    tilted = Ellipse(0.5, 0.5, 0.4, 0.1, turn=45).covers(64)  # clockwise: down to the right
    assert tilted[48, 48]
    assert not tilted[48, 16]
    beyond = drawn_control(CELL, Ellipse(0.95, 0.5, 0.15, 0.1), 64).labels
    assert beyond is not None
    assert (beyond == NUCLEUS).sum() < 60
    assert not (beyond[:, 62:] == NUCLEUS).any()  # what lies beyond the cell is no nucleus


def test_labels_steer_as_the_network_was_taught() -> None:
    labels = drawn_control(CELL, KERN, 64).labels
    taught = outlines_of(torch.from_numpy(labels)[None])[0].permute(1, 2, 0).numpy() * 255
    assert (of_labels(labels).picture == taught).all()


def test_a_cell_somewhere_in_a_picture_is_framed_as_crops_are() -> None:
    labels = np.zeros((300, 400), np.uint8)
    labels[100:200, 50:230] = CYTOPLASM
    labels[140:160, 120:150] = NUCLEUS
    found = framed(labels, 64)
    rows, columns = (np.flatnonzero(found.any(axis)) for axis in (1, 0))
    assert rows[0] == pytest.approx(64 * CROP_MARGIN / 120, abs=1)
    assert columns[0] == pytest.approx(64 * CROP_MARGIN / 200, abs=1)
    assert set(np.unique(found)) == {0, CYTOPLASM, NUCLEUS}
    with pytest.raises(IntakeError, match="hold no cell"):
        framed(np.zeros((9, 9), np.uint8), 64)


def test_the_size_of_a_cell_is_told_by_its_margin() -> None:
    labels = np.zeros((100, 100), np.uint8)
    labels[10:90, 20:80] = CYTOPLASM  # margins of 10 and 20 %
    wanted = sizes_of(torch.tensor([[0.1, 0.2]])).item()
    assert size_of(labels) == pytest.approx(wanted, abs=1e-6)
    assert size_of(np.zeros((9, 9), np.uint8)) is None
    assert np.isfinite(size_of(np.ones((9, 9), np.uint8)) or np.nan)
