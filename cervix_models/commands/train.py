"""The subcommand `train`: a recipe, from the packed file to weights and a card."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cervix_models.commands._arguments import positive
from cervix_models.settings import ROOT, load_settings

if TYPE_CHECKING:
    from cervix_models.data.packed import PackedSet
    from cervix_models.recipes import Recipe


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `train`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser(
        "train", help="train a recipe and measure it by cross-validation"
    )
    parser.add_argument("recipe", help="name of a recipe, or path of a .toml file")
    parser.add_argument(
        "--packed", type=Path, nargs="+",
        help="default: cells160.npz in CERVIX_HOME; of a finder of nuclei, fields.npz",
    )  # fmt: skip
    parser.add_argument("--protocol", choices=("cluster", "random"), default="cluster")
    parser.add_argument(
        "--name", help="of a new model of the same recipe, for the classes of the packed file"
    )
    for option, words in (("--source", "turned from"), ("--target", "turned into")):
        parser.add_argument(
            option, nargs="+", metavar="CLASS",
            help=f"with --name, of what turns images: the classes {words} (default: of two classes "
            "the first into the second)",
        )  # fmt: skip
    parser.add_argument("--folds-only", action="store_true", help="measure, but make no weights")
    parser.add_argument("--fold", type=int, help="train this fold only, and write no weights")
    parser.add_argument("--epochs", type=positive, help="stop after so many epochs, for a trial")
    parser.add_argument(
        "--go-on", action="store_true",
        help="of a generator with a flow: learn on from the weights that are there",
    )  # fmt: skip
    parser.add_argument("--runs", type=Path, default=ROOT / "runs", help="default: runs/")
    parser.set_defaults(func=_train)


def _train(args: argparse.Namespace) -> int:
    import torch

    from cervix_models.recipes import load_recipe
    from cervix_models.registry import find

    torch.set_num_threads(load_settings().threads)
    recipe = load_recipe(args.recipe)
    _check_sides(args, recipe)
    _check_going_on(args, recipe)
    if recipe.lora:
        return _train_lora(args, recipe)
    if recipe.model and find(recipe.model).kind == "finder":
        return _train_finder(args, recipe)
    return _train_cells(args, recipe)


def _train_cells(args: argparse.Namespace, recipe: Recipe) -> int:
    from cervix_models.cards import CARD
    from cervix_models.contracts import MAKERS
    from cervix_models.data.packed import load_all
    from cervix_models.registry import find
    from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
    from cervix_models.training.encoder import finish_encoder
    from cervix_models.training.finish import finish, keep_random, remeasure
    from cervix_models.training.generator import finish_generator
    from cervix_models.training.judging import Judges
    from cervix_models.training.protocol import Plan, run_fold

    settings = load_settings()
    generates = bool(recipe.model) and find(recipe.model).kind in MAKERS
    if generates:
        _check_generator(args, recipe)
    files = args.packed or [settings.home / "cells160.npz"]
    packed = load_all(files)
    if args.name:
        recipe = _named(args, recipe, packed)
    plan = Plan(recipe, packed, args.runs, settings.weights, args.protocol, args.epochs, args.go_on)
    if recipe.contrast:
        finish_encoder(plan)
    elif generates:
        finish_generator(plan, Judges.of(CLASSIFIER, SEGMENTER, settings, recipe.told_apart))
    elif args.fold is not None:
        run_fold(plan, args.fold)
    elif args.protocol == "random":
        for number in range(recipe.folds):
            run_fold(plan, number)
        if keep_random(plan) and (settings.weights / recipe.name / CARD).is_file():
            remeasure(recipe.name, settings.weights)
    else:
        finish(plan, final=not args.folds_only)
    return 0


def _named(args: argparse.Namespace, recipe: Recipe, packed: PackedSet) -> Recipe:
    """The recipe for the classes of the packed file, under the name that was given."""
    from cervix_models.training.inputs import between, for_packed

    recipe = for_packed(recipe, args.name, packed)
    return between(recipe, args.source, args.target) if recipe.cycle else recipe


def _check_sides(args: argparse.Namespace, recipe: Recipe) -> None:
    from cervix_models.errors import RecipeError

    if (args.source or args.target) and not (recipe.cycle and args.name):
        raise RecipeError(
            f"--source and --target were given for {args.name or recipe.name}; they were expected "
            "only of a recipe that turns images of one class into another, under a --name of its "
            "own. Leave them out, or choose such a recipe: train cyclegan --name NAME."
        )


def _check_going_on(args: argparse.Namespace, recipe: Recipe) -> None:
    from cervix_models.errors import RecipeError

    if args.go_on and (not recipe.flow or args.name):
        raise RecipeError(
            f"--go-on was given for {args.name or recipe.name}; it was expected only of a "
            "generator whose recipe has the table [flow], as cellflux, under its own name. Leave "
            "it out."
        )


def _check_generator(args: argparse.Namespace, recipe: Recipe) -> None:
    from cervix_models.errors import RecipeError

    if args.protocol != "cluster" or args.folds_only or args.fold is not None:
        raise RecipeError(
            f"{recipe.name} makes cells: it is trained once, without the clusters of the first "
            "fold, and measured against them. --protocol random, --folds-only and --fold were "
            "expected of no such recipe. Leave them out."
        )


def _train_lora(args: argparse.Namespace, recipe: Recipe) -> int:
    from cervix_models.data.packed import load_all
    from cervix_models.errors import RecipeError
    from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
    from cervix_models.training.judging import Judges
    from cervix_models.training.lora import finish_lora
    from cervix_models.training.protocol import Plan

    settings = load_settings()
    if args.protocol != "cluster" or args.name or args.folds_only or args.fold is not None:
        raise RecipeError(
            f"{recipe.name} is added to a generator: it is trained once, on whole clusters, and "
            "measured against the others. --protocol random, --name, --folds-only and --fold were "
            "expected of no such recipe. Leave them out."
        )
    packed = load_all(args.packed or [settings.home / "cells160.npz"])
    plan = Plan(recipe, packed, args.runs, settings.weights, epochs=args.epochs)
    finish_lora(plan, settings, Judges.of(CLASSIFIER, SEGMENTER, settings, recipe.told_apart))
    return 0


def _train_finder(args: argparse.Namespace, recipe: Recipe) -> int:
    from cervix_models.data.fields import load_fields
    from cervix_models.errors import RecipeError
    from cervix_models.training.finder import FieldPlan, find_fold, finish_finder

    settings = load_settings()
    if args.protocol != "cluster" or args.name or args.folds_only:
        raise RecipeError(
            f"{recipe.name} finds nuclei: its folds keep whole fields apart, and it is trained on "
            "annotated fields alone. --protocol random, --name and --folds-only were expected of "
            "no such recipe. Leave them out."
        )
    given = [load_fields(path) for path in args.packed or [settings.home / "fields.npz"]]
    real, made = ([each for each in given if bool(each.made_by) == are] for are in (False, True))
    if len(real) != 1 or len(made) > 1:
        raise RecipeError(
            f"{len(real)} packed files of real fields and {len(made)} of composed ones were given; "
            "one of real fields was expected, made by: python -m cervix_models data pack cric "
            "--fields; and at most one of composed ones, made by: python -m cervix_models data "
            "compose"
        )
    plan = FieldPlan(recipe, real[0], args.runs, settings.weights, args.epochs, *made)
    if args.fold is not None:
        find_fold(plan, args.fold)
    else:
        finish_finder(plan)
    return 0
