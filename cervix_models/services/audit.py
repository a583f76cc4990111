"""What an administrator sees of the audit log: entries, whether they are whole, and a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from cervix_models.data.importing import ImportReport
from cervix_models.people import needs
from cervix_models.services.exports import Export
from cervix_models.storage.audit import AuditEntry, AuditFilter, Chain
from cervix_models.storage.store import Store

__all__ = ["AuditEntry", "AuditFilter", "AuditLog", "Chain", "note_import"]

COLUMNS = ("number", "time", "actor", "action", "subject", "detail", "previous", "sha256")


class AuditLog:
    """The audit log, for administrators. Threads may share one."""

    def __init__(self, store: Store) -> None:
        """Asks nothing yet."""
        self.store = store

    @needs("admin")
    def entries(
        self, chosen: AuditFilter | None = None, *, limit: int | None = 100, offset: int = 0
    ) -> list[AuditEntry]:
        """Entries, the newest first; a `limit` of None gives all. Raises StorageError."""
        return self.store.audit.entries(chosen, limit=limit, offset=offset)

    @needs("admin")
    def count(self, chosen: AuditFilter | None = None) -> int:
        """How many entries there are, or how many of these. Raises StorageError."""
        return self.store.audit.count(chosen)

    @needs("admin")
    def actors(self) -> list[str]:
        """Everybody who ever did something, by name. Raises StorageError."""
        return self.store.audit.actors()

    @needs("admin")
    def actions(self) -> list[str]:
        """Everything that was ever done, by its name. Raises StorageError."""
        return self.store.audit.actions()

    @needs("admin")
    def verify(self, known: Sequence[tuple[int, str]] = ()) -> Chain:
        """What hashing every entry anew finds. `known` are numbers and hashes that somebody wrote
        down elsewhere; they are looked for too. Raises StorageError."""
        return self.store.audit.verify(known)

    @needs("admin")
    def table(self, chosen: AuditFilter | None = None) -> Export:
        """Entries as CSV, the newest first, with all that their hashes are made of; noted itself.
        Raises StorageError."""
        from cervix_models.reports.table import csv_of

        entries = self.store.audit.entries(chosen, limit=None)
        content = csv_of([_line(each) for each in entries], COLUMNS)
        self.store.audit.add("export.csv", "audit log", {"entries": len(entries)})
        name = f"audit-{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
        return Export(name, "text/csv", content)


def note_import(store: Store, report: ImportReport) -> None:
    """Notes that a data set was imported: its name and how much it holds, not where it lies.
    Raises StorageError."""
    said = {"source": report.index.source, "images": len(report.index.rows)}
    store.audit.add("dataset.import", report.name, said)


def _line(entry: AuditEntry) -> dict[str, str | int]:
    return {
        "number": entry.number,
        "time": entry.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": json.dumps(entry.detail, sort_keys=True, ensure_ascii=False),
        "previous": entry.previous,
        "sha256": entry.sha256,
    }
