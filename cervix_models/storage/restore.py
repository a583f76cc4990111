"""What a backup holds, back to where an installation keeps it."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from cervix_models.errors import StorageError
from cervix_models.settings import Settings
from cervix_models.storage.archive import DATABASE, FOLDERS, HEADS
from cervix_models.storage.audit import walk
from cervix_models.storage.backup import Backup, named
from cervix_models.storage.blobs import WEIGHTS, Blobs, key_of
from cervix_models.storage.heads import FILE
from cervix_models.storage.migrate import upgrade
from cervix_models.storage.remote import open_blobs
from cervix_models.storage.rows import copy_database, counts, has_rows, opened
from cervix_models.storage.unpacking import Unpacked, unpack


def restore(settings: Settings, path: Path, *, force: bool = False) -> Backup:
    """What was restored from the backup at `path`, after all of it was checked.

    The database is filled whole or not at all, whichever kind it is. With `force` what it held is
    deleted, and folders of the home are set aside under another name. Raises StorageError where
    the file is not whole, or something is there already and `force` is not said.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    there = _occupied(settings)
    if there and not force:
        raise StorageError(
            f"{settings.home} holds {' and '.join(there)} already; expected an empty home. Name "
            "another in CERVIX_HOME (and CERVIX_DATABASE_URL), or say --force to replace all of it."
        )
    blobs = open_blobs(settings)
    with tempfile.TemporaryDirectory(dir=settings.home, prefix=".restore-") as folder:
        found = unpack(path, Path(folder))
        restored = _checked(found, path)
        _put_pictures(found, blobs)
        copy_database(_url(found), settings.database_url, replace=force)
        _put_files(found, settings.home)
    return restored


def _occupied(settings: Settings) -> list[str]:
    """What stands in the way of a backup, by name."""
    upgrade(settings.database_url)
    found = ["a database with rows"] if has_rows(settings.database_url) else []
    if settings.blobs_url is None and any(each.is_file() for each in settings.blobs.rglob("*")):
        found.append("pictures")
    return found + [each for each in (*FOLDERS, FILE) if _holds(settings.home / each)]


def _holds(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.is_file()


def _url(found: Unpacked) -> str:
    return f"sqlite:///{found.folder / DATABASE}"


def _checked(found: Unpacked, path: Path) -> Backup:
    """What the backup holds. Raises StorageError where its parts do not belong together."""
    try:
        with closing(sqlite3.connect(found.folder / DATABASE)) as connection:
            problems = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
    except sqlite3.Error as error:
        problems = [str(error)]
    if problems != ["ok"]:
        raise _apart(path, f"its database is damaged ({problems[0].splitlines()[-1]})")
    upgrade(_url(found))
    with opened(_url(found)) as connection:
        rows, chain = counts(connection), walk(connection)
    if found.facts.get("audit") != {"count": chain.count, "head": chain.head}:
        raise _apart(path, "its audit log is not the one that its manifest says")
    missing = set(named(found.folder / DATABASE)) - set(found.pictures)
    if missing != set(found.facts["missing"]):
        raise _apart(path, f"it lacks {len(missing)} pictures that its database names")
    return Backup(rows, len(found.pictures), tuple(sorted(missing)), chain)


def _apart(path: Path, why: str) -> StorageError:
    return StorageError(
        f"The backup {path} cannot be restored: {why}. Expected a database with its log and "
        "pictures. Nothing was restored: take another backup."
    )


def _put_pictures(found: Unpacked, blobs: Blobs) -> None:
    for sha256 in found.pictures:
        blobs.put((found.folder / "blobs" / key_of(sha256)).read_bytes())
    for sha256 in found.weights:
        blobs.put_file(found.folder / WEIGHTS / sha256)


def _put_files(found: Unpacked, home: Path) -> None:
    """Puts folders and heads into the home; those that are there are set aside."""
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    for name in (*FOLDERS, FILE):
        there, new = home / name, found.folder / (HEADS if name == FILE else name)
        if _holds(there):
            there.rename(home / f"{name}.before-{stamp}")
        if new.exists():
            if there.is_dir():  # an empty one
                there.rmdir()
            new.rename(there)
