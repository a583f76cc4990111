"""What the gate measures, the sentence of each refusal, and distances from known cells."""

from __future__ import annotations

import numpy as np
import pytest

from cervix_models.contracts import Segmentation
from cervix_models.errors import WeightsError
from cervix_models.evaluation.gate import fit_space
from cervix_models.gate import (
    REASONS,
    Tell,
    load_space,
    load_tell,
    measures_of,
    plausibility,
    quality,
    refusals,
    unit_length,
)
from tests.fakes import cell_shapes, drawn_cell

SENTENCES = {
    "sharpness": ("too blurred to read", "noise, text or a drawing"),
    "brightness": ("too dark to read", "too bright to read"),
    "contrast": ("almost even", "harder contrast than a stained cell"),
    "colour": ("no stain colour", "stronger than those of a Papanicolaou stain"),
    "cell_area": ("No cell was found", "fills the whole picture"),
    "nucleus_area": ("No nucleus was found", "nucleus fills too much"),
    "nucleus_darkness": ("not darker than its surroundings", "darker than any stained nucleus"),
    "distance": (None, "unlike the cells the model learned from"),
}


def _cell(side: int = 160) -> Segmentation:
    cell, nucleus = cell_shapes(side, side)
    return Segmentation(nucleus=nucleus, cytoplasm=cell & ~nucleus)


@pytest.mark.parametrize("name", SENTENCES)
def test_each_refusal_has_its_sentence(name) -> None:
    inside = dict.fromkeys(SENTENCES, 0.5)
    ranges = dict.fromkeys(SENTENCES, (0.0, 1.0))
    assert refusals(inside, ranges) == []
    low, high = SENTENCES[name]
    (too_much,) = refusals({**inside, name: 1.1}, ranges)
    assert high in too_much
    if low:
        (too_little,) = refusals({**inside, name: -0.1}, ranges)
        assert low in too_little


def test_every_reason_is_a_whole_sentence_that_says_what_to_do() -> None:
    assert set(REASONS) == set(SENTENCES)
    for name, pair in REASONS.items():
        for text in pair if name != "distance" else pair[1:]:
            assert text[0].isupper()
            assert text.endswith(".")
            assert len(text.split()) > 5


def test_all_that_speaks_against_a_picture_is_said() -> None:
    found = refusals(
        {"brightness": 0.0, "contrast": 0.0}, {"brightness": (1, 2), "contrast": (1, 2)}
    )
    assert found == [REASONS["brightness"][0], REASONS["contrast"][0]]


def test_the_limits_themselves_pass() -> None:
    assert refusals({"contrast": 1.0}, {"contrast": (1.0, 1.0)}) == []


def test_blank_and_blurred_pictures_measure_low() -> None:
    cell = quality(drawn_cell())
    blank = quality(np.full((50, 60, 3), 128, np.uint8))
    assert blank["contrast"] == pytest.approx(0, abs=1e-6)
    assert blank["colour"] == pytest.approx(0, abs=1e-6)
    assert blank["brightness"] == pytest.approx(128 / 255, abs=1e-3)
    assert blank["sharpness"] < cell["sharpness"] - 3
    noise = np.random.default_rng(0).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    assert quality(noise)["sharpness"] > cell["sharpness"] + 0.5


def test_plausibility_of_a_drawn_cell() -> None:
    found, mask = plausibility(drawn_cell(), _cell()), _cell()
    assert found["cell_area"] == pytest.approx(mask.cell.mean())
    assert found["nucleus_area"] == pytest.approx(mask.nucleus.mean())
    body, core = np.mean((168, 190, 205)) / 255, np.mean((84, 70, 120)) / 255
    assert found["nucleus_darkness"] == pytest.approx(body - core, abs=0.01)


def test_nothing_found_is_nothing_filled() -> None:
    empty = Segmentation(np.zeros((160, 160), bool), np.zeros((160, 160), bool))
    assert set(plausibility(drawn_cell(), empty).values()) == {0.0}


def test_all_measures_have_a_reason() -> None:
    assert set(measures_of(drawn_cell(), _cell(), 1.0)) == set(REASONS)


def _known(count: int, seed: int) -> np.ndarray:
    """Points near a plane of four axes in a space of forty."""
    random = np.random.default_rng(seed)
    axes = np.random.default_rng(99).normal(size=(4, 40))
    flat = random.normal(size=(count, 4)) @ axes + 3 * axes[0] + 8
    return (flat + random.normal(0, 0.2, (count, 40))).astype(np.float32)


def test_known_cells_are_near_one_and_others_far() -> None:
    space = fit_space(_known(300, 0))
    assert space.distances(_known(300, 0)).mean() == pytest.approx(1, abs=1e-4)
    assert space.distances(_known(300, 1)).mean() == pytest.approx(1, abs=0.25)
    others = np.random.default_rng(2).normal(size=(50, 40)).astype(np.float32)
    assert space.distances(others).min() > 3


def test_brightness_of_an_embedding_is_no_distance() -> None:
    space, cells = fit_space(_known(100, 0)), _known(5, 1)
    np.testing.assert_allclose(space.distances(cells * 7), space.distances(cells), rtol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(unit_length(cells), axis=1), 1, rtol=1e-5)
    assert np.isfinite(space.distances(np.zeros((1, 40), np.float32))).all()


def test_a_space_comes_back_as_it_was_saved(tmp_path) -> None:
    space = fit_space(_known(60, 0))
    space.save(tmp_path)
    again, cells = load_space(tmp_path), _known(9, 3)
    np.testing.assert_allclose(again.distances(cells), space.distances(cells), rtol=1e-6)


def test_a_tell_finds_what_passes_its_limit_whatever_the_length(tmp_path) -> None:
    tell = Tell(np.array([1, -1], np.float32), np.array([0.5], np.float32))
    rows = np.array([[3, 0], [0, 3], [0.1, 0], [1, 0.9]], np.float32)
    assert tell.finds(rows).tolist() == [True, False, True, False]
    assert load_tell(tmp_path) is None
    tell.save(tmp_path)
    assert load_tell(tmp_path).finds(rows).tolist() == [True, False, True, False]


def test_a_missing_space_is_refused(tmp_path) -> None:
    with pytest.raises(WeightsError, match=r"gate\.safetensors is missing, .* train mine$"):
        load_space(tmp_path / "mine")
