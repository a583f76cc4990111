"""The records of an installation into another database, of either kind."""

from __future__ import annotations

from cervix_models.errors import StorageError
from cervix_models.settings import Settings
from cervix_models.storage.audit import Chain
from cervix_models.storage.database import read_url
from cervix_models.storage.migrate import upgrade
from cervix_models.storage.rows import copy_database, has_rows
from cervix_models.storage.store import open_store


def move(settings: Settings, target_url: str) -> Chain:
    """The audit chain of both databases, once all rows of the installation's are in the other too;
    the old one stays as it is. Pictures are not moved.

    Raises StorageError where the target is not empty or cannot be used, or the audit log of the
    source is not whole; the target then has no row.
    """
    source, target = read_url(settings.database_url), read_url(target_url)
    if source == target:
        raise StorageError(
            "The database to move to is the one that is used already; expected another. Name it "
            "with --to, such as postgresql://user@host/name."
        )
    upgrade(target_url)
    if has_rows(target_url):
        shown = target.render_as_string(hide_password=True)
        raise StorageError(
            f"The database {shown} holds rows already; expected an empty one. Name another, or "
            "empty it first."
        )
    store = open_store(settings)
    try:
        found = store.audit.verify()
        if found.problem is not None:
            raise StorageError(
                f"The audit log is not whole: {found.problem} Expected a log without a fault, so "
                "that the moved one can be told from a changed one. Find out what happened first."
            )
        store.audit.add("database.move", target.get_backend_name())
    finally:
        store.close()
    return copy_database(settings.database_url, target_url)
