"""The questions asked of the tables, as SQLAlchemy statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVarTuple

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from cervix_models.contracts import Decision
from cervix_models.errors import StorageError
from cervix_models.storage.lesson_tables import CellScheduleRecord, SetItemRecord
from cervix_models.storage.tables import (
    FieldRecord,
    ImageRecord,
    PlaceRecord,
    ReadingRecord,
    RevisionRecord,
    VerdictRecord,
)
from cervix_models.storage.verdicts import KINDS

Columns = TypeVarTuple("Columns")

OPEN = "open"  # as a filter: readings without a verdict


@dataclass(frozen=True)
class Filter:
    """Which readings of the worklist are meant; None means any.

    The cells of fields are meant only where their field is named.
    """

    decision: Decision | None = None
    label: str | None = None
    verdict: str | None = None  # the newest one's kind, or `open` where there is none
    field_id: str | None = None  # of the field whose cells are meant

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """What a reading must fulfil. Raises StorageError for an unknown verdict."""
        if self.verdict not in (None, OPEN, *KINDS):
            raise StorageError(
                f"Readings were asked for by the verdict {self.verdict!r}; expected one of "
                f"{', '.join((OPEN, *KINDS))}. Choose one, or none to see all."
            )
        of_field = sa.select(PlaceRecord.reading_id)
        if self.field_id is not None:
            of_field = of_field.where(PlaceRecord.field_id == self.field_id)
        inside = ReadingRecord.id.in_(of_field)
        found: list[sa.ColumnElement[bool]] = [inside if self.field_id is not None else ~inside]
        if self.decision is not None:
            found.append(ReadingRecord.decision == self.decision)
        if self.label is not None:
            found.append(ReadingRecord.label == self.label)
        if self.verdict == OPEN:
            found.append(VerdictRecord.id.is_(None))
        elif self.verdict is not None:
            found.append(VerdictRecord.kind == self.verdict)
        return found


ORDER = (ReadingRecord.created_at, ReadingRecord.id)  # the id settles readings of one moment


def rows() -> sa.Select[ReadingRecord, VerdictRecord, RevisionRecord, PlaceRecord]:
    """Every reading with its newest verdict, its newest outlines and its place in a field; the
    models come with one query more."""
    newest = (
        sa.select(sa.func.max(RevisionRecord.id))
        .where(RevisionRecord.reading_id == ReadingRecord.id)
        .correlate(ReadingRecord)
        .scalar_subquery()
    )
    return (
        _with_newest_verdict(sa.select(ReadingRecord, VerdictRecord, RevisionRecord, PlaceRecord))
        .outerjoin(RevisionRecord, RevisionRecord.id == newest)
        .outerjoin(PlaceRecord, PlaceRecord.reading_id == ReadingRecord.id)
        .options(selectinload(ReadingRecord.uses))
    )


def count(chosen: Filter) -> sa.Select[int]:
    """How many readings the filter lets through."""
    base = _with_newest_verdict(sa.select(sa.func.count(ReadingRecord.id)))
    return base.where(*chosen.conditions())


def next_id(after: ReadingRecord, chosen: Filter, *, newer: bool) -> sa.Select[str]:
    """The id of the reading just newer or just older than `after`, of those the filter lets by."""
    here = sa.tuple_(sa.literal(after.created_at, ReadingRecord.created_at.type), after.id)
    beside = sa.tuple_(*ORDER) > here if newer else sa.tuple_(*ORDER) < here
    order = [each.asc() if newer else each.desc() for each in ORDER]
    return (
        _with_newest_verdict(sa.select(ReadingRecord.id))
        .where(beside, *chosen.conditions())
        .order_by(*order)
        .limit(1)
    )


def uses_of_image(sha256: str) -> sa.Select[int]:
    """How many readings, revisions, fields, items of sets and cells to be seen again refer to a
    picture, as image, mask or heat map."""
    readings = sa.select(sa.func.count(ReadingRecord.id)).where(
        sa.or_(
            ReadingRecord.image_sha256 == sha256,
            ReadingRecord.mask_sha256 == sha256,
            ReadingRecord.heat_sha256 == sha256,
        )
    )
    revisions = sa.select(sa.func.count(RevisionRecord.id)).where(
        RevisionRecord.mask_sha256 == sha256
    )
    fields = sa.select(sa.func.count(FieldRecord.id)).where(FieldRecord.image_sha256 == sha256)
    items = sa.select(sa.func.count()).select_from(SetItemRecord)
    items = items.where(sa.or_(SetItemRecord.picture == sha256, SetItemRecord.mask == sha256))
    again = sa.select(sa.func.count()).select_from(CellScheduleRecord)
    again = again.where(CellScheduleRecord.picture == sha256)
    asked = (readings, revisions, fields, items, again)
    first, *rest = [each.scalar_subquery() for each in asked]
    return sa.select(sum(rest, start=first))


def insert_image(dialect: str, values: dict[str, Any]) -> sa.Executable:
    """Adds a picture's row unless it is there."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_postgresql

        return insert_postgresql(ImageRecord).values(values).on_conflict_do_nothing()
    from sqlalchemy.dialects.sqlite import insert as insert_sqlite

    return insert_sqlite(ImageRecord).values(values).on_conflict_do_nothing()


def _with_newest_verdict(statement: sa.Select[*Columns]) -> sa.Select[*Columns]:
    newest = (
        sa.select(sa.func.max(VerdictRecord.id))
        .where(VerdictRecord.reading_id == ReadingRecord.id)
        .correlate(ReadingRecord)
        .scalar_subquery()
    )
    return statement.select_from(ReadingRecord).outerjoin(VerdictRecord, VerdictRecord.id == newest)
