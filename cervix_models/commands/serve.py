"""The subcommand `serve`: the application and a worker, started and stopped together."""

from __future__ import annotations

import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `serve`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser(
        "serve", help="the application and a worker together", prefix_chars="+"
    )
    parser.add_argument(
        "options", nargs="*", metavar="OPTION",
        help="options of streamlit run, such as --server.port 8502",
    )  # fmt: skip
    parser.set_defaults(func=_serve)


def _serve(args: argparse.Namespace) -> int:
    import signal

    from cervix_models.worker.serving import Serving, app_command

    serving = Serving(app_command(args.options))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: serving.stopping.set())
    return serving.run()
