"""A fresh store on SQLite, and the same on PostgreSQL where a server answers."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import psycopg
import pytest

from cervix_models.settings import Settings
from cervix_models.storage import open_store

SERVER = os.environ.get("CERVIX_TEST_DATABASE_URL") or "postgresql://postgres@127.0.0.1:5432/test"


@pytest.fixture(scope="session")
def server() -> str:
    """The URL of a PostgreSQL database that answers; the test is skipped without it."""
    try:
        psycopg.connect(SERVER, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        pytest.skip(f"No PostgreSQL server answers for the tests: {str(error).splitlines()[0]}")
    return SERVER


@pytest.fixture
def schema(server):
    """The URL of a schema of its own, dropped afterwards."""
    name = f"cervix_test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        yield f"{server}?options=-csearch_path%3D{name}"
        connection.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request, tmp_path) -> str:
    """The URL of an empty database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'cervix.sqlite3'}"
    return request.getfixturevalue("schema")


@pytest.fixture
def settings(url, tmp_path) -> Settings:
    return settings_for(url, tmp_path)


@pytest.fixture
def store(settings):
    opened = open_store(settings)
    yield opened
    opened.close()


def settings_for(url: str, folder: Path) -> Settings:
    return Settings(
        home=folder / "home",
        images=None,
        pretrained=None,
        weights=folder / "weights",
        cache=folder / "cache",
        database_url=url,
        slides=folder / "home" / "slides",
        threads=1,
    )
