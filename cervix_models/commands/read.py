"""The subcommand `read`: a folder of cell pictures into one table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cervix_models.services.defaults import QUICK
from cervix_models.settings import load_settings


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `read`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser(
        "read",
        help="read a folder of cell pictures into one table",
        description="A row a picture, with its place in the folder, its class or why it is "
        "referred, probabilities and measurements; without Grad-CAM. A run that was stopped goes "
        "on where it was. The table holds the names of the files: mind what they tell.",
    )
    parser.add_argument("folder", type=Path, help="pictures of one cell each, in it or below")
    parser.add_argument("--out", type=Path, required=True, help="the table, NAME.parquet")
    parser.add_argument(
        "--classifier",
        help=f"default: {QUICK}, which asks the larger network only where the smaller is unsure",
    )
    parser.add_argument(
        "--processes",
        type=int,
        help="default: one a processor, 4 at most, or all of the "
        "Ray cluster that CERVIX_RAY_ADDRESS names; each holds all models",
    )
    parser.set_defaults(func=_read)


def _read(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from cervix_models.services.bulk import Job, at_hand, read_folder
    from cervix_models.services.triage import open_triage

    settings = load_settings()
    processes = at_hand(settings) if args.processes is None else args.processes
    defaults = open_triage().defaults()
    job = Job(args.folder, args.out, args.classifier or QUICK, processes, defaults)
    with tqdm(unit="picture", desc="reading", file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        counted = read_folder(job, settings, progress)
    sys.stdout.write(
        f"{job.out}: {counted.named} given a class, {counted.referred} referred, "
        f"{counted.refused} refused; {counted.read} of them read now\n"
    )
    return 0
