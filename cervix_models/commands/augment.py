"""The subcommand `augment`: whether the cells that a generator makes help a classifier."""

from __future__ import annotations

import argparse
from pathlib import Path

from cervix_models.commands._arguments import positive
from cervix_models.settings import ROOT, load_settings

LEARNER = "cnn"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `augment`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser(
        "augment", help="measure whether made cells help a classifier to learn"
    )
    parser.add_argument("names", nargs="+", help="generators that were trained")
    parser.add_argument("--learner", default=LEARNER, help="a recipe (default %(default)s)")
    parser.add_argument(
        "--draws", type=positive, default=3, help="paired repetitions (default %(default)s)"
    )
    parser.add_argument("--packed", type=Path, nargs="+", help="default: cells160.npz")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs", help="default: runs/")
    parser.set_defaults(func=_augment)


def _augment(args: argparse.Namespace) -> int:
    import torch

    from cervix_models.data.packed import load_all
    from cervix_models.recipes import load_recipe
    from cervix_models.training.augmenting import measure_help
    from cervix_models.training.protocol import Plan

    settings = load_settings()
    torch.set_num_threads(settings.threads)
    packed = load_all(args.packed or [settings.home / "cells160.npz"])
    for name in args.names:
        plan = Plan(load_recipe(name), packed, args.runs, settings.weights)
        measure_help(plan, load_recipe(args.learner), args.draws)
    return 0
