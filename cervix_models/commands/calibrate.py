"""The subcommand `calibrate`: what depends on both default models once they are trained."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cervix_models.settings import ROOT, load_settings


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `calibrate` with its verbs; each sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser("calibrate", help="fit the gate, and what finds made cells")
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("gate", help="fit and try what refuses pictures that are no cell")
    two = verbs.add_parser("tell", help="fit and try what finds made cells without their mark")
    two.add_argument("--packed", type=Path, help="default: cells160.npz in CERVIX_HOME")
    two.set_defaults(func=_tell)
    one.add_argument("--packed", type=Path, help="default: cells160.npz in CERVIX_HOME")
    one.add_argument("--runs", type=Path, default=ROOT / "runs", help="default: runs/")
    one.add_argument("--classifier", help="default: each that has a gate of its own")
    one.set_defaults(func=_gate)


def _gate(args: argparse.Namespace) -> int:
    from cervix_models.data.packed import load_packed
    from cervix_models.recipes import load_recipe
    from cervix_models.services.defaults import CLASSIFIER, QUICK, SEGMENTER
    from cervix_models.training.gate import fit_gate, try_gate
    from cervix_models.training.protocol import Plan

    settings = load_settings()
    packed = load_packed(args.packed or settings.home / "cells160.npz")
    for name in [args.classifier] if args.classifier else [CLASSIFIER, QUICK]:
        recipe = load_recipe(name)
        lead = load_recipe(recipe.members[0]) if recipe.members else recipe
        fit_gate(Plan(lead, packed, args.runs, settings.weights), name, SEGMENTER, settings)
        try_gate(name, SEGMENTER, settings)
    return 0


def _tell(args: argparse.Namespace) -> int:
    from cervix_models.data.packed import load_packed
    from cervix_models.services.defaults import CLASSIFIER, QUICK
    from cervix_models.training.telling import fit_tell

    settings = load_settings()
    packed = load_packed(args.packed or settings.home / "cells160.npz")
    for name in (CLASSIFIER, QUICK):
        figures = fit_tell(name, packed, settings)
        hits = ", ".join(f"{key} {share:.1%}" for key, share in figures["found"].items())
        wrong = figures["real_taken_for_made"]
        sys.stdout.write(f"{name}: finds {hits}; takes {wrong:.1%} of real cells for made\n")
    return 0
