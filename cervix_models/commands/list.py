"""The subcommand `list`: every model there is a recipe for, and how well it was measured."""

from __future__ import annotations

import argparse
import sys

from cervix_models.settings import load_settings


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `list`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser("list", help="list every model, and how well it was measured")
    parser.set_defaults(func=_list)


def _list(_args: argparse.Namespace) -> int:
    from cervix_models.cards import WEIGHTS, load_cards
    from cervix_models.recipes import list_recipes, load_recipe

    weights = load_settings().weights
    cards = {card.name: card for card in load_cards(weights)}
    for name in list_recipes():
        recipe, card = load_recipe(name), cards.get(name)
        what = card.kind if card else "encoder" if recipe.contrast else "model"
        said = card.metrics["summary"] if card else "not measured here yet"
        parts = recipe.members or (name,)
        here = all((weights / each / WEIGHTS).is_file() for each in parts)
        made = "" if here else f"; weights: python -m cervix_models train {name}"
        sys.stdout.write(f"{name} ({what}): {recipe.about}\n    {said}{made}\n")
    return 0
