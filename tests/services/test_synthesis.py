"""Made cells as the studio has them: marked, the same again, and on the way between two."""

from __future__ import annotations

import io
import json
import zipfile
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from cervix_models.data.intake import take_cell_image
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import is_marked, mark_synthetic, without_letters
from cervix_models.data.pictures import pixels_of
from cervix_models.errors import DataError, WeightsError
from cervix_models.services.synthesis import Spot, Synthesis, archive, between, film
from tests import tiny

NAME = "tiny_cgan"


@pytest.fixture(scope="module")
def synthesis(tmp_path_factory) -> Synthesis:
    settings = tiny.settings_in(tmp_path_factory.mktemp("synthesis"))
    tiny.save_maker(settings.weights, tiny.recipe("cgan"))
    tiny.save_tiny(settings.weights, tiny.recipe("cnn"))
    return Synthesis(settings)


def test_only_generators_are_offered(synthesis) -> None:
    assert [card.name for card in synthesis.cards()] == [NAME]


def test_quick_generators_are_offered_first_and_of_these_the_likest(tmp_path) -> None:
    settings = tiny.settings_in(tmp_path)
    for name, model, kid in (
        ("steps", "cellflux", 0.01), ("near", "cgan", 0.02), ("far", "cvae", 0.3)
    ):  # fmt: skip
        tiny.save_tiny(
            settings.weights,
            tiny.recipe(model, name=name),
            metrics={"summary": "", "kid": {"value": kid}},
        )
    assert [card.name for card in Synthesis(settings).cards()] == ["near", "far", "steps"]


def test_a_generator_without_weights_is_not_offered(synthesis, tmp_path) -> None:
    settings = tiny.settings_in(tmp_path)
    tiny.save_tiny(settings.weights, tiny.recipe("cgan"))
    (settings.weights / NAME / "model.safetensors").unlink()
    assert Synthesis(settings).cards() == []


def test_made_cells_are_marked_and_made_again_alike(synthesis) -> None:
    made = synthesis.make(NAME, CLASS_NAMES[1], 3, seed=5)
    assert [each.number for each in made] == [1, 2, 3]
    assert made == synthesis.make(NAME, CLASS_NAMES[1], 3, seed=5)
    assert len({each.png for each in made}) == 3
    assert not any(each.near_copy for each in made)
    for each in made:
        assert take_cell_image(each.png, each.name).synthetic
        with Image.open(io.BytesIO(each.png)) as picture:
            assert f"{NAME} (" in picture.info["cervix-synthetic"]
            stripped = Image.fromarray(np.asarray(picture.convert("RGB")))
        assert is_marked(stripped)  # by the letters alone


def test_what_is_not_here_or_not_made_is_refused(synthesis) -> None:
    with pytest.raises(WeightsError, match="No weights of 'cvae'"):
        synthesis.make("cvae", CLASS_NAMES[0], 1, seed=0)
    with pytest.raises(DataError, match=r"1 to 500 can be made at once"):
        synthesis.make(NAME, CLASS_NAMES[0], 501, seed=0)
    with pytest.raises(DataError, match=r"A walk of 1 steps"):
        synthesis.walk(NAME, Spot(CLASS_NAMES[0], 1), Spot(CLASS_NAMES[0], 2), 1)
    with pytest.raises(DataError, match=r"A walk by way of 'Squamous'"):
        synthesis.walk(NAME, Spot("Squamous", 1), Spot(CLASS_NAMES[0], 2), 3)
    with pytest.raises(DataError, match=r"A walk by way of cell 0 of a seed"):
        synthesis.walk(NAME, Spot(CLASS_NAMES[0], 1, 0), Spot(CLASS_NAMES[0], 2), 3)


def test_a_cell_near_to_a_real_one_is_flagged(tmp_path) -> None:
    settings = tiny.settings_in(tmp_path)
    tiny.save_maker(settings.weights, tiny.recipe("cgan"), least=9.0)
    made = Synthesis(settings).make(NAME, CLASS_NAMES[1], 2, seed=5)
    assert [each.near_copy for each in made] == [True, True]
    with Image.open(io.BytesIO(made[0].png)) as picture:
        assert "nearly a copy of a training cell" in picture.info["cervix-synthetic"]
    assert json.loads(zipfile.ZipFile(io.BytesIO(archive(made))).read("manifest.json"))["cells"][0][
        "near_copy"
    ]


def test_a_walk_begins_and_ends_at_the_cells_of_its_seeds(synthesis) -> None:
    start, end = Spot(CLASS_NAMES[0], 1), Spot(CLASS_NAMES[3], 2, 3)
    steps = [
        without_letters(pixels_of(each, "RGB")) for each in synthesis.walk(NAME, start, end, 5)
    ]
    for spot, found in ((start, steps[0]), (end, steps[-1])):
        cell = synthesis.make(NAME, spot.label, spot.number, seed=spot.seed)[-1]
        wanted = without_letters(pixels_of(cell.png, "RGB"))
        assert np.abs(found.astype(int) - wanted).max() <= 1
    apart = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(steps)]
    whole = np.abs(steps[0].astype(int) - steps[-1]).mean()
    assert max(apart) < whole


def test_the_way_is_a_great_circle() -> None:
    first, last = np.array([2.0, 0], np.float32), np.array([0, 2.0], np.float32)
    found = between(first, last, np.array([[0.0], [0.5], [1.0]], np.float32))
    np.testing.assert_allclose(found, [[2, 0], [2**0.5, 2**0.5], [0, 2]], atol=1e-6)
    same = between(first, first, np.array([[0.3]], np.float32))
    np.testing.assert_allclose(same, [[2, 0]], atol=1e-6)


def test_the_archive_says_of_each_what_made_it(synthesis) -> None:
    made = synthesis.make(NAME, CLASS_NAMES[2], 2, seed=9, temperature=0.7)
    with zipfile.ZipFile(io.BytesIO(archive(made))) as packed:
        manifest = json.loads(packed.read("manifest.json"))
        assert packed.namelist() == ["manifest.json", *(each.name for each in made)]
        assert packed.read(made[0].name) == made[0].png
    assert manifest["notice"].startswith("Teaching and research only")
    first = manifest["cells"][0]
    assert (first["label"], first["seed"], first["temperature"]) == (CLASS_NAMES[2], 9, 0.7)
    assert "png" not in first


def test_a_film_goes_there_and_back_and_is_marked() -> None:
    steps = [
        mark_synthetic(np.full((64, 64, 3), tone, np.uint8), "x") for tone in range(90, 250, 40)
    ]
    content = film(steps)
    with Image.open(io.BytesIO(content)) as moving:
        assert moving.n_frames == 6
        assert moving.size == (256, 256)
        assert is_marked(moving)
        moving.seek(3)
        assert is_marked(Image.fromarray(np.asarray(moving.convert("RGB"))))
