"""The subcommand `train`: a recipe, from the packed file to weights and a card."""

from __future__ import annotations

import argparse
from pathlib import Path

from cervix_models.commands._arguments import positive
from cervix_models.settings import ROOT, load_settings


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
    from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
    from cervix_models.training.asked import Asked, train

    settings = load_settings()
    torch.set_num_threads(settings.threads)
    asked = Asked(
        recipe=load_recipe(args.recipe),
        runs=args.runs,
        weights=settings.weights,
        judges=(CLASSIFIER, SEGMENTER),
        files=tuple(args.packed or ()),
        protocol=args.protocol,
        epochs=args.epochs,
        fold=args.fold,
        folds_only=args.folds_only,
        goes_on=args.go_on,
        name=args.name,
        source=tuple(args.source) if args.source else None,
        target=tuple(args.target) if args.target else None,
    )
    train(asked, settings)
    return 0
