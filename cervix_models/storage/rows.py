"""All rows of one database into another, of either kind, and the proof that they are the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import sqlalchemy as sa

from cervix_models.errors import StorageError
from cervix_models.storage.audit import Chain, walk
from cervix_models.storage.database import make_engine, writer
from cervix_models.storage.migrate import upgrade
from cervix_models.storage.refusals import refused
from cervix_models.storage.tables import Base

AT_ONCE = 1000  # rows of one statement
AUDIT = "audit"  # the table that takes no deletion


def tables() -> list[sa.Table]:
    """All tables, those that others refer to before them."""
    return Base.metadata.sorted_tables


def counts(connection: sa.Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in tables()
    }


def has_rows(url: str) -> bool:
    """Whether a database of this version's tables, which it is given, holds anything."""
    with opened(url) as connection:
        return any(counts(connection).values())


@contextmanager
def opened(url: str, *, write: bool = False) -> Iterator[sa.Connection]:
    """A connection in one transaction that sees the database as it is at its begin; one that writes
    waits for its turn. Raises StorageError where the database refuses."""
    engine = make_engine(url)
    try:
        if not write and engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with (writer(engine) if write else engine).begin() as connection:
            yield connection
    except sa.exc.SQLAlchemyError as error:
        raise refused(error) from error
    finally:
        engine.dispose()


def copy_database(source_url: str, target_url: str, *, replace: bool = False) -> Chain:
    """The audit chain of both, once all rows of one database are in the other, or none. Both get
    the tables of this version first.

    What the target holds is deleted only if it is to be replaced. Raises StorageError where it
    holds anything else, or one of them cannot be used.
    """
    upgrade(source_url)
    upgrade(target_url)
    with opened(source_url) as source, opened(target_url, write=True) as target:
        if any(counts(target).values()):
            if not replace:
                raise StorageError(
                    "The database to be filled holds rows already; expected an empty one. Name "
                    "another, or empty it first."
                )
            _clear(target)
        for table in tables():
            _copy(table, source, target)
        return _same(source, target)


def _copy(table: sa.Table, source: sa.Connection, target: sa.Connection) -> None:
    asked = sa.select(table).order_by(*table.primary_key.columns)
    streamed = source.execution_options(yield_per=AT_ONCE)
    rows = streamed.execute(asked).mappings()
    while some := [dict(row) for row in islice(rows, AT_ONCE)]:
        target.execute(sa.insert(table), some)
    _set_sequence(table, target)


def _set_sequence(table: sa.Table, target: sa.Connection) -> None:
    """Numbers that the database gives itself go on after the largest that was copied."""
    column = table.autoincrement_column
    if column is None or target.dialect.name != "postgresql":  # SQLite takes the largest by itself
        return
    largest = target.execute(sa.select(sa.func.max(column))).scalar_one()
    if largest is not None:
        of = sa.func.pg_get_serial_sequence(table.name, column.name)
        target.execute(sa.select(sa.func.setval(of, largest)))


def _same(source: sa.Connection, target: sa.Connection) -> Chain:
    """The chain of both. Raises StorageError where they differ."""
    expected, found = counts(source), counts(target)
    for name, count in expected.items():
        if found[name] != count:
            raise StorageError(
                f"Of the table {name}, {found[name]} rows arrived; expected {count}. Nothing was "
                "kept. Try again while nobody uses either database."
            )
    first, second = walk(source), walk(target)
    if first != second:
        raise StorageError(
            f"The audit log arrived as another: {second.problem or second.head}; expected "
            f"{first.problem or first.head}. Nothing was kept. Try again while nobody uses either "
            "database."
        )
    return second


def _clear(target: sa.Connection) -> None:
    """Deletes every row, also of the audit log, whose triggers stand aside for it."""
    sqlite = target.dialect.name == "sqlite"
    asked = sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :of")
    triggers = target.execute(asked, {"of": AUDIT}).all() if sqlite else []
    if not sqlite:
        target.execute(sa.text(f"ALTER TABLE {AUDIT} DISABLE TRIGGER USER"))
    for name, _ in triggers:
        target.execute(sa.text(f"DROP TRIGGER {name}"))
    for table in reversed(tables()):
        target.execute(sa.delete(table))
    for _, statement in triggers:
        target.exec_driver_sql(statement)
    if not sqlite:
        target.execute(sa.text(f"ALTER TABLE {AUDIT} ENABLE TRIGGER USER"))
