"""The subcommand `bench`: the time and memory of reading cells on this machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `bench`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser("bench", help="measure the time and memory of one reading")
    parser.add_argument("--readings", type=int, default=40, help="single readings (default 40)")
    parser.add_argument("--bulk", type=int, default=256, help="images read in bulk (default 256)")
    parser.add_argument(
        "--cluster", type=Path, metavar="FILE",
        help="instead, read and train on the Ray cluster that CERVIX_RAY_ADDRESS names, once by "
        "this process and once by its machines, and write the figures to FILE, as JSON; one worker "
        "of the last training is killed",
    )  # fmt: skip
    parser.add_argument("--pictures", type=int, default=3000, help="of --cluster (default 3000)")
    parser.add_argument("--recipe", default="mobilenetv3_small", help="of --cluster")
    parser.add_argument("--epochs", type=int, default=6, help="of --cluster (default 6)")
    parser.add_argument(
        "--database", metavar="URL", help="of --cluster: one that may be written to, to time it"
    )
    parser.set_defaults(func=_bench)


def _bench(args: argparse.Namespace) -> int:
    if args.cluster:
        return _bench_cluster(args)
    from cervix_models.services.bench import bench

    for line in bench(args.readings, args.bulk):
        sys.stdout.write(line + "\n")
    return 0


def _bench_cluster(args: argparse.Namespace) -> int:
    from cervix_models.benches.cluster import Trial, tried
    from cervix_models.settings import load_settings

    trial = Trial(
        load_settings(), args.cluster, args.pictures, args.recipe, args.epochs, args.database
    )
    for line in tried(trial):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return 0
