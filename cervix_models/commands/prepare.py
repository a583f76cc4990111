"""The subcommand `prepare`: exports the default models for reading, so that no reader waits."""

from __future__ import annotations

import argparse

from cervix_models.settings import load_settings


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `prepare`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser("prepare", help="export the default models once, before reading")
    parser.set_defaults(func=_prepare)


def _prepare(_args: argparse.Namespace) -> int:
    from cervix_models.exporting import onnx_session
    from cervix_models.services.defaults import CLASSIFIER, SEGMENTER

    for name in (CLASSIFIER, SEGMENTER):
        onnx_session(name, load_settings())
    return 0
