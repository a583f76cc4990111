"""The subcommands `backup` and `restore`: all that is kept here, into one file and back."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cervix_models.settings import load_settings

if TYPE_CHECKING:
    from cervix_models.storage.backup import Backup


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `backup` and `restore`; each sets `func`, from arguments to exit code."""
    one = subparsers.add_parser(
        "backup",
        help="write the database, pictures and models into one file",
        description="The application may run meanwhile. The file can be restored into either kind "
        "of database. It holds all that is stored here: keep it as safe as the rest.",
    )
    one.add_argument("path", metavar="FILE.tar", type=Path)
    one.set_defaults(func=_backup)
    two = subparsers.add_parser(
        "restore",
        help="bring back what a backup holds",
        description="All of the file is checked before anything is kept. Stop the application "
        "first, and start it again afterwards.",
    )
    two.add_argument("path", metavar="FILE.tar", type=Path)
    two.add_argument(
        "--force", action="store_true",
        help="replace what is here: rows of the database are deleted, folders set aside",
    )  # fmt: skip
    two.set_defaults(func=_restore)


def _backup(args: argparse.Namespace) -> int:
    from cervix_models.storage.backup import back_up

    made = back_up(load_settings(), args.path)
    sys.stdout.write(f"{args.path}: {_told(made)}\n")
    return 0


def _restore(args: argparse.Namespace) -> int:
    from cervix_models.storage.restore import restore

    found = restore(load_settings(), args.path, force=args.force)
    sys.stdout.write(f"Restored: {_told(found)}\n")
    return 0


def _told(found: Backup) -> str:
    lost = f" ({len(found.missing)} were missing)" if found.missing else ""
    return (
        f"{found.rows['readings']} readings, {found.pictures} pictures{lost}, "
        f"{sum(found.rows.values())} rows in all\n"
        f"Head of the audit log: {found.chain.count}:{found.chain.head}"
    )
