"""The subcommand `evaluate`: what a model is worth, by cells that it never saw."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cervix_models.settings import ROOT, load_settings

if TYPE_CHECKING:
    from cervix_models.services.generation import Measure


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `evaluate`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser(
        "evaluate",
        help="measure a model again and write its figures into its card",
        description="Works from the held-out predictions in weights/NAME: of a classifier it needs "
        "no images, of a segmenter the packed file with the true outlines. Of a generator or a "
        "translator it makes cells anew and holds them against those of the packed file that were "
        "held out. With --fold it reads that fold's cells anew with the network in runs/ and "
        "writes nothing.",
    )
    parser.add_argument("name", help="a model that was trained")
    parser.add_argument("--protocol", choices=("cluster", "random"), default="cluster")
    parser.add_argument("--fold", type=int, help="read the cells of this fold anew")
    parser.add_argument("--packed", type=Path, help="default: cells160.npz in CERVIX_HOME")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs", help="default: runs/")
    parser.set_defaults(func=_evaluate)


def _evaluate(args: argparse.Namespace) -> int:
    from cervix_models.cards import load_card
    from cervix_models.contracts import MAKERS
    from cervix_models.data.packed import load_packed
    from cervix_models.errors import RecipeError
    from cervix_models.evaluation.protocols import held_out_of
    from cervix_models.training.finish import remeasure, remeasure_segmenter

    settings = load_settings()
    if args.fold is not None:
        figures = _fold(args)
        _say(f"{args.name}, fold {args.fold}, {args.protocol} protocol", figures)
        return 0
    kind = load_card(args.name, settings.weights).kind
    if kind == "finder":
        from cervix_models.training.finder import remeasure_finder

        metrics = remeasure_finder(args.name, settings.weights)
        sys.stdout.write(f"{args.name}: {metrics['summary']}\n")
        return 0
    if kind == "segmenter":
        packed = load_packed(args.packed or settings.home / "cells160.npz")
        metrics = remeasure_segmenter(args.name, settings.weights, packed)
        sys.stdout.write(f"{args.name}: {metrics['summary']}\n")
        return 0
    if kind in MAKERS:
        return _generator(args)
    if kind == "adapter":
        raise RecipeError(
            f"{args.name} was added to a generator, and is measured when it is trained: "
            f"python -m cervix_models train {args.name}"
        )
    held_out_of(args.name, settings.weights, args.protocol)  # says what to do where it is missing
    metrics = remeasure(args.name, settings.weights)
    _say(f"{args.name}, {args.protocol} protocol", metrics[f"{args.protocol}_split"])
    if "random_minus_cluster" in metrics:
        _line("random minus cluster split", metrics["random_minus_cluster"])
    for other, found in metrics.get("against", {}).items():
        _line(f"accuracy above {other}", found)
    return 0


def _generator(args: argparse.Namespace) -> int:
    """Measures what makes cells again, by the recipe that its card tells of."""
    import torch

    from cervix_models.cards import load_card
    from cervix_models.data.packed import load_packed
    from cervix_models.recipes import recipe_of
    from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
    from cervix_models.training.generator import remeasure_generator
    from cervix_models.training.judging import Judges
    from cervix_models.training.protocol import Plan

    settings = load_settings()
    torch.set_num_threads(settings.threads)
    recipe = recipe_of(load_card(args.name, settings.weights).recipe, f"The card of {args.name}")
    packed = load_packed(args.packed or settings.home / "cells160.npz")
    plan = Plan(recipe, packed, args.runs, settings.weights)
    judges = Judges.of(CLASSIFIER, SEGMENTER, settings, recipe.told_apart)
    metrics = remeasure_generator(plan, judges)
    sys.stdout.write(f"{args.name}: {metrics['summary']}\n")
    sys.stdout.write(f"  {'':<66} {'made':<28} real against real\n")
    if "ways" in metrics:
        _say_ways(metrics)
    else:
        _say_made(metrics)
    return 0


def _say_made(metrics: dict[str, Any]) -> None:
    from cervix_models.services.generation import (
        Likeness,
        Measure,
        by_inception,
        kept,
        measures,
    )

    made, floor = Likeness.of(metrics), Likeness.of(metrics["floor"])
    lines = measures(made, floor, metrics["memorised"])
    _say_measures([*lines, *by_inception(metrics), *kept({}, metrics.get("again", {}))])
    for name, share in made.by_class.items():
        real = {"value": floor.by_class[name]}
        lines = [Measure("taken for it", {"value": share}, real, share=True)]
        if name in made.kid_by_class:
            real = dict(floor.kid_by_class[name])
            lines.append(Measure("KID", made.kid_by_class[name], real, share=False))
        sys.stdout.write(f"  {name}\n")
        _say_measures(lines, "    ")


def _say_ways(metrics: dict[str, Any]) -> None:
    from cervix_models.services.generation import kept, measures, ways_of

    for way in ways_of(metrics):
        sys.stdout.write(f"  {way.cells} cells into {way.label}, from {', '.join(way.sources)}\n")
        lines = measures(way.made, way.floor, way.memorised)
        _say_measures([*lines, *kept(way.outlines, way.again)], "    ")


def _say_measures(lines: Sequence[Measure], before: str = "  ") -> None:
    for each in lines:
        name = f"{before}{each.name}"
        words = f"{name:<68} {each.words(each.made):<28} {each.words(each.real)}"
        sys.stdout.write(f"{words.rstrip()}\n")


def _fold(args: argparse.Namespace) -> dict[str, Any]:
    import torch

    from cervix_models.cards import load_card
    from cervix_models.data.packed import load_packed
    from cervix_models.evaluation.classification import Predicted, classification_figures
    from cervix_models.recipes import list_recipes, load_recipe, recipe_of
    from cervix_models.training.protocol import Plan, predict_fold

    settings = load_settings()
    torch.set_num_threads(settings.threads)
    packed = load_packed(args.packed or settings.home / "cells160.npz")
    if args.name in list_recipes():
        recipe = load_recipe(args.name)
    else:  # one that was named when it was trained
        recipe = recipe_of(
            load_card(args.name, settings.weights).recipe, f"The card of {args.name}"
        )
    plan = Plan(recipe, packed, args.runs, settings.weights, args.protocol)
    rows, found = predict_fold(plan, args.fold)
    clusters = [packed.clusters[at] for at in rows]
    return classification_figures(
        Predicted(found["probabilities"], packed.labels[rows], clusters, packed.names)
    )


def _say(title: str, figures: dict[str, Any]) -> None:
    sys.stdout.write(f"{title}: {figures['cells']:,} cells of {figures['clusters']} clusters\n")
    for name, found in figures.items():
        if isinstance(found, dict) and "value" in found:
            _line(name.replace("_", " "), found)
    for name, each in figures["classes"].items():
        parts = (f"{key} {found['value']:.3f}" for key, found in each.items() if key != "cells")
        sys.stdout.write(f"  {name:<28} {', '.join(parts)}, {each['cells']} cells\n")


def _line(name: str, found: dict[str, float]) -> None:
    between = f"{found['low']:.4f} to {found['high']:.4f}"
    sys.stdout.write(f"  {name:<28} {found['value']:.4f} ({between})\n")
