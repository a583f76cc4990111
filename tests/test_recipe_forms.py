"""Forms over recipes: every setting by its type and bounds, and nothing else."""

from __future__ import annotations

import math

import pytest

from cervix_models.errors import RecipeError
from cervix_models.recipes import list_recipes, load_recipe, recipe_of
from cervix_models.recipes.forms import changed, form_of, registered, trainable


@pytest.mark.parametrize("name", list_recipes())
def test_every_recipe_lies_within_its_bounds_and_comes_back_from_its_form(name) -> None:
    recipe = load_recipe(name)
    assert recipe_of(recipe.as_dict(), name) == recipe
    values = {each.name: each.value for each in form_of(recipe)}
    assert changed(recipe, values) == recipe
    for each in form_of(recipe):
        if each.low is not None and each.value is not None:
            assert each.low <= each.value <= each.high, each.name


def test_a_form_knows_types_bounds_and_choices() -> None:
    fields = {each.name: each for each in form_of(load_recipe("cnn"))}
    epochs, rate = fields["optimiser.epochs"], fields["optimiser.learning_rate"]
    assert (epochs.kind, epochs.value, epochs.low, epochs.table) == ("whole", 30, 1, "optimiser")
    assert (rate.kind, rate.value, rate.high) == ("number", 2e-3, 1)
    assert fields["optimiser.name"].choices == ("adamw", "adam")
    assert fields["augmentation.flip"].kind == "flag"
    factor = fields["optimiser.plateau_factor"]
    assert (factor.value, factor.low, factor.kind) == (None, 0, "number")
    assert not {"name", "model", "images", "members", "kernel", "side"} & set(fields)


def test_a_form_leaves_out_what_is_not_looked_at() -> None:
    names = {each.name for each in form_of(load_recipe("svm_features"))}
    assert "kernel.penalty" in names
    assert not any(each.startswith(("optimiser", "loss", "augmentation")) for each in names)


def test_a_recipe_is_changed_and_nothing_else_of_it() -> None:
    recipe = load_recipe("cnn")
    values = {"optimiser.epochs": 2, "folds": 3, "loss.mixup": 1, "optimiser.plateau_factor": 0.5}
    made = changed(recipe, values)
    assert (made.optimiser.epochs, made.folds, made.loss.mixup) == (2, 3, 1.0)
    assert made.optimiser.plateau_factor == 0.5
    assert made.optimiser.learning_rate == recipe.optimiser.learning_rate
    assert changed(made, {"optimiser.plateau_factor": None}).optimiser.plateau_factor is None


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"optimiser.epochs": 0}, "epochs is 0; 1 to 10000 was expected"),
        ({"optimiser.epochs": 2.5}, "expected a value of type int"),
        ({"optimiser.epochs": True}, "expected a value of type int"),
        ({"optimiser.learning_rate": math.nan}, "is nan; 0 to 1"),
        ({"optimiser.learning_rate": "__import__('os')"}, "expected a value of type float"),
        ({"optimiser.name": "sgd"}, "expected one of"),
        ({"model": "resnet50"}, "model were to be changed"),
        ({"optimiser.__class__": 1}, "were to be changed"),
        ({"kernel.penalty": 1.0}, "were to be changed"),
    ],
)
def test_what_is_none_of_the_form_or_beyond_it_is_refused(values, sentence) -> None:
    with pytest.raises(RecipeError, match=sentence.replace("(", r"\(")):
        changed(load_recipe("cnn"), values)


@pytest.mark.parametrize("name", ["ensemble", "../cnn", "/etc/cnn.toml", "cnn.toml", "none"])
def test_only_registered_recipes_of_one_network_are_taken(name) -> None:
    with pytest.raises(RecipeError, match="no recipe that can be trained from a form"):
        registered(name)


def test_recipes_of_one_network_are_trainable() -> None:
    assert {"cnn", "cgan", "dual_head_unet", "nucleus_finder"} <= set(trainable())
    assert not {"ensemble", "cellflux_severe_dysplastic"} & set(trainable())
    assert registered("cnn").name == "cnn"
