"""What of a recipe a form may change, by its types and bounds; and the recipe that comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from cervix_models.data.bounds import bounds_of
from cervix_models.errors import RecipeError
from cervix_models.recipes import Recipe, list_recipes, load_recipe, recipe_of

FieldKind = Literal["whole", "number", "flag", "choice"]
KINDS: dict[type, FieldKind] = {bool: "flag", int: "whole", float: "number"}
OWN = ("start", "folds", "seed", "views")  # of the recipe itself; the rest are its tables
WITHOUT = ("optimiser", "augmentation", "loss")  # not looked at beside the following
INSTEAD = ("kernel", "perceptron")


@dataclass(frozen=True)
class FormField:
    """One setting that a form may change."""

    name: str  # as `optimiser.epochs`
    kind: FieldKind
    value: Any  # of the recipe; None: not set
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    @property
    def table(self) -> str:
        """The table that it stands in; empty for the recipe itself."""
        return self.name.rpartition(".")[0]


def registered(name: str) -> Recipe:
    """The recipe of this name among those that come with the project, which trains one network.
    Raises RecipeError for any other, also for the path of a file."""
    if name not in trainable():
        raise RecipeError(
            f"{name!r} is no recipe that can be trained from a form; one of "
            f"{', '.join(trainable())} was expected. Choose one of these."
        )
    return load_recipe(name)


@cache  # they come with the project, and a form asks again and again
def trainable() -> tuple[str, ...]:
    """The names of the recipes that train a network of their own: no ensembles, no additions."""
    recipes = [load_recipe(name) for name in list_recipes()]
    return tuple(each.name for each in recipes if each.model)


def form_of(recipe: Recipe) -> list[FormField]:
    """The settings of a recipe that a form may change, in the order of its tables."""
    found = [each for each in _fields(recipe, "") if each.name in OWN]
    instead = any(getattr(recipe, name) is not None for name in INSTEAD)
    for each in fields(recipe):
        table = getattr(recipe, each.name)
        if is_dataclass(table) and not (instead and each.name in WITHOUT):
            found.extend(_fields(table, f"{each.name}."))
    return found


def changed(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with some settings of its form changed; None takes one out. Raises RecipeError for
    a setting that the form does not have, or a value of another type or beyond its bounds."""
    known = {each.name for each in form_of(recipe)}
    odd = sorted(set(values) - known)
    if odd:
        raise RecipeError(
            f"The settings {', '.join(odd)} were to be changed in {recipe.name}; expected some of "
            f"{', '.join(sorted(known))}. Leave the others out."
        )
    table = recipe.as_dict()
    for name, value in values.items():
        parent, _, key = name.rpartition(".")
        within = table.setdefault(parent, {}) if parent else table
        if value is None:
            within.pop(key, None)
        else:
            within[key] = value
    return recipe_of(table, recipe.name)


def _fields(table: Any, before: str) -> Iterator[FormField]:
    hints = get_type_hints(type(table), include_extras=True)
    for each in fields(table):
        made = _field(f"{before}{each.name}", hints[each.name], getattr(table, each.name))
        if made is not None:
            yield made


def _field(name: str, hint: Any, value: Any) -> FormField | None:
    """A field of this type; None for texts, lists and tables."""
    bounds = bounds_of(hint)
    if get_origin(hint) in (UnionType, Union):
        hint = get_args(hint)[0]
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) is Literal:
        return FormField(name, "choice", value, tuple(map(str, get_args(hint))))
    if hint not in KINDS:
        return None
    low, high = (bounds.low, bounds.high) if bounds else (None, None)
    return FormField(name, KINDS[hint], value, low=low, high=high)
