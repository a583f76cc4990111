"""A cell turned into one of another class, by small networks."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from cervix_models.checkpoints import load_network
from cervix_models.data.intake import take_cell_image
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import is_marked, mark_synthetic, without_letters
from cervix_models.data.pictures import pixels_of, png_of
from cervix_models.errors import DataError, IntakeError, WeightsError
from cervix_models.inference import prepared
from cervix_models.services.triage import Triage
from cervix_models.services.turning import Turning
from cervix_models.storage.store import open_store
from tests import tiny
from tests.fakes import drawn_cell


def turned_by(way: nn.Module, images: list[np.ndarray], label: int, classes: int) -> np.ndarray:
    """What one direction of a translator makes of pictures, `(n, h, w, 3)`."""
    given = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2) / 255
    with torch.inference_mode():
        made = way(given, torch.eye(classes)[[label] * len(images)])
    return (made * 255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()


GIVEN = tiny.recipe("cyclegan")
SOURCE, TARGET = CLASS_NAMES[0], CLASS_NAMES[3]  # of the two domains of the small translator


@pytest.fixture(scope="module")
def turning(tmp_path_factory) -> Turning:
    settings = tiny.save_defaults(tmp_path_factory.mktemp("turning"))
    tiny.save_maker(settings.weights, GIVEN)
    return Turning(Triage(open_store(settings), settings))


def test_only_translators_are_offered(turning) -> None:
    assert [card.name for card in turning.cards()] == [GIVEN.name]


def test_those_whose_cells_are_told_best_come_first(tmp_path) -> None:
    settings = tiny.settings_in(tmp_path)
    for name, told in (("a", None), ("b", (0.9, 0.1)), ("c", (0.8, 0.7))):
        ways = {label: {"recognised": each} for label, each in zip("xy", told or (), strict=False)}
        tiny.save_tiny(
            settings.weights, replace(GIVEN, name=name), metrics={"summary": "-", "ways": ways}
        )
    turning = Turning(Triage(open_store(settings), settings))
    assert [card.name for card in turning.cards()] == ["c", "b", "a"]


def test_a_cell_is_turned_as_its_network_turns_it_and_back(turning) -> None:
    cell = drawn_cell(90, 4)
    found = turning.turn(GIVEN.name, png_of(cell), "cell.png", TARGET, SOURCE, sample=False)
    network, card = load_network(GIVEN.name, turning.settings.weights)
    before = pixels_of(found.before.png, "RGB")
    given = prepared([cell], 64, (0, 0, 0), (1, 1, 1))
    assert np.abs(given[0].transpose(1, 2, 0) * 255 - before).max() <= 0.5
    seen = before
    for look, way, label in (
        (found.after, network.there, TARGET), (found.again, network.back, SOURCE),
    ):  # fmt: skip
        seen = turned_by(way, [seen], card.classes.index(label), len(card.classes))[0]
        shown = without_letters(pixels_of(look.png, "RGB"))
        bare = np.ones(shown.shape[:2], bool)
        bare[-9:, -19:] = False  # where the letters stood
        assert np.abs(shown.astype(int) - seen)[bare].max() <= 1
        assert take_cell_image(look.png, "turned").synthetic
        assert sum(look.probabilities.values()) == pytest.approx(1)
        assert look.probabilities[look.label] == max(look.probabilities.values())
        assert look.labels.shape == (64, 64)
    assert not take_cell_image(found.before.png, "before").synthetic
    assert 0 <= found.kept["nucleus"] <= 1
    assert not found.near_copy


def test_the_way_back_begins_in_the_other_domain(turning) -> None:
    cell = png_of(drawn_cell(64, 4))
    found = turning.turn(GIVEN.name, cell, "cell.png", SOURCE, TARGET, sample=False)
    network, card = load_network(GIVEN.name, turning.settings.weights)
    at = card.classes.index(SOURCE)
    wanted = turned_by(network.back, [pixels_of(found.before.png, "RGB")], at, 5)[0]
    assert np.abs(pixels_of(found.after.png, "RGB")[:50].astype(int) - wanted[:50]).max() <= 1


def test_a_sample_is_turned_without_its_letters_and_stays_marked(turning) -> None:
    cell = drawn_cell(96, 2)
    sample = mark_synthetic(cell, "drawn")
    with pytest.raises(IntakeError, match="carries the mark of a generated picture"):
        turning.turn(GIVEN.name, sample, "made.png", TARGET, SOURCE, sample=False)
    found = turning.turn(GIVEN.name, sample, "made.png", TARGET, SOURCE, sample=True)
    with Image.open(io.BytesIO(found.before.png)) as picture:
        assert is_marked(picture)


def test_what_cannot_be_turned_is_refused(turning) -> None:
    cell = png_of(drawn_cell(64, 4))
    with pytest.raises(WeightsError, match="No weights of 'cyclegan'"):
        turning.turn("cyclegan", cell, "cell.png", TARGET, SOURCE, sample=False)
    with pytest.raises(DataError, match=r"turned into 'Squamous'; this network turns them into"):
        turning.turn(GIVEN.name, cell, "cell.png", "Squamous", SOURCE, sample=False)
    with pytest.raises(IntakeError, match=r"cell\.txt"):
        turning.turn(GIVEN.name, b"no picture", "cell.txt", TARGET, SOURCE, sample=False)


def test_a_near_copy_is_flagged(turning, monkeypatch) -> None:
    turner, check, card = turning._turner(GIVEN.name)
    monkeypatch.setitem(turning._turners, GIVEN.name, (turner, replace(check, least=9.0), card))
    cell = png_of(drawn_cell(64, 4))
    assert turning.turn(GIVEN.name, cell, "c.png", TARGET, SOURCE, sample=False).near_copy
