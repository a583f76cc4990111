"""The subcommand `robustness`: where classifiers bend, and what they say of other data sets."""

from __future__ import annotations

import argparse
from pathlib import Path

from cervix_models.settings import ROOT, load_settings


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `robustness` with its verbs; each sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser("robustness", help="measure where classifiers bend")
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("disturb", help="held-out cells of one fold, blurred, stained and so on")
    two = verbs.add_parser("foreign", help="Herlev and CRIC, as normal against abnormal")
    for each in (one, two):
        each.add_argument("names", nargs="+", help="classifiers that were trained")
        each.add_argument("--packed", type=Path, nargs="+", help="default: cells160.npz")
    one.add_argument("--runs", type=Path, default=ROOT / "runs", help="default: runs/")
    one.add_argument("--cells", type=int, default=200, help="held-out cells (default %(default)s)")
    one.set_defaults(func=_disturb)
    two.set_defaults(func=_foreign)


def _disturb(args: argparse.Namespace) -> int:
    from cervix_models.data.packed import load_all
    from cervix_models.recipes import load_recipe
    from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
    from cervix_models.training.protocol import Plan
    from cervix_models.training.robustness import measure_robustness, open_guard

    settings = load_settings()
    packed = load_all(args.packed or [settings.home / "cells160.npz"])
    plans = [Plan(load_recipe(n), packed, args.runs, settings.weights) for n in args.names]
    measure_robustness(plans, open_guard(CLASSIFIER, SEGMENTER, settings), args.cells)
    return 0


def _foreign(args: argparse.Namespace) -> int:
    from cervix_models.data.packed import load_all
    from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
    from cervix_models.training.robustness import measure_foreign, open_guard

    settings = load_settings()
    packed = load_all(args.packed or [settings.home / "cells160.npz"])
    measure_foreign(args.names, open_guard(CLASSIFIER, SEGMENTER, settings), packed)
    return 0
