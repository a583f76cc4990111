"""The subcommand `job run`: one job, as its worker has it done in a process of its own."""

from __future__ import annotations

import argparse

from cervix_models.settings import load_settings


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `job`; its parser sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser("job", help="what a worker starts; not for hands")
    commands = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    run = commands.add_parser("run", help="do a job that was claimed")
    run.add_argument("id", help="of the job")
    run.add_argument("--owner", required=True, help="who claimed it")
    run.set_defaults(func=_run)


def _run(args: argparse.Namespace) -> int:
    from cervix_models.worker.child import run_job

    return run_job(args.id, args.owner, load_settings())
