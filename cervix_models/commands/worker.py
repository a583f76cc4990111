"""The subcommand `worker`: does the jobs that wait, until it is stopped."""

from __future__ import annotations

import argparse

from cervix_models.settings import load_settings


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `worker`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser("worker", help="do the jobs that the pages ask for")
    parser.add_argument("--once", action="store_true", help="stop once nothing waits any more")
    parser.add_argument(
        "--lane", choices=("short", "long"), nargs="+", default=["short", "long"],
        help="which jobs: short ones such as checks, long ones such as trainings (default: both)",
    )  # fmt: skip
    parser.set_defaults(func=_work)


def _work(args: argparse.Namespace) -> int:
    import signal

    from cervix_models.storage import open_store
    from cervix_models.worker.worker import Worker

    settings = load_settings()
    store = open_store(settings)
    worker = Worker(store, settings, tuple(args.lane))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    try:
        worker.run(once=args.once)
    finally:
        store.close()
    return 0
