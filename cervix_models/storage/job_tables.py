"""The tables of jobs: what is asked of the worker, and what comes of it. A change here needs a
migration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from cervix_models.storage.tables import Base, UTCDateTime


class JobRecord(Base):
    """One job. Whoever holds its lease, and nobody else, does it."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32), index=True)
    title: Mapped[str] = mapped_column(sa.Text)
    args: Mapped[Mapping[str, Any]] = mapped_column(sa.JSON)
    state: Mapped[str] = mapped_column(sa.String(16), index=True)
    asked: Mapped[str | None] = mapped_column(sa.String(16))  # of who does it: cancel or pause
    progress: Mapped[float]  # part done
    message: Mapped[str] = mapped_column(sa.Text)
    attempt: Mapped[int]
    attempts: Mapped[int]  # at most
    owner: Mapped[str | None] = mapped_column(sa.String(200))
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_by: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    problem: Mapped[str | None] = mapped_column(sa.Text)
    result: Mapped[Mapping[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))


class JobMetricRecord(Base):
    """One number that a job told while it ran, such as a loss."""

    __tablename__ = "job_metrics"
    __table_args__ = (sa.Index("ix_job_metrics_series", "job_id", "part", "name", "step"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(sa.ForeignKey("jobs.id", ondelete="CASCADE"))
    part: Mapped[str] = mapped_column(sa.String(64))  # such as a fold
    name: Mapped[str] = mapped_column(sa.String(64))
    step: Mapped[int]
    value: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class JobLineRecord(Base):
    """One line of what a job said."""

    __tablename__ = "job_lines"

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(sa.ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class WorkerRecord(Base):
    """One process that does jobs, and when it was last heard of."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    host: Mapped[str] = mapped_column(sa.Text)
    pid: Mapped[int]
    kinds: Mapped[list[str]] = mapped_column(sa.JSON)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
