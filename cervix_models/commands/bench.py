"""The subcommand `bench`: the time and memory of reading cells on this machine."""

from __future__ import annotations

import argparse
import sys


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `bench`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser("bench", help="measure the time and memory of one reading")
    parser.add_argument("--readings", type=int, default=40, help="single readings (default 40)")
    parser.add_argument("--bulk", type=int, default=256, help="images read in bulk (default 256)")
    parser.set_defaults(func=_bench)


def _bench(args: argparse.Namespace) -> int:
    from cervix_models.services.bench import bench

    for line in bench(args.readings, args.bulk):
        sys.stdout.write(line + "\n")
    return 0
