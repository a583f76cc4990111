"""What was done here, each entry chained to the one before by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain as chained
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cervix_models import people
from cervix_models.errors import StorageError
from cervix_models.storage.audit_tables import AuditRecord
from cervix_models.storage.heads import NOTED, Heads
from cervix_models.storage.keeping import Keeping
from cervix_models.storage.tables import Base
from cervix_models.storage.verdicts import is_text

BEFORE_ALL = "0" * 64  # what the first entry names as the hash of the one before
AT_ONCE = 1000  # entries of one question

_table = Base.metadata.tables[AuditRecord.__tablename__]
_last = sa.select(_table.c.number, _table.c.sha256).order_by(_table.c.number.desc()).limit(1)


@dataclass(frozen=True)
class AuditEntry:
    """One thing that was done."""

    number: int  # counted from 1, without a gap
    created_at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    previous: str  # sha256 of the entry before
    sha256: str  # of all of the above


@dataclass(frozen=True)
class AuditFilter:
    """Which entries are asked for; None asks for all."""

    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None  # not included


@dataclass(frozen=True)
class Chain:
    """What walking the log from its first entry to its last found."""

    count: int  # entries that are whole and in their place
    head: str  # sha256 of the last of these; zeros where there is none
    noted: int  # entries whose hash also stands in the file of heads
    problem: str | None = None  # what is wrong with the entry after these; None: nothing

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.problem is None


def note(
    session: Session, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Adds an entry to the log, within a transaction that writes: it is kept if the rest is.

    Who did it is `people.acting()`. The detail is what JSON can hold, and nothing personal: it is
    never deleted. Raises StorageError for a text that cannot be stored.
    """
    row = session.execute(_last).one_or_none()
    number, previous = (0, BEFORE_ALL) if row is None else (row.number, row.sha256)
    values = {
        "number": number + 1,
        "created_at": datetime.now(UTC),
        "actor": people.acting().name,
        "action": action,
        "subject": subject,
        "detail": dict(detail or {}),
        "previous": previous,
    }
    values["sha256"] = hash_of(values)
    session.execute(sa.insert(_table), values)
    session.info[NOTED] = (number + 1, values["sha256"])


