"""A training as a person wishes it, as plain data that a job carries; checked when it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from cervix_models.errors import RecipeError
from cervix_models.recipes import Recipe, list_recipes
from cervix_models.recipes.forms import changed, registered

Extent = Literal["whole", "folds", "fold"]
EXTENTS: tuple[Extent, ...] = get_args(Extent)
PACKED, SET = "packed:", "set:"  # before the name of a packed file, and of an imported set
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class Wish:
    """Which recipe, what is changed in it, on what, and how much of it."""

    recipe: str
    changes: Mapping[str, Any] = field(default_factory=dict)  # by name of the form's fields
    data: tuple[str, ...] = ("packed:cells160.npz",)
    extent: Extent = "whole"  # all folds and weights; all folds; one fold
    fold: int = 0
    name: str = ""  # of the new model; default: the recipe's
    accepts: bool = False  # whether it goes on where cells held out have near-duplicates learned

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> Wish:
        """The wish that a job carries. Raises RecipeError where it is none."""
        known = {each.name for each in fields(cls)}
        if "recipe" not in args or not set(args) <= known:
            raise RecipeError(
                f"A training is asked for by {', '.join(sorted(args)) or 'nothing'}; expected "
                f"recipe, and of the rest some of {', '.join(sorted(known))}. Ask for it anew."
            )
        wish = cls(**{**args, "data": tuple(args.get("data", cls.data))})
        wish.made()
        return wish

    def as_args(self) -> dict[str, Any]:
        """The wish as JSON can hold it."""
        return {**asdict(self), "data": list(self.data), "changes": dict(self.changes)}

    def made(self) -> Recipe:
        """The recipe as wished, under its own name. Raises RecipeError where something of the wish
        is none."""
        recipe = changed(registered(self.recipe), self.changes)
        if self.extent not in EXTENTS or not 0 <= self.fold < recipe.folds:
            raise RecipeError(
                f"{self.extent!r} of {self.recipe}, fold {self.fold}, was asked for; one of "
                f"{', '.join(EXTENTS)} and a fold from 0 to {recipe.folds - 1} were expected. "
                "Choose one of these."
            )
        self._check_data()
        if not self.name or self.name == self.recipe:
            return recipe
        if self.name in list_recipes() or not _NAME.fullmatch(self.name):
            raise RecipeError(
                f"{self.name!r} is the name of a recipe, or no name; a new one of letters, digits, "
                f"- and _ was expected. Choose another, such as {self.recipe}_2."
            )
        return replace(recipe, name=self.name)

    def _check_data(self) -> None:
        for each in self.data:
            kind, _, name = each.partition(":")
            if f"{kind}:" not in (PACKED, SET) or not _FILE.fullmatch(name):
                raise RecipeError(
                    f"{each!r} is no data set; packed: with the name of a packed file, or set: "
                    "with that of an imported set, was expected. Choose one of the list."
                )
        if not self.data:
            raise RecipeError("No data set was given; at least one was expected. Choose one.")
