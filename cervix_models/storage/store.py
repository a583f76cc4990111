"""The one handle to everything that is kept: pictures, readings and verdicts."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from PIL import Image as Pictures
from PIL import UnidentifiedImageError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from cervix_models.contracts import (
    Decision,
    FieldReading,
    Place,
    Reading,
    Revision,
    Verdict,
    WorklistRow,
)
from cervix_models.errors import StorageError
from cervix_models.settings import Settings
from cervix_models.storage import queries
from cervix_models.storage.accounts import Accounts
from cervix_models.storage.audit import Audit, note
from cervix_models.storage.blobs import Blobs
from cervix_models.storage.care import CareReviews
from cervix_models.storage.database import make_engine, writer
from cervix_models.storage.heads import Heads
from cervix_models.storage.jobs import Jobs
from cervix_models.storage.judgements import Judgements
from cervix_models.storage.keeping import Keeping
from cervix_models.storage.migrate import upgrade
from cervix_models.storage.practice import Practice
from cervix_models.storage.promotions import Promotions
from cervix_models.storage.queries import Filter
from cervix_models.storage.records import (
    field_of,
    record_of_field,
    record_of_place,
    record_of_reading,
    record_of_revision,
    record_of_verdict,
    revision_of,
    row_of,
    verdict_of,
)
from cervix_models.storage.refusals import no_field, no_reading, refused
from cervix_models.storage.remote import open_blobs
from cervix_models.storage.tables import (
    FieldRecord,
    ImageRecord,
    PlaceRecord,
    ReadingRecord,
    RevisionRecord,
    VerdictRecord,
)
from cervix_models.storage.teaching import Teaching
from cervix_models.storage.verdicts import check_verdict

AT_ONCE = 500  # ids of one question
KINDS_OF_PICTURE = {"image_sha256": "image", "mask_sha256": "mask", "heat_sha256": "heat"}


def open_store(settings: Settings) -> Store:
    """The store of this installation, its database brought up to date.
    Raises StorageError where the database or the folder cannot be used."""
    blobs = open_blobs(settings)
    upgrade(settings.database_url)
    return Store(make_engine(settings.database_url), blobs, Heads.of(settings.home))


class Store:
    """Readings, verdicts and judgements in a database, pictures in files. Threads may share one."""

    def __init__(self, engine: sa.Engine, blobs: Blobs, heads: Heads) -> None:
        self._engine = engine
        self._heads = heads
        self._writer = writer(engine)
        self._blobs = blobs
        self.judgements = Judgements(self._session)
        self.care_reviews = CareReviews(self._session)
        keeping = Keeping(self._session, self._add_picture, _forget, self._remove_blobs)
        self.practice, self.teaching = Practice(keeping), Teaching(keeping)
        self.accounts, self.audit = Accounts(keeping), Audit(keeping, heads)
        self.jobs, self.promotions = Jobs(keeping), Promotions(keeping)

    def close(self) -> None:
        """Gives the connections back; a later call opens new ones."""
        self._engine.dispose()

    def put_blob(self, data: bytes) -> str:
        """The sha256 under which `data` is now kept. Raises StorageError where there is no room."""
        return self._blobs.put(data)

    def blob(self, sha256: str) -> bytes:
        """The bytes of a picture. Raises StorageError where they are missing or changed."""
        return self._blobs.get(sha256)

    def put_file(self, path: Path) -> str:
        """The sha256 under which a file of weights is now kept. Raises StorageError."""
        return self._blobs.put_file(path)

    def get_file(self, sha256: str, target: Path) -> None:
        """Nothing; `target` then is the file of weights of this hash, whole or not at all.
        Raises StorageError where it is missing or changed."""
        self._blobs.get_file(sha256, target)

    def has_blob(self, sha256: str) -> bool:
        """Whether a picture is kept."""
        return self._blobs.has(sha256)

    def add_reading(self, reading: Reading) -> None:
        """Keeps a reading whose pictures were put before, whole or not at all.
        Raises StorageError where a picture is missing, or the id is taken."""
        with self._session(write=True) as session:
            self._add_reading(session, reading)
            said = {"decision": reading.decision, "label": reading.label}
            note(session, "reading.add", reading.id, said)

    def _add_reading(self, session: Session, reading: Reading) -> None:
        for name, kind in KINDS_OF_PICTURE.items():
            sha256 = getattr(reading, name)
            if sha256 is not None:
                self._add_picture(session, sha256, kind)
        if session.get(ReadingRecord, reading.id) is not None:
            raise StorageError(
                f"A reading with the id {reading.id!r} is already stored, and readings are "
                "never changed. Give the new one an id of its own."
            )
        session.add(record_of_reading(reading))

    def _add_picture(self, session: Session, sha256: str, kind: str) -> None:
        values = self._picture(sha256, kind)
        session.execute(queries.insert_image(self._engine.dialect.name, values))

    def add_field(self, field: FieldReading, cells: Sequence[tuple[Reading, Place]]) -> None:
        """Keeps a field with the readings of its cells, whose pictures were put before, whole or
        not at all. Raises StorageError where a picture is missing, or an id is taken."""
        with self._session(write=True) as session:
            self._add_picture(session, field.image_sha256, "field")
            if session.get(FieldRecord, field.id) is not None:
                raise StorageError(
                    f"A field with the id {field.id!r} is already stored, and fields are never "
                    "changed. Give the new one an id of its own."
                )
            session.add(record_of_field(field))
            session.flush()
            for reading, place in cells:
                self._add_reading(session, reading)
                session.flush()
                session.add(record_of_place(reading.id, place))
            note(session, "field.add", field.id, {"cells": len(cells)})

    def field(self, field_id: str) -> FieldReading:
        """The field of this id. Raises StorageError where there is none."""
        with self._session() as session:
            record = session.get(FieldRecord, field_id)
            if record is None:
                raise no_field(field_id)
            return field_of(record)

    def fields(
        self, *, limit: int | None = 50, offset: int = 0, slide: str | None = None
    ) -> list[FieldReading]:
        """The fields, newest first; a `limit` of None gives all. With `slide` only those that are
        parts of the slide of this identity."""
        order = (FieldRecord.created_at.desc(), FieldRecord.id.desc())
        asked = sa.select(FieldRecord).order_by(*order).limit(limit).offset(offset)
        if slide is not None:
            asked = asked.where(FieldRecord.slide == slide)
        with self._session() as session:
            return [field_of(each) for each in session.scalars(asked)]

    def cells(self, field_id: str) -> list[WorklistRow]:
        """The cells of a field by their number. Raises StorageError where there is none."""
        chosen = Filter(field_id=field_id)
        asked = queries.rows().where(*chosen.conditions()).order_by(PlaceRecord.number)
        with self._session() as session:
            if session.get(FieldRecord, field_id) is None:
                raise no_field(field_id)
            return [row_of(*each) for each in session.execute(asked).all()]

    def delete_field(self, field_id: str) -> None:
        """Deletes a field with the readings of its cells, and pictures that nothing else has.
        Raises StorageError where there is no such field."""
        cells = sa.select(PlaceRecord.reading_id).where(PlaceRecord.field_id == field_id)
        with self._session(write=True) as session:
            record = session.get(FieldRecord, field_id)
            if record is None:
                raise no_field(field_id)
            ids = session.scalars(cells).all()
            named = {record.image_sha256}.union(*(_delete(session, each) for each in ids))
            session.delete(record)
            session.flush()
            _forget(session, named)
            note(session, "field.delete", field_id, {"cells": len(ids)})
        self._remove_blobs(named)

    def reading(self, reading_id: str) -> Reading:
        """The reading of this id. Raises StorageError where there is none."""
        return self.row(reading_id).reading

    def row(self, reading_id: str) -> WorklistRow:
        """A reading with its newest verdict. Raises StorageError where there is none."""
        with self._session() as session:
            found = session.execute(
                queries.rows().where(ReadingRecord.id == reading_id)
            ).one_or_none()
            if found is None:
                raise no_reading(reading_id)
            return row_of(*found)

    def rows(self, ids: Sequence[str]) -> list[WorklistRow]:
        """The readings of these ids in their order, without those that are gone."""
        found: dict[str, WorklistRow] = {}
        with self._session() as session:
            for start in range(0, len(ids), AT_ONCE):
                some = ReadingRecord.id.in_(ids[start : start + AT_ONCE])
                for each in session.execute(queries.rows().where(some)).all():
                    row = row_of(*each)
                    found[row.reading.id] = row
        return [found[each] for each in ids if each in found]

    def readings(
        self,
        *,
        decision: Decision | None = None,
        label: str | None = None,
        verdict: str | None = None,
        newest_first: bool = True,
        limit: int | None = 200,
        offset: int = 0,
    ) -> list[WorklistRow]:
        """The readings that fit, each with its newest verdict, by time.

        `verdict` is `open` (none given yet), `agree`, `correct` or `refer`; a `limit` of None gives
        all. Raises StorageError for another verdict.
        """
        chosen = Filter(decision, label, verdict)
        order = [each.desc() if newest_first else each.asc() for each in queries.ORDER]
        asked = queries.rows().where(*chosen.conditions()).order_by(*order)
        with self._session() as session:
            found = session.execute(asked.limit(limit).offset(offset)).all()
            return [row_of(*each) for each in found]

    def count(
        self,
        *,
        decision: Decision | None = None,
        label: str | None = None,
        verdict: str | None = None,
    ) -> int:
        """How many readings fit. Raises StorageError as `readings` does."""
        with self._session() as session:
            return session.execute(queries.count(Filter(decision, label, verdict))).scalar_one()

    def neighbours(
        self,
        reading_id: str,
        *,
        decision: Decision | None = None,
        label: str | None = None,
        verdict: str | None = None,
    ) -> tuple[str | None, str | None]:
        """The ids above and below a reading in the worklist, newest first, of those that fit: the
        next newer and the next older, None at an end. Raises StorageError where it is missing."""
        chosen = Filter(decision, label, verdict)
        with self._session() as session:
            here = session.get(ReadingRecord, reading_id)
            if here is None:
                raise no_reading(reading_id)
            newer = session.execute(queries.next_id(here, chosen, newer=True))
            older = session.execute(queries.next_id(here, chosen, newer=False))
            return newer.scalar_one_or_none(), older.scalar_one_or_none()

    def add_verdict(self, reading_id: str, verdict: Verdict) -> None:
        """Adds a verdict to those of a reading; none is ever changed.
        Raises StorageError where there is no such reading, VerdictError as `check_verdict` does."""
        check_verdict(verdict)
        with self._session(write=True) as session:
            if session.get(ReadingRecord, reading_id) is None:
                raise no_reading(reading_id)
            session.add(record_of_verdict(reading_id, verdict))
            said = {"kind": verdict.kind, "label": verdict.label}
            note(session, "verdict.add", reading_id, said)

    def verdicts(self, reading_id: str) -> list[Verdict]:
        """The verdicts on a reading, oldest first. Raises StorageError as `row` does."""
        asked = sa.select(VerdictRecord).where(VerdictRecord.reading_id == reading_id)
        with self._session() as session:
            if session.get(ReadingRecord, reading_id) is None:
                raise no_reading(reading_id)
            return [verdict_of(each) for each in session.scalars(asked.order_by(VerdictRecord.id))]

    def add_revision(self, reading_id: str, revision: Revision) -> None:
        """Adds corrected outlines, whose mask was put before; none is ever changed.
        Raises StorageError where there is no such reading, or no such mask."""
        with self._session(write=True) as session:
            if session.get(ReadingRecord, reading_id) is None:
                raise no_reading(reading_id)
            self._add_picture(session, revision.mask_sha256, "mask")
            session.add(record_of_revision(reading_id, revision))
            note(session, "revision.add", reading_id, {"origin": revision.origin})

    def revisions(self, reading_id: str) -> list[Revision]:
        """The corrected outlines of a reading, oldest first. Raises StorageError as `row` does."""
        asked = sa.select(RevisionRecord).where(RevisionRecord.reading_id == reading_id)
        with self._session() as session:
            if session.get(ReadingRecord, reading_id) is None:
                raise no_reading(reading_id)
            found = session.scalars(asked.order_by(RevisionRecord.id))
            return [revision_of(each) for each in found]

    def delete_reading(self, reading_id: str) -> None:
        """Deletes a reading with its verdicts and corrected outlines, and its pictures where no
        other reading has them.
        Raises StorageError where there is no such reading."""
        with self._session(write=True) as session:
            named = _delete(session, reading_id)
            _forget(session, named)
            note(session, "reading.delete", reading_id)
        self._remove_blobs(named)

    def _remove_blobs(self, named: set[str]) -> None:
        """Removes the files of pictures whose records are gone."""
        # Files go after the records are gone for good, and only if nobody took them up since:
        # the write lock keeps a new reading of the same picture waiting meanwhile.
        with self._session(write=True) as session:
            for sha256 in named:
                if session.get(ImageRecord, sha256) is None:
                    self._blobs.remove(sha256)

    def _picture(self, sha256: str, kind: str) -> dict[str, Any]:
        data = self._blobs.held(sha256)
        try:
            with Pictures.open(io.BytesIO(data)) as picture:
                width, height = picture.size
        except (UnidentifiedImageError, OSError) as error:
            raise StorageError(
                f"What is stored under {sha256} is no picture, and a reading has it as its {kind}. "
                "Expected a PNG. Put that first."
            ) from error
        now = datetime.now(UTC)
        size = {"width": width, "height": height, "bytes": len(data)}
        return {"sha256": sha256, "kind": kind, "created_at": now, **size}

    @contextmanager
    def _session(self, *, write: bool = False) -> Iterator[Session]:
        engine = self._writer if write else self._engine
        try:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session
            self._heads.add(session)
        except SQLAlchemyError as error:
            raise refused(error) from error


def _delete(session: Session, reading_id: str) -> set[str]:
    """The pictures that a reading named which is deleted now, with all that hangs on it."""
    record = session.get(ReadingRecord, reading_id)
    if record is None:
        raise no_reading(reading_id)
    named = {getattr(record, name) for name in KINDS_OF_PICTURE} - {None}
    drawn = sa.select(RevisionRecord.mask_sha256).where(RevisionRecord.reading_id == reading_id)
    named |= set(session.scalars(drawn))
    session.delete(record)
    session.flush()
    return named


def _forget(session: Session, named: set[str]) -> None:
    """Deletes the records of those pictures that nothing refers to."""
    for sha256 in named:
        if not session.execute(queries.uses_of_image(sha256)).scalar_one():
            session.execute(sa.delete(ImageRecord).where(ImageRecord.sha256 == sha256))
