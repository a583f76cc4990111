"""The subcommand `move`: all records into another database."""

from __future__ import annotations

import argparse
import sys

from cervix_models.settings import load_settings


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `move`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser(
        "move",
        help="copy all records into another database, such as from SQLite to PostgreSQL",
        description="Stop the application first. The old database stays as it is; set "
        "CERVIX_DATABASE_URL to the new one afterwards. Pictures stay where they are.",
    )
    parser.add_argument(
        "--to", metavar="URL", required=True,
        help="an empty database: postgresql://user@host/name or sqlite:///file.sqlite3",
    )  # fmt: skip
    parser.set_defaults(func=_move)


def _move(args: argparse.Namespace) -> int:
    from cervix_models.storage.moving import move

    chain = move(load_settings(), args.to)
    sys.stdout.write(
        "All records are in the other database too, and the audit log is whole.\n"
        f"Head of the audit log: {chain.count}:{chain.head}\n"
        "Set CERVIX_DATABASE_URL to it before the application starts again.\n"
    )
    return 0
