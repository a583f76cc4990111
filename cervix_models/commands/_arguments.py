"""Types of arguments that several subcommands take."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """A whole number from 1 on. Raises ArgumentTypeError for any other text."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} was given; a number from 1 on was expected")
    return number
