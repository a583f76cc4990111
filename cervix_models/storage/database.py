"""From a database URL to an engine that behaves alike on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from cervix_models.errors import StorageError

BUSY_SECONDS = 15  # how long a writer waits for another to finish
BUSY_PAUSE = 0.02  # seconds between two tries where SQLite does not wait by itself
WRITING = "cervix_writing"  # execution option of the transactions that write
ADVISORY_LOCK = 0x6365_7276  # "cerv"; any number that all processes of this project share
EXPECTED = (
    "Expected SQLite (sqlite:///file.sqlite3) or PostgreSQL (postgresql://user@host/name). "
    "Set CERVIX_DATABASE_URL."
)


def read_url(url: str) -> URL:
    """The URL with the driver we use. Raises StorageError for one that is no database of ours."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StorageError(f"The database URL cannot be read. {EXPECTED}") from error
    family = parsed.drivername.partition("+")[0]
    if family in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if family != "sqlite":
        raise StorageError(f"The database URL names {family!r}. {EXPECTED}")
    if parsed.database in (None, "", ":memory:"):
        raise StorageError(f"The database URL names no file, and threads share none. {EXPECTED}")
    return parsed


def make_engine(url: str, *, foreign_keys: bool = True) -> sa.Engine:
    """An engine for `url`; the folder of an SQLite file is made.

    Migrations switch `foreign_keys` off: SQLite alters a table by dropping and copying it, and
    dropping one would take the rows that point at it along. Raises StorageError as `read_url` does.
    """
    parsed = read_url(url)
    options: dict[str, Any] = {
        # Written as it is, so that a search in the database finds what was typed.
        "json_serializer": partial(json.dumps, ensure_ascii=False, allow_nan=False)
    }
    if parsed.get_backend_name() == "sqlite":
        Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(parsed, connect_args={"timeout": BUSY_SECONDS}, **options)
        sa.event.listen(engine, "connect", partial(_set_up_sqlite, foreign_keys=foreign_keys))
        sa.event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = sa.create_engine(parsed, pool_pre_ping=True, **options)
        sa.event.listen(engine, "begin", _begin_postgresql)
    return engine


def writer(engine: sa.Engine) -> sa.Engine:
    """The same engine for transactions that write: one after another, across processes too."""
    return engine.execution_options(**{WRITING: True})


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any, *, foreign_keys: bool) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_begin_sqlite` does
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    _write_ahead(connection)
    connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    # Of two that take a new file to its write-ahead log at once, SQLite refuses one straight away,
    # whatever the timeout says (the two could wait for each other forever); so it is asked again.
    patience = time.monotonic() + BUSY_SECONDS
    while not _is_write_ahead(connection, time.monotonic() > patience):
        time.sleep(BUSY_PAUSE)


def _is_write_ahead(connection: sqlite3.Connection, last: bool) -> bool:
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # the rest tells which kind
        if last or not busy:
            raise
        return False
    return True


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that reads first and writes later can fail at once, whatever the timeout says;
    # one that says at its begin that it will write waits for its turn.
    writing = connection.get_execution_options().get(WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _begin_postgresql(connection: sa.Connection) -> None:
    if connection.get_execution_options().get(WRITING):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
