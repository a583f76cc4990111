"""Bringing a database to the tables of this version, and back."""

from __future__ import annotations

import logging
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from cervix_models.errors import StorageError
from cervix_models.storage.database import make_engine, writer

MIGRATIONS = Path(__file__).parent / "migrations"

logger = logging.getLogger(__name__)


def upgrade(url: str) -> str:
    """The revision that the database at `url` now has: the newest this version knows.

    An empty database gets its tables, an older one is brought up; both whole or not at all.
    Raises StorageError where it cannot be reached, or was written by a newer version.
    """
    engine = make_engine(url, foreign_keys=False)
    try:
        before = current(engine)
        if before != head():
            _run(engine, "upgrade", "head")
            logger.info("Database brought from %s to %s", before or "empty", head())
        return head()
    except (SQLAlchemyError, CommandError, OSError) as error:
        raise _unusable(engine, error) from error
    finally:
        engine.dispose()


def downgrade(url: str, revision: str) -> None:
    """Takes the database at `url` back to `revision`; `base` drops every table, with all readings.
    Raises StorageError as `upgrade` does."""
    engine = make_engine(url, foreign_keys=False)
    try:
        _run(engine, "downgrade", revision)
    except (SQLAlchemyError, CommandError) as error:
        raise _unusable(engine, error) from error
    finally:
        engine.dispose()


def current(engine: sa.Engine) -> str | None:
    """The revision of a database, or None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The newest revision that this version knows."""
    return ScriptDirectory.from_config(_config()).get_heads()[0]


def _config() -> Config:
    config = Config()
    # Alembic reads % in an option as the start of a placeholder.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _run(engine: sa.Engine, verb: str, revision: str) -> None:
    config = _config()
    with writer(engine).begin() as connection:
        config.attributes["connection"] = connection
        getattr(command, verb)(config, revision)


def _unusable(engine: sa.Engine, error: Exception) -> StorageError:
    shown = engine.url.render_as_string(hide_password=True)
    if isinstance(error, CommandError):
        return StorageError(
            f"The database {shown} has tables of another version ({error}); expected one of this "
            "version or older. Install the version that wrote it, or name another database in "
            "CERVIX_DATABASE_URL."
        )
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return StorageError(
        f"The database {shown} cannot be used: {reason}. Expected a database that can be written. "
        "Check that it runs and CERVIX_DATABASE_URL (or CERVIX_HOME) names it rightly."
    )
