"""What of the recipes is to be trained: printed a line a recipe, for scripts/train_all.sh."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from cervix_models.cards import WEIGHTS, members_of
from cervix_models.contracts import MAKERS
from cervix_models.errors import WeightsError
from cervix_models.recipes import Recipe, list_recipes, load_recipe
from cervix_models.registry import create, find


def needed(
    weights: Path, names: Sequence[str] = (), limit: float = 16, *, whole: bool = False
) -> Iterator[tuple[str, list[str]]]:
    """Each recipe with what is to be made of it, in the order in which they can be made.

    "weights", or "folds" of what has more than `limit` megabytes unless the `whole` is asked for;
    "fields" of what finds nuclei; "random", the other protocol; and "help", whether the cells of a
    generator help a classifier. Default: all recipes.
    """
    trained: set[str] = set()
    recipes = [load_recipe(name) for name in names or list_recipes()]
    for recipe in sorted(recipes, key=lambda each: (_storey(each), each.name)):
        made = "folds" if not whole and _megabytes(recipe) > limit else "weights"
        wanted = _wanted(recipe, weights, made)
        stands_on = {*recipe.members, *([recipe.lora.base] if recipe.lora else [])}
        if not wanted and trained & stands_on:
            wanted = ["weights"]
        trained |= {recipe.name} if wanted else set()
        yield recipe.name, wanted


def _storey(recipe: Recipe) -> int:
    """Encoders first, as others start from them; then those that read an image, then those that
    read the outlines of a segmenter, then ensembles; what makes cells is judged by
    these, and what is added to it comes last."""
    if recipe.lora:
        return 5
    if recipe.model and find(recipe.model).kind in MAKERS:
        return 4
    return 0 if recipe.contrast else 3 if recipe.members else 2 if recipe.outlines else 1


def _megabytes(recipe: Recipe) -> float:
    """What the weights weigh; those of encoders and ensembles are not asked."""
    if not recipe.model or recipe.contrast:
        return 0
    with torch.device("meta"):
        count = sum(each.numel() for each in create(recipe.model).parameters())
    return (recipe.bits or 16) / 8 * count / 1e6


def _wanted(recipe: Recipe, weights: Path, made: str) -> list[str]:
    kind = find(recipe.model).kind if recipe.model and not recipe.contrast else None
    if kind == "finder":
        made = "fields"
    more = {"classifier": ["random"], "generator": ["help"]}.get(kind or "", [])
    both = [made, *more]
    try:
        card, _ = members_of(recipe.name, weights)
    except WeightsError:
        return both
    fresh = _settings(card.recipe) == _settings(recipe.as_dict())
    fresh &= bool(recipe.members) or made == "folds" or (weights / recipe.name / WEIGHTS).is_file()
    if not fresh:
        return both
    return [each for each in more if {"random": "random_split"}.get(each, each) not in card.metrics]


def _settings(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe as a card holds it, without the sentence that says what it is."""
    plain: dict[str, Any] = json.loads(json.dumps(recipe))
    return {key: value for key, value in plain.items() if key != "about"}


def main() -> None:
    """Prints the plan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("recipes", nargs="*")
    parser.add_argument("--limit", type=float, default=16, help="megabytes (default 16)")
    parser.add_argument("--all", action="store_true", help="weights also of what is larger")
    args = parser.parse_args()
    for name, wanted in needed(args.weights, args.recipes, args.limit, whole=args.all):
        sys.stdout.write(" ".join([name, *(wanted or ["nothing"])]) + "\n")


if __name__ == "__main__":
    main()
