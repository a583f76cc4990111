"""The subcommand `audit`: whether the log of what was done is whole, and the log as a table."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cervix_models.errors import StorageError
from cervix_models.settings import load_settings

if TYPE_CHECKING:
    from cervix_models.services.audit import AuditLog


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `audit` with its verbs; each sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser("audit", help="check the log of what was done, or export it")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    one = verbs.add_parser(
        "verify",
        help="hash every entry anew, and say whether all are whole and in their place",
        description="Prints the head of the log, NUMBER:SHA256. Write it down elsewhere: given "
        "with --head later, it shows that nothing up to it was changed since.",
    )
    one.add_argument(
        "--head", metavar="NUMBER:SHA256", type=_head, action="append", default=[],
        help="one that was written down earlier; may be said more than once",
    )  # fmt: skip
    one.set_defaults(func=_verify)
    two = verbs.add_parser("export", help="write all entries as a table")
    two.add_argument("path", metavar="FILE.csv", type=Path)
    two.set_defaults(func=_export)


def _head(given: str) -> tuple[int, str]:
    found = re.fullmatch(r"(\d{1,12}):([0-9a-f]{64})", given)
    if found is None:
        raise argparse.ArgumentTypeError(f"{given!r} is no NUMBER:SHA256 as audit verify prints it")
    return int(found[1]), found[2]


def _verify(args: argparse.Namespace) -> int:
    with _log() as log:
        chain = log.verify(args.head)
    if chain.problem is not None:
        raise StorageError(
            f"The audit log is not whole. {chain.problem} Expected an unbroken chain; up to the "
            f"entry {chain.count} it is one. Find out who can write the database, and compare a "
            "backup."
        )
    sys.stdout.write(
        f"{chain.count} entries, all whole; {chain.noted} heads that were noted agree.\n"
        f"Head: {chain.count}:{chain.head}\n"
    )
    return 0


def _export(args: argparse.Namespace) -> int:
    from cervix_models.storage.blobs import whole_file

    if args.path.exists():
        raise StorageError(f"{args.path} is there already; expected a new name. Name another file.")
    with _log() as log:
        made = log.table()
    try:
        with whole_file(args.path) as file:
            file.write(made.data)
    except OSError as error:
        raise StorageError(
            f"{args.path} cannot be written: {error.strerror}. Expected a folder that can be "
            "written. Name another."
        ) from error
    sys.stdout.write(f"{args.path}\n")
    return 0


@contextmanager
def _log() -> Iterator[AuditLog]:
    from cervix_models.services.audit import AuditLog
    from cervix_models.storage import open_store

    store = open_store(load_settings())
    try:
        yield AuditLog(store)
    finally:
        store.close()
