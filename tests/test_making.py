"""Cells by class and seed."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.errors import DataError
from cervix_models.generators import cellflux
from cervix_models.making import CellMaker, maker_of, open_maker
from tests import tiny


def _flat(noise: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Grey pictures as bright as the first number of their noise, redder by the second class."""
    grey = np.clip(0.5 + noise[:, :1] / 10, 0, 1)
    red = grey + parts[:, 1:2] * 0.2
    return np.stack([red, grey, grey], 1)[..., None] * np.ones((1, 1, 4, 4), np.float32)


MAKER = CellMaker(_flat, ("pale", "red"), 3)


def test_the_same_seed_makes_the_same_cells_and_more_of_them_begin_alike() -> None:
    few, many = (MAKER.generate("red", count, seed=7) for count in (2, 5))
    assert np.array_equal(np.stack(few), np.stack(many)[:2])
    assert not np.array_equal(few[0], MAKER.generate("red", 1, seed=8)[0])
    assert few[0].shape == (4, 4, 3)
    assert few[0].dtype == np.uint8


def test_the_class_is_given_to_the_network() -> None:
    pale, red = (MAKER.generate(label, 1, seed=7)[0] for label in ("pale", "red"))
    assert np.array_equal(pale[..., 1:], red[..., 1:])
    assert (red[..., 0] > pale[..., 0]).all()


def test_without_temperature_all_cells_are_the_one_in_the_middle() -> None:
    still = MAKER.generate("pale", 3, seed=1, temperature=0)
    assert all(np.array_equal(each, np.full((4, 4, 3), 128)) for each in still)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"label": "blue"}, r"Cells of 'blue' were asked for; .* those of pale, red"),
        ({"count": 0}, "0 cells were asked for; 1 to 500"),
        ({"temperature": 2.0}, r"temperature is 2; 0 to 1.5 was expected"),
    ],
)
def test_what_cannot_be_made_is_refused(changed, words) -> None:
    with pytest.raises(DataError, match=words):
        MAKER.generate(**{"label": "pale", "count": 1, "seed": 0, **changed})


def test_a_generator_of_the_weights_makes_what_its_network_makes(tmp_path) -> None:
    settings = tiny.settings_in(tmp_path)
    given = tiny.recipe("cgan")
    network = tiny.save_tiny(settings.weights, given)
    maker, card = open_maker(given.name, settings)
    asked = (card.classes[2], 2)
    cells, wanted = (
        maker.generate(*asked, seed=4),
        maker_of(network, card.classes).generate(*asked, seed=4),
    )
    assert np.abs(np.stack(cells).astype(int) - np.stack(wanted)).max() <= 1


def test_what_takes_many_steps_is_run_by_torch(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(cellflux, "STEPS", 2)
    settings = tiny.settings_in(tmp_path)
    given = tiny.recipe("cellflux")
    network = tiny.save_tiny(settings.weights, given)
    maker, card = open_maker(given.name, settings)
    asked = (card.classes[2], 2)
    cells = maker.generate(*asked, seed=4)
    wanted = maker_of(network, card.classes).generate(*asked, seed=4)
    assert np.abs(np.stack(cells).astype(int) - np.stack(wanted)).max() <= 2  # half precision
    alone = maker.generate(card.classes[2], 1, seed=4)[0]
    assert np.abs(cells[0].astype(int) - alone).max() <= 1
    assert not list(tmp_path.rglob("*.onnx"))
