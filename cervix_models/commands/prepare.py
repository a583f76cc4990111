"""The subcommand `prepare`: exports the default models for reading, so that no reader waits."""

from __future__ import annotations

import argparse

from cervix_models.settings import load_settings


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `prepare`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser("prepare", help="export the default models once, before reading")
    parser.set_defaults(func=_prepare)


def _prepare(_args: argparse.Namespace) -> int:
    from cervix_models.predictors import NucleusReader, OutlineReader, open_classifier
    from cervix_models.services.triage import Triage
    from cervix_models.storage import open_store

    settings = load_settings()
    defaults = Triage(open_store(settings), settings).defaults()
    open_classifier(defaults.classifier, settings)
    OutlineReader(defaults.segmenter, settings)
    NucleusReader(defaults.finder, settings)
    return 0
