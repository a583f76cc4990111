"""The command line: `python -m cervix_models COMMAND`."""

from __future__ import annotations

import argparse
import importlib
import logging
import pkgutil
import sys
from collections.abc import Sequence

from cervix_models import commands
from cervix_models.contracts import NOTICE
from cervix_models.errors import CervixError
from cervix_models.settings import set_thread_policy

FAILED = 2  # what the user gave cannot be used; argparse answers a wrong option the same way
INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command that a module of `cervix_models.commands` adds."""
    parser = argparse.ArgumentParser(prog="python -m cervix_models", epilog=NOTICE)
    parser.add_argument("-v", "--verbose", action="store_true", help="say more on stderr")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for found in sorted(pkgutil.iter_modules(commands.__path__), key=lambda each: each.name):
        if not found.name.startswith("_"):
            module = importlib.import_module(f"{commands.__name__}.{found.name}")
            module.add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status of one command: 0 done, 2 refused with a sentence, 130 interrupted."""
    set_thread_policy()
    args = build_parser().parse_args(argv)
    logging.basicConfig(
        level=logging.DEBUG if args.verbose else logging.INFO,
        format="%(levelname)s %(name)s: %(message)s" if args.verbose else "%(message)s",
        stream=sys.stderr,
    )
    if not args.verbose:  # it tells of every plugin whenever a store is opened
        logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        status: int = args.func(args)
    except CervixError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return INTERRUPTED
    return status


if __name__ == "__main__":
    raise SystemExit(main())
