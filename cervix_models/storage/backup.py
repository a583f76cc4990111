"""All that an installation keeps, into one file."""

from __future__ import annotations

import logging
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from cervix_models.errors import BlobError, StorageError
from cervix_models.settings import Settings
from cervix_models.storage.archive import DATABASE, FOLDERS, HEADS, Writer, writing
from cervix_models.storage.audit import Chain, walk
from cervix_models.storage.blobs import WEIGHTS, Blobs, key_of
from cervix_models.storage.database import BUSY_SECONDS, read_url
from cervix_models.storage.heads import Heads
from cervix_models.storage.migrate import head
from cervix_models.storage.remote import open_blobs
from cervix_models.storage.rows import AT_ONCE, copy_database, counts, opened
from cervix_models.storage.store import open_store
from cervix_models.storage.tables import ImageRecord

TRIES = 4  # snapshots, where pictures are deleted while they are copied

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Backup:
    """What is in a backup."""

    rows: Mapping[str, int]  # by table
    pictures: int
    missing: tuple[str, ...]  # sha256 of pictures that the database names and no store had
    chain: Chain


def back_up(settings: Settings, path: Path) -> Backup:
    """What is in the backup that is written to `path`, while the application may go on.

    The database is as it was at one moment, and every picture that it names then is with it. Raises
    StorageError where something cannot be read, or the file cannot be written.
    """
    store = open_store(settings)
    store.audit.add("backup.make", "everything")
    store.close()
    blobs = open_blobs(settings)
    with writing(path) as archive, tempfile.TemporaryDirectory(dir=path.parent) as folder:
        snapshot, missing = _pictures(settings, blobs, archive, Path(folder))
        found = _described(snapshot, missing)
        archive.add_file(DATABASE, snapshot)
        archive.add(HEADS, _heads(settings.home, found.chain))
        _weights(blobs, archive, Path(folder))
        for file in _files(settings.home):
            archive.add_file(str(file.relative_to(settings.home)), file)
        archive.finish(
            {
                "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "revision": head(),
                "rows": found.rows,
                "audit": {"count": found.chain.count, "head": found.chain.head},
                "missing": list(missing),
            }
        )
    return found


def named(database: Path) -> Iterator[str]:
    """The sha256 of every picture that a snapshot names, in order."""
    with opened(f"sqlite:///{database}") as connection:
        yield from connection.scalars(sa.select(ImageRecord.sha256).order_by(ImageRecord.sha256))


def _pictures(
    settings: Settings, blobs: Blobs, archive: Writer, folder: Path
) -> tuple[Path, tuple[str, ...]]:
    """A snapshot of the database, and those of its pictures that no store has; all others are in
    the archive. One that somebody deleted since the snapshot is no fault: a newer is taken."""
    for number in range(TRIES):
        snapshot = folder / f"{number}.sqlite3"
        _snapshot(settings.database_url, snapshot)
        missing = [each for each in named(snapshot) if not _added(blobs, archive, each)]
        if not missing or _all_named(settings.database_url, missing):
            break
    for sha256 in missing:
        logger.warning("The picture %s is named by the database and not in the store", sha256)
    return snapshot, tuple(missing)


def _added(blobs: Blobs, archive: Writer, sha256: str) -> bool:
    """Whether a picture is in the archive now."""
    name = f"blobs/{key_of(sha256)}"
    if name in archive.files:
        return True
    try:
        archive.add(name, blobs.get(sha256))
    except BlobError as problem:
        logger.debug("Not backed up: %s", problem)
        return False
    return True


def _all_named(url: str, missing: Sequence[str]) -> bool:
    """Whether the database names all of these pictures still."""
    with opened(url) as connection:
        for start in range(0, len(missing), AT_ONCE):
            some = missing[start : start + AT_ONCE]
            asked = sa.select(sa.func.count()).where(ImageRecord.sha256.in_(some))
            if connection.execute(asked).scalar_one() < len(some):
                return False
    return True


def _snapshot(url: str, target: Path) -> None:
    """Writes the database as it is at one moment to an SQLite file."""
    parsed = read_url(url)
    if parsed.get_backend_name() != "sqlite":
        copy_database(url, f"sqlite:///{target}")
        return
    try:
        with closing(sqlite3.connect(parsed.database or "", timeout=BUSY_SECONDS)) as source:
            # Not the backup interface: it would copy free pages, and what was deleted with them.
            source.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise StorageError(
            f"The database {parsed.database} cannot be copied: {error}. Expected a database that "
            "is whole, and room beside the backup. Check both."
        ) from error


def _described(snapshot: Path, missing: tuple[str, ...]) -> Backup:
    with opened(f"sqlite:///{snapshot}") as connection:
        rows, chain = counts(connection), walk(connection)
    if chain.problem is not None:
        logger.warning("The audit log is not whole: %s", chain.problem)
    with closing(sqlite3.connect(snapshot)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")  # one file again
    return Backup(rows, rows[ImageRecord.__tablename__] - len(missing), missing, chain)


def _heads(home: Path, chain: Chain) -> bytes:
    """The heads of the audit log that were noted so far, none newer than the snapshot."""
    heads = Heads.of(home)
    found = ((number, sha256) for number, sha256 in heads.all(heads.size()))
    return "".join(f"{n} {sha256}\n" for n, sha256 in found if n <= chain.count).encode("ascii")


def _weights(blobs: Blobs, archive: Writer, folder: Path) -> None:
    for sha256 in blobs.files():
        fetched = folder / sha256
        blobs.get_file(sha256, fetched)
        archive.add_file(f"{WEIGHTS}/{sha256}", fetched)
        fetched.unlink()


def _files(home: Path) -> Iterator[Path]:
    """What stands in the home as it is: models, what runs trained, indexes and licences."""
    for folder in FOLDERS:
        for path in sorted((home / folder).rglob("*")):
            parts = path.relative_to(home).parts
            whole = not any(part.startswith(".") for part in parts)
            wanted = folder != "runs" or parts[2:3] == (WEIGHTS,)
            if whole and wanted and path.is_file() and not path.is_symlink():
                yield path
