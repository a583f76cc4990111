"""The tables, as SQLAlchemy maps them. A change here needs a migration in `migrations/versions`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from cervix_models.errors import StorageError

# Alembic names a constraint to change or drop it, so every constraint has a name.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UTCDateTime(sa.TypeDecorator[datetime]):
    """A time in UTC, given and returned with its zone, on databases that keep none too."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """The time in UTC. Raises StorageError for a time without zone."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise StorageError(
                f"The time {value.isoformat()} has no zone; expected a time with zone, such as "
                "datetime.now(UTC). Give it one."
            )
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """The stored time, with the zone UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Numbers(sa.TypeDecorator[Mapping[str, float]]):
    """Numbers by name, in the order given. JSON has no NaN: null stands for it."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(
        self, value: Mapping[str, float] | None, dialect: sa.Dialect
    ) -> dict[str, float | None] | None:
        """What JSON can hold. Raises StorageError for an infinite number."""
        if value is None:
            return None
        endless = [name for name, number in value.items() if math.isinf(number)]
        if endless:
            raise StorageError(
                f"The value of {endless[0]!r} is infinite; expected a number. "
                "Leave the value out where it cannot be measured."
            )
        return {name: None if math.isnan(number) else number for name, number in value.items()}

    def process_result_value(
        self, value: Mapping[str, float | None] | None, dialect: sa.Dialect
    ) -> dict[str, float] | None:
        """The numbers as they were given."""
        if value is None:
            return None
        return {name: math.nan if number is None else number for name, number in value.items()}


class Base(DeclarativeBase):
    """The parent of every table."""

    metadata = sa.MetaData(naming_convention=NAMING)


class ImageRecord(Base):
    """One stored picture; its bytes lie in the blob store under the same hash."""

    __tablename__ = "images"

    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int]
    kind: Mapped[str] = mapped_column(sa.String(16))  # image, mask or heat
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ReadingRecord(Base):
    """One reading, as `contracts.Reading` has it."""

    __tablename__ = "readings"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    image_sha256: Mapped[str] = mapped_column(sa.ForeignKey("images.sha256"), index=True)
    mask_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("images.sha256"), index=True)
    heat_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("images.sha256"), index=True)
    width: Mapped[int]
    height: Mapped[int]
    decision: Mapped[str] = mapped_column(sa.String(16), index=True)
    label: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    reasons: Mapped[list[str]] = mapped_column(sa.JSON)
    probabilities: Mapped[Mapping[str, float]] = mapped_column(Numbers)
    conformal_set: Mapped[list[str]] = mapped_column(sa.JSON)
    features: Mapped[Mapping[str, float]] = mapped_column(Numbers)
    heat: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    gate: Mapped[Mapping[str, float]] = mapped_column(Numbers)
    micrometres_per_pixel: Mapped[float | None]
    sample: Mapped[bool]
    warnings: Mapped[list[str]] = mapped_column(sa.JSON)
    uses: Mapped[list[ModelUseRecord]] = relationship(
        order_by="ModelUseRecord.id", cascade="all, delete-orphan", passive_deletes=True
    )


class ModelUseRecord(Base):
    """One set of weights that spoke in a reading."""

    __tablename__ = "model_uses"

    id: Mapped[int] = mapped_column(primary_key=True)
    reading_id: Mapped[str] = mapped_column(
        sa.ForeignKey("readings.id", ondelete="CASCADE"), index=True
    )
    role: Mapped[str] = mapped_column(sa.String(16))
    name: Mapped[str] = mapped_column(sa.Text)
    version: Mapped[str] = mapped_column(sa.Text)
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    summary: Mapped[str] = mapped_column(sa.Text)


