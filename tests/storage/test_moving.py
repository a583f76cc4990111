"""All records move into another database, of either kind, and the old one stays."""

from __future__ import annotations

import uuid

import psycopg
import pytest
import sqlalchemy as sa

from cervix_models.errors import StorageError
from cervix_models.storage import open_store
from cervix_models.storage.database import make_engine
from cervix_models.storage.migrate import upgrade
from cervix_models.storage.moving import move
from cervix_models.storage.rows import counts, has_rows, opened, tables
from tests.storage.conftest import settings_for
from tests.storage.samples import make_revision, make_verdict, stored, stored_field


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def target(request, tmp_path):
    """The URL of another database, of either kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'target' / 'cervix.sqlite3'}"
        return
    server, name = request.getfixturevalue("server"), f"cervix_test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        yield f"{server}?options=-csearch_path%3D{name}"
        connection.execute(f"DROP SCHEMA {name} CASCADE")


def fill(store) -> None:
    reading = stored(store)
    store.add_verdict(reading.id, make_verdict())
    store.add_revision(reading.id, make_revision(store))
    stored_field(store)


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    with opened(url) as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(sa.select(table).order_by(*table.primary_key))
            ]
            for table in tables()
        }


def test_every_table_is_known_to_be_moved(url, store) -> None:
    engine = make_engine(url)
    known = {table.name for table in tables()} | {"alembic_version"}
    assert set(sa.inspect(engine).get_table_names()) == known
    engine.dispose()


def test_all_rows_arrive_and_the_log_with_them(store, settings, target, tmp_path) -> None:
    fill(store)
    chain = move(settings, target)
    assert rows(target) == rows(settings.database_url)
    assert sum(len(each) for each in rows(target).values()) > 20
    assert (chain.count, chain.head) == (4 + 1, store.audit.entries()[0].sha256)
    assert store.audit.entries()[0].action == "database.move"
    moved = open_store(settings_for(target, tmp_path))
    assert moved.audit.verify() == store.audit.verify()
    assert moved.readings(limit=None) == store.readings(limit=None)
    for kind in ("agree", "refer"):  # numbers that the database gives go on
        moved.add_verdict("reading-0000", make_verdict(kind))
    assert [each.kind for each in moved.verdicts("reading-0000")] == ["agree", "agree", "refer"]
    assert len(store.verdicts("reading-0000")) == 1
    moved.close()


def test_a_database_that_is_not_empty_is_refused(store, settings, target, tmp_path) -> None:
    fill(store)
    other = open_store(settings_for(target, tmp_path / "other"))
    other.audit.add("test.do", "thing")
    other.close()
    before = store.audit.count()
    with pytest.raises(StorageError, match=r"holds rows already; expected an empty one"):
        move(settings, target)
    assert (store.audit.count(), len(rows(target)["audit"])) == (before, 1)


def test_the_same_database_is_refused(store, settings) -> None:
    with pytest.raises(StorageError, match=r"used already; expected another. Name it with --to"):
        move(settings, settings.database_url)


def test_a_log_that_is_not_whole_is_not_moved(store, settings, target) -> None:
    fill(store)
    heads = settings.home / "audit.heads"
    heads.write_text(f"{heads.read_text()}\n99 {'a' * 64}\n")
    with pytest.raises(StorageError, match=r"audit log is not whole: The entry 99 was noted"):
        move(settings, target)
    assert not has_rows(target)


def test_a_move_that_fails_leaves_no_row(store, settings, target, monkeypatch) -> None:
    fill(store)

    def fewer(connection: sa.Connection) -> dict[str, int]:
        found = counts(connection)
        if found["readings"] and connection.engine.url.render_as_string() == expected:
            found["readings"] -= 1
        return found

    upgrade(target)
    engine = make_engine(target)
    expected = engine.url.render_as_string()
    engine.dispose()
    monkeypatch.setattr("cervix_models.storage.rows.counts", fewer)
    with pytest.raises(StorageError, match=r"Of the table readings, 3 rows arrived; expected 4"):
        move(settings, target)
    monkeypatch.undo()
    assert not has_rows(target)


def test_a_database_that_does_not_answer_is_told_without_its_password(store, settings) -> None:
    with pytest.raises(StorageError, match="cannot be used") as caught:
        move(settings, "postgresql://me:word@127.0.0.1:9/name?connect_timeout=2")
    assert "word" not in str(caught.value)
    assert store.audit.count() == 0
