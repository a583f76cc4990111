"""The tables of quiz and classroom. A change here needs a migration in `migrations/versions`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from cervix_models.storage.tables import Base, Numbers, UTCDateTime


class CellAnswerRecord(Base):
    """One answer of a learner who practises. Rows are added and never changed."""

    __tablename__ = "cell_answers"

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    learner: Mapped[str] = mapped_column(sa.Text, index=True)
    cell: Mapped[str] = mapped_column(sa.String(64))
    label: Mapped[str] = mapped_column(sa.String(64))
    said: Mapped[str] = mapped_column(sa.String(64))
    mode: Mapped[str] = mapped_column(sa.String(16))
    seconds: Mapped[float | None]
    rating: Mapped[int]
    first: Mapped[bool]
    synthetic: Mapped[bool]


class CellScheduleRecord(Base):
    """When a learner sees a cell again: one row a learner and cell, changed by every answer."""

    __tablename__ = "cell_schedules"

    learner: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    cell: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    label: Mapped[str] = mapped_column(sa.String(64))
    synthetic: Mapped[bool]
    due: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    card: Mapped[Mapping[str, Any]] = mapped_column(sa.JSON)
    picture: Mapped[str | None] = mapped_column(sa.ForeignKey("images.sha256"), index=True)


class TeachingSetRecord(Base):
    """A set of cells that an instructor made; only the time of its closing is added later."""

    __tablename__ = "teaching_sets"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(16), unique=True)
    name: Mapped[str] = mapped_column(sa.Text)
    author: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    kind: Mapped[str] = mapped_column(sa.String(16))
    minutes: Mapped[int | None]
    shown: Mapped[str] = mapped_column(sa.String(16))
    synthetic: Mapped[bool]
    origin: Mapped[str] = mapped_column(sa.Text)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class SetItemRecord(Base):
    """One cell of a set."""

    __tablename__ = "set_items"

    set_id: Mapped[str] = mapped_column(
        sa.ForeignKey("teaching_sets.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    cell: Mapped[str] = mapped_column(sa.String(64))
    label: Mapped[str] = mapped_column(sa.String(64))
    picture: Mapped[str] = mapped_column(sa.ForeignKey("images.sha256"), index=True)
    mask: Mapped[str | None] = mapped_column(sa.ForeignKey("images.sha256"), index=True)
    heard: Mapped[Mapping[str, float] | None] = mapped_column(Numbers(none_as_null=True))


class SittingRecord(Base):
    """One learner at one set; `name_key` is the name as it is compared."""

    __tablename__ = "sittings"
    __table_args__ = (sa.UniqueConstraint("set_id", "name_key"),)

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    set_id: Mapped[str] = mapped_column(sa.ForeignKey("teaching_sets.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.Text)
    name_key: Mapped[str] = mapped_column(sa.Text)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    handed_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ItemAnswerRecord(Base):
    """What was said of one item in a sitting."""

    __tablename__ = "item_answers"

    sitting_id: Mapped[str] = mapped_column(
        sa.ForeignKey("sittings.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    said: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seconds: Mapped[float | None]