def hash_of(values: Mapping[str, Any]) -> str:
    """The sha256 of an entry: over JSON of all its other columns, by their names in order, without
    spaces, its time in UTC to the microsecond. Raises StorageError for what JSON or the database
    cannot hold."""
    said = {name: values[name] for name in _table.c.keys() if name != "sha256"}  # noqa: SIM118
    said["created_at"] = said["created_at"].astimezone(UTC).isoformat(timespec="microseconds")
    try:
        text = json.dumps(
            said, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
    except (TypeError, ValueError) as error:
        raise _unfit(str(said["action"])) from error
    if not all(map(is_text, (text, said["actor"], said["subject"]))):
        raise _unfit(str(said["action"]))
    return hashlib.sha256(text.encode()).hexdigest()


def _unfit(action: str) -> StorageError:
    return StorageError(
        f"The entry {action!r} of the audit log holds what cannot be stored; expected plain text "
        "and numbers. Give its subject and detail as such."
    )


class Audit:
    """The audit log of a store."""

    def __init__(self, keeping: Keeping, heads: Heads) -> None:
        """Asks nothing yet."""
        self._keeping = keeping
        self._heads = heads

    def add(self, action: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
        """Adds an entry by itself, as `note` does within a transaction. Raises StorageError."""
        with self._keeping.session(write=True) as session:
            note(session, action, subject, detail)

    def count(self, chosen: AuditFilter | None = None) -> int:
        """How many entries there are, or how many of these."""
        asked = sa.select(sa.func.count()).select_from(_table).where(*_conditions(chosen))
        with self._keeping.session() as session:
            return session.execute(asked).scalar_one()

    def entries(
        self, chosen: AuditFilter | None = None, *, limit: int | None = 100, offset: int = 0
    ) -> list[AuditEntry]:
        """Entries, the newest first; a `limit` of None gives all."""
        asked = sa.select(_table).where(*_conditions(chosen)).order_by(_table.c.number.desc())
        with self._keeping.session() as session:
            return [_entry(row) for row in session.execute(asked.limit(limit).offset(offset))]

    def actions(self) -> list[str]:
        """Every action that was ever noted, by name."""
        return self._different(_table.c.action)

    def actors(self) -> list[str]:
        """Everybody who ever did something, by name."""
        return self._different(_table.c.actor)

    def _different(self, column: sa.ColumnElement[str]) -> list[str]:
        with self._keeping.session() as session:
            return list(session.scalars(sa.select(column).distinct().order_by(column)))

    def verify(self, known: Sequence[tuple[int, str]] = ()) -> Chain:
        """What is found by hashing every entry anew, in order, and by comparing the heads that were
        noted in a file after each transaction, and those `known` from elsewhere: the first entry
        that was changed, is missing or out of its place is named.

        Raises StorageError where the database or the file cannot be read.
        """
        told = self._heads.size()  # before the question, so that no head is newer than its answer
        with self._keeping.session() as session:
            chain = walk(session.connection())
            noted, problem = 0, chain.problem
            heads = chained(known, self._heads.all(told))
            while some := list(islice(heads, AT_ONCE)):
                noted += len(some)
                problem = problem or _unlike(session, chain, some)
        return Chain(chain.count, chain.head, noted, problem)


def walk(connection: sa.Connection) -> Chain:
    """What is found by hashing every entry of a database anew, in order."""
    count, head = 0, BEFORE_ALL
    for row in _rows(connection):
        problem = _wrong(row._mapping, count + 1, head)
        if problem is not None:
            return Chain(count, head, 0, problem)
        count, head = row.number, row.sha256
    return Chain(count, head, 0)


def _rows(connection: sa.Connection) -> Iterator[sa.Row[Any]]:
    asked, last = sa.select(_table).order_by(_table.c.number).limit(AT_ONCE), -1
    while rows := connection.execute(asked.where(_table.c.number > last)).all():
        yield from rows
        last = rows[-1].number


def _wrong(row: Mapping[Any, Any], number: int, previous: str) -> str | None:
    """What is wrong with an entry that should have this number and follow this hash."""
    if row["number"] != number:
        return f"The entry {number} is missing: after {number - 1} comes {row['number']}."
    if row["previous"] != previous:
        return f"The entry {number} does not follow the one before it: one of them was replaced."
    if hash_of(dict(row)) != row["sha256"]:
        return f"The entry {number} was changed since it was made: its hash is another."
    return None


def _unlike(session: Session, chain: Chain, heads: Sequence[tuple[int, str]]) -> str | None:
    """What is wrong with a chain that is whole in itself, by some of the heads that were noted."""
    numbers = [number for number, _ in heads]
    asked = sa.select(_table.c.number, _table.c.sha256).where(_table.c.number.in_(numbers))
    known = {row.number: row.sha256 for row in session.execute(asked)}
    for number, sha256 in heads:
        if number not in known:
            return (
                f"The entry {number} was noted when it was made and is missing now: the log ends "
                f"with the entry {chain.count}."
            )
        if known[number] != sha256:
            return (
                f"The entry {number} is not the one that was noted when it was made: the log was "
                "written anew."
            )
    return None


def _conditions(chosen: AuditFilter | None) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if chosen is None:
        return found
    if chosen.actor is not None:
        found.append(_table.c.actor == chosen.actor)
    if chosen.action is not None:
        found.append(_table.c.action == chosen.action)
    if chosen.since is not None:
        found.append(_table.c.created_at >= chosen.since)
    if chosen.until is not None:
        found.append(_table.c.created_at < chosen.until)
    return found


def _entry(row: sa.Row[Any]) -> AuditEntry:
    return AuditEntry(**row._mapping)
