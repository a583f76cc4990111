"""Connections to one SQLite file that do not wait for each other by themselves."""

from __future__ import annotations

import sqlite3
import threading

import pytest
import sqlalchemy as sa

from cervix_models.storage import database
from cervix_models.storage.database import make_engine


@pytest.fixture
def taken(tmp_path):
    """A new file that another connection is writing, before it has a write-ahead log."""
    path = tmp_path / "cervix.sqlite3"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE cells (id)")
    other.execute("BEGIN IMMEDIATE")
    yield path, other
    other.close()


def journal(path) -> str:
    engine = make_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            return connection.execute(sa.text("PRAGMA journal_mode")).scalar_one()
    finally:
        engine.dispose()


def test_a_file_that_another_takes_first_is_waited_for(taken) -> None:
    path, other = taken
    release = threading.Timer(0.3, other.execute, ("COMMIT",))
    release.start()
    assert journal(path) == "wal"
    release.join()


def test_a_file_that_another_never_leaves_is_refused(taken, monkeypatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    with pytest.raises(sa.exc.OperationalError, match="locked"):
        journal(taken[0])
