"""What steers a cell, and how far the made one heeds it."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pictures
from safetensors.numpy import save_file

from cervix_models.cards import WEIGHTS, file_hash, load_card
from cervix_models.checkpoints import save_card
from cervix_models.contracts import CYTOPLASM, NUCLEUS, Wish
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import is_marked
from cervix_models.data.shapes import Ellipse, borders, drawn_control, framed, size_of
from cervix_models.errors import IntakeError, WeightsError
from cervix_models.services.steering import Steering, control_of
from tests import tiny
from tests.fakes import drawn_cell, png
from tests.made_cells import NoCopies

CELL, KERN = Ellipse(0.5, 0.5, 0.4, 0.3), Ellipse(0.5, 0.5, 0.15, 0.1)


class AsAsked:
    """Makes a drawn cell of whatever control it is given, and keeps the wish."""

    side, classes = 64, CLASS_NAMES

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.outlines = True

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
    service._makers["cellflux"] = (maker, NoCopies(), "a" * 12)
    return service, maker


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


def test_what_knows_edges_alone_is_given_the_borders_of_outlines(steering) -> None:
    service, maker = steering
    maker.outlines = False
    control = drawn_control(CELL, KERN, 32)
    service.make("cellflux", Wish("Parabasal", 1, 7), control)
    seen = maker.wishes[0].control
    assert seen.shape == (64, 64, 3)
    assert (seen == borders(control.labels, 64)).all()
    assert set(np.unique(seen)) == {0, 255}
    assert (seen[32, :, 0] > 0).sum() == 4  # into the cell, into the nucleus, and out again


def test_the_large_flux_is_offered_with_what_it_lacks(triage, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    service = Steering(triage)
    offer = service.offers()[-1]
    assert offer.name == "flux_controlnet"
    assert "Missing: FLUX.1 (black-forest-labs/FLUX.1-dev)" in offer.lacks
    assert "35.5 GB" in offer.lacks
    with pytest.raises(WeightsError, match="was not accepted here yet"):
        service.make("flux_controlnet", Wish("Parabasal", 1, 7), None)
    service.accept("anna")
    assert "anna, 20" in (triage.settings.home / "licences" / "flux_controlnet.txt").read_text()
    with pytest.raises(WeightsError, match="Missing"):
        service.make("flux_controlnet", Wish("Parabasal", 1, 7), None)


def test_what_was_added_to_a_generator_is_offered_beside_it(triage, tmp_path) -> None:
    triage.settings = replace(triage.settings, weights=tmp_path)
    heeds = {"summary": "", "control": {"cells": 9}}
    tiny.save_tiny(tmp_path, tiny.recipe("cellflux", name="cellflux"), metrics=heeds)
    tiny.save_tiny(tmp_path, tiny.recipe("cellflux", name="heedless"))
    tiny.save_tiny(tmp_path, tiny.recipe("cgan", name="cgan"))
    (tmp_path / "added").mkdir()
    save_file({"a.lora_A.weight": np.zeros((1, 1), np.float32)}, tmp_path / "added" / WEIGHTS)
    card = load_card("cellflux", tmp_path)
    added = replace(
        card, name="added", kind="adapter", classes=("round",), recipe={"classes": ["round"]},
        weights_sha256=file_hash(tmp_path / "added" / WEIGHTS),
    )  # fmt: skip
    save_card(added, tmp_path / "added")
    offers = Steering(triage).offers()
    assert [each.name for each in offers] == ["added", "cellflux", "flux_controlnet"]
    assert offers[0].classes == ("round",)
