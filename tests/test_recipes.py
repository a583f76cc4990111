"""Recipes: those there are, and what is refused."""

from __future__ import annotations

from typing import get_args

import pytest

from cervix_models.errors import RecipeError
from cervix_models.recipes import list_recipes, load_recipe, recipe_of
from cervix_models.registry import Kind, find
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER

WHOLE = 'name = "a"\nmodel = "cnn"\nversion = "1"\nabout = "A."\n'


def _written(tmp_path, text: str) -> str:
    path = tmp_path / "a.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", list_recipes())
def test_every_recipe_names_itself_and_a_network(name) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    base = [load_recipe(recipe.lora.base)] if recipe.lora else [recipe]
    for each in [load_recipe(member) for member in recipe.members] or base:
        assert find(each.model).kind in get_args(Kind)
    assert recipe.about.endswith(".")
    assert set(recipe.images) <= {"sipakmed", "herlev", "cric", "folder"}
    assert set(recipe.against) <= set(list_recipes()) - {name}
    assert 1 <= recipe.views <= 8


def test_the_default_models_have_recipes() -> None:
    assert {CLASSIFIER, SEGMENTER, "cnn"} <= set(list_recipes())


def test_what_is_not_set_has_its_default(tmp_path) -> None:
    text = WHOLE + "[optimiser]\nlearning_rate = 1\nepochs = 3\n[augmentation]\nflip = false\n"
    recipe = load_recipe(_written(tmp_path, text))
    assert (recipe.optimiser.learning_rate, recipe.optimiser.epochs) == (1.0, 3)
    assert type(recipe.optimiser.learning_rate) is float
    assert recipe.optimiser.batch_size == 48
    assert recipe.augmentation.flip is False
    assert recipe.images == ("sipakmed",)
    assert recipe.as_dict()["optimiser"]["epochs"] == 3


def test_an_unknown_recipe_is_refused_with_those_there_are(tmp_path) -> None:
    with pytest.raises(
        RecipeError, match=r"No recipe is named 'b'\. There are cellflux, .*\.toml file"
    ):
        load_recipe("b")
    with pytest.raises(RecipeError, match="No recipe is named"):
        load_recipe(str(tmp_path / "b.toml"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (WHOLE + "colour = 1\n", r"a\.toml sets colour, which Recipe does not know\. Its settings"),
        (WHOLE + "[loss]\nfocal = 1.0\n", "a.toml: loss sets focal, which Loss does not know"),
        (WHOLE + "folds = 5.5\n", "a.toml: folds is 5.5; expected a value of type int"),
        (WHOLE + "folds = true\n", "a.toml: folds is True; expected a value of type int"),
        (WHOLE + "seed = '1'\n", "a.toml: seed is '1'; expected a value of type int"),
        (WHOLE + "start = 'scratch'\n", r"start is 'scratch'; expected one of \('imagenet'"),
        (WHOLE + "images = 'sipakmed'\n", "images is 'sipakmed'; expected a list of texts"),
        (WHOLE + "images = [1]\n", r"images is \[1\]; expected a list of texts"),
        (WHOLE + "optimiser = 3\n", "optimiser is 3; expected a table of settings"),
        (WHOLE + "[augmentation]\nflip = 1\n", "flip is 1; expected a value of type bool"),
        ('name = "a"\nmodel = "cnn"\n', r"a\.toml does not set version, about\. Add it"),
        (
            WHOLE + 'members = ["cnn"]\n',
            "more than one of a network as model, recipes as members.* Leave the others",
        ),
        (
            WHOLE.replace('model = "cnn"\n', ""),
            "none of a network as model, recipes as members.* Add one",
        ),
        (
            WHOLE + "[kernel]\nviews = 1.5\n",
            "a.toml: kernel: views is 1.5; expected a value",
        ),
        ("name = \n", r"a\.toml is not valid TOML .* Mend that line"),
    ],
)
def test_a_recipe_that_is_not_right_is_refused(tmp_path, text, sentence) -> None:
    with pytest.raises(RecipeError, match=sentence):
        load_recipe(_written(tmp_path, text))


def test_a_file_that_is_no_text_is_refused(tmp_path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="not valid TOML"):
        load_recipe(str(tmp_path / "a.toml"))


@pytest.mark.parametrize("bits", [1, 9])
def test_a_number_of_bits_that_is_none_is_refused(bits) -> None:
    table = {**load_recipe("cgan").as_dict(), "bits": bits}
    with pytest.raises(RecipeError, match=rf"here: bits is {bits}; 2 to 8 was expected"):
        recipe_of(table, "here")