class VerdictRecord(Base):
    """One verdict on a reading. Rows are added and never changed; the largest id is the newest."""

    __tablename__ = "verdicts"

    id: Mapped[int] = mapped_column(primary_key=True)
    reading_id: Mapped[str] = mapped_column(
        sa.ForeignKey("readings.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(sa.String(16))
    label: Mapped[str | None] = mapped_column(sa.String(64))
    remark: Mapped[str] = mapped_column(sa.Text)
    author: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class RevisionRecord(Base):
    """Outlines that a person corrected. Rows are added and never changed; the largest id is the
    newest."""

    __tablename__ = "revisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    reading_id: Mapped[str] = mapped_column(
        sa.ForeignKey("readings.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    author: Mapped[str] = mapped_column(sa.Text)
    origin: Mapped[str] = mapped_column(sa.String(16))
    mask_sha256: Mapped[str] = mapped_column(sa.ForeignKey("images.sha256"), index=True)
    features: Mapped[Mapping[str, float]] = mapped_column(Numbers)
    heat: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    decision: Mapped[str] = mapped_column(sa.String(16))
    label: Mapped[str | None] = mapped_column(sa.String(64))
    reasons: Mapped[list[str]] = mapped_column(sa.JSON)
    probabilities: Mapped[Mapping[str, float]] = mapped_column(Numbers)


class FieldRecord(Base):
    """One whole field, as `contracts.FieldReading` has it."""

    __tablename__ = "fields"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    image_sha256: Mapped[str] = mapped_column(sa.ForeignKey("images.sha256"), index=True)
    width: Mapped[int]
    height: Mapped[int]
    complete: Mapped[bool]
    uses: Mapped[list[dict[str, str]]] = mapped_column(sa.JSON)
    micrometres_per_pixel: Mapped[float | None]
    warnings: Mapped[list[str]] = mapped_column(sa.JSON)
    slide: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    slide_left: Mapped[int | None]
    slide_top: Mapped[int | None]


class PlaceRecord(Base):
    """Where in a field the cell of a reading was found."""

    __tablename__ = "places"

    reading_id: Mapped[str] = mapped_column(
        sa.ForeignKey("readings.id", ondelete="CASCADE"), primary_key=True
    )
    field_id: Mapped[str] = mapped_column(sa.ForeignKey("fields.id"), index=True)
    number: Mapped[int]
    left: Mapped[int]
    top: Mapped[int]
    x: Mapped[float]
    y: Mapped[float]
    score: Mapped[float]


class JudgementRecord(Base):
    """One answer of a real-or-fake round. Rows are added and never changed."""

    __tablename__ = "judgements"
    __table_args__ = (sa.UniqueConstraint("round_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    learner: Mapped[str] = mapped_column(sa.Text, index=True)
    round_id: Mapped[str] = mapped_column(sa.String(64))
    number: Mapped[int]
    generator: Mapped[str | None] = mapped_column(sa.Text, index=True)
    weights: Mapped[str | None] = mapped_column(sa.String(64))
    label: Mapped[str] = mapped_column(sa.String(64))
    said_made: Mapped[bool]
    quality: Mapped[int | None]


class PreferenceRecord(Base):
    """Which of two made cells a person found more real. Rows are added and never changed."""

    __tablename__ = "preferences"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    learner: Mapped[str] = mapped_column(sa.Text, index=True)
    pair_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    label: Mapped[str] = mapped_column(sa.String(64))
    preferred: Mapped[str] = mapped_column(sa.Text)
    preferred_weights: Mapped[str] = mapped_column(sa.String(64))
    other: Mapped[str] = mapped_column(sa.Text)
    other_weights: Mapped[str] = mapped_column(sa.String(64))


class CareReviewRecord(Base):
    """One review of the care page by a clinician. Rows are added and never changed; the largest id
    is the newest."""

    __tablename__ = "care_reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    recorded_by: Mapped[str] = mapped_column(sa.Text)
    reviewer: Mapped[str] = mapped_column(sa.Text)
    reviewed_on: Mapped[date] = mapped_column(sa.Date)
    content_sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    note: Mapped[str] = mapped_column(sa.Text)
