"""What steers a cell, and how far the made one heeds it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Pictures

from cervix_models.contracts import CYTOPLASM, NUCLEUS, Wish
from cervix_models.data.marks import is_marked
from cervix_models.data.shapes import Ellipse, drawn_control, framed, size_of
from cervix_models.errors import IntakeError
from cervix_models.services.steering import Steering, control_of
from tests.fakes import drawn_cell, png
from tests.made_cells import NoCopies

CELL, KERN = Ellipse(0.5, 0.5, 0.4, 0.3), Ellipse(0.5, 0.5, 0.15, 0.1)


class AsAsked:
    """Makes a drawn cell of whatever control it is given, and keeps the wish."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []

    def make(self, wish: Wish, watch=None) -> list[np.ndarray]:
        self.wishes.append(wish)
        cells = []
        for _ in range(wish.count):
            cell = np.full((64, 64, 3), 235, np.uint8)
            if wish.control is not None:
                cell[wish.control[..., 1] > 0] = 170
                cell[wish.control[..., 0] > 0] = 60
            cells.append(cell)
        if watch:
            watch(2, cells)
        return cells


@pytest.fixture
def steering(triage) -> tuple[Steering, AsAsked]:
    service, maker = Steering(triage), AsAsked()
    service._makers["cellflux"] = (maker, NoCopies(), _Card())
    return service, maker


class _Card:
    weights_sha256 = "a" * 64


def test_a_file_of_labels_is_outlines_and_any_other_picture_edges() -> None:
    labels = np.zeros((90, 80), np.uint8)
    labels[20:70, 15:60] = CYTOPLASM
    labels[40:55, 30:45] = NUCLEUS
    told = control_of(png(labels), "labels.png", 64)
    assert told.labels is not None
    assert (told.labels == framed(labels, 64)).all()
    edges = control_of(png(drawn_cell(120)), "cell.png", 64)
    assert edges.labels is None
    assert set(np.unique(edges.picture)) == {0, 255}
    with pytest.raises(IntakeError):
        control_of(b"no picture", "a.png", 64)


def test_a_cell_is_made_marked_and_held_against_what_was_asked(steering) -> None:
    service, maker = steering
    seen: list[int] = []
    control = drawn_control(CELL, KERN, 64)
    cells = service.make(
        "cellflux", Wish("Parabasal", 2, 7), control, lambda step, looks: seen.append(len(looks))
    )
    (wish,) = maker.wishes
    assert (wish.control == control.picture).all()
    assert wish.size == size_of(control.labels)
    assert seen == [2]
    for cell in cells:
        assert is_marked(Pictures.open(io.BytesIO(cell.png)))
        assert cell.labels.shape == (64, 64)
        assert set(cell.dice) == {"nucleus", "cytoplasm", "cell"}
        assert sum(cell.probabilities.values()) == pytest.approx(1)
        assert not cell.near_copy
    assert cells[0].dice["cell"] > 0.8


def test_without_outlines_nothing_is_held_against_them(steering) -> None:
    service, maker = steering
    (cell,) = service.make("cellflux", Wish("Parabasal", 1, 7), None)
    assert (maker.wishes[0].control, maker.wishes[0].size, cell.dice) == (None, None, {})
