"""Migrations lead to the tables that the code maps, and back, and keep what is stored."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from cervix_models.errors import StorageError
from cervix_models.storage import open_store
from cervix_models.storage.database import make_engine, read_url
from cervix_models.storage.migrate import current, downgrade, head, upgrade
from cervix_models.storage.tables import Base
from tests.storage.samples import make_verdict, stored

TABLES = {
    "alembic_version", "images", "readings", "model_uses", "verdicts", "revisions", "fields",
    "places", "judgements", "preferences", "care_reviews",
    "cell_answers", "cell_schedules", "teaching_sets", "set_items", "sittings", "item_answers",
    "accounts", "sign_ins", "failed_sign_ins", "invitations", "jobs", "job_metrics", "job_lines",
    "workers",
    "audit", "promotions",
}  # fmt: skip


@pytest.fixture
def engine(url):
    made = make_engine(url)
    yield made
    made.dispose()


def tables(engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names())


def differences(engine) -> list[object]:
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)


def test_up_down_and_up_again(url, engine) -> None:
    assert (current(engine), tables(engine)) == (None, set())
    assert upgrade(url) == head() == current(engine)
    assert tables(engine) == TABLES
    downgrade(url, "base")
    assert tables(engine) == {"alembic_version"}
    assert upgrade(url) == upgrade(url) == current(engine)
    assert tables(engine) == TABLES


def test_the_migrations_make_the_tables_that_the_code_maps(url, engine) -> None:
    upgrade(url)
    assert differences(engine) == []


def test_a_difference_would_be_found(url, engine) -> None:
    upgrade(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP INDEX ix_readings_label"))
        connection.execute(sa.text("ALTER TABLE verdicts ADD COLUMN mood VARCHAR(8)"))
    assert {each[0] for each in differences(engine)} == {"add_index", "remove_column"}


def test_opening_again_keeps_what_is_stored(settings) -> None:
    first = open_store(settings)
    given = stored(first)
    first.add_verdict(given.id, make_verdict())
    first.close()
    upgrade(settings.database_url)
    again = open_store(settings)
    assert again.reading(given.id) == given
    assert again.verdicts(given.id) == [make_verdict()]
    again.close()


def test_a_database_of_a_newer_version_is_refused(url, engine) -> None:
    upgrade(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match=r"another version .*9999.*Install the version that"):
        upgrade(url)
    assert tables(engine) == TABLES


def test_sqlite_is_set_up_for_threads(tmp_path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/new/cervix.sqlite3")
    with engine.connect() as connection:
        asked = ("journal_mode", "foreign_keys", "busy_timeout")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]
    assert found == ["wal", 1, 15000]
    engine.dispose()


@pytest.mark.parametrize("given", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_postgresql_is_spoken_to_through_psycopg_3(given) -> None:
    assert read_url(f"{given}://me:word@host/name").drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("no url", "cannot be read"),
        ("mysql://host/name", "names 'mysql'"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_a_url_of_no_database_of_ours_is_refused(url, sentence) -> None:
    with pytest.raises(StorageError, match=f"{sentence}.*Set CERVIX_DATABASE_URL"):
        upgrade(url)


def test_a_database_that_cannot_be_used_is_named_without_its_password(tmp_path) -> None:
    (tmp_path / "text.sqlite3").write_text("This is no database, but a longer piece of text. " * 9)
    with pytest.raises(StorageError, match="file is not a database"):
        upgrade(f"sqlite:///{tmp_path}/text.sqlite3")
    with pytest.raises(StorageError, match=r"me:\*\*\*@127.0.0.1:9/name") as caught:
        upgrade("postgresql://me:word@127.0.0.1:9/name?connect_timeout=2")
    assert "word" not in str(caught.value)
