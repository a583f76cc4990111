"""What jobs tell while they run: numbers for curves, and lines of text, of which the last stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cervix_models.storage.job_tables import JobLineRecord, JobMetricRecord
from cervix_models.tasks import Line, Metric

MOST_LINES = 2000  # of a job that are kept
LONGEST = 2000  # characters of a line
LONGEST_NAME = 64  # characters of a metric's name and part


@dataclass(frozen=True)
class News:
    """What a job tells at once; None: as it was."""

    progress: float | None = None  # part done
    message: str | None = None
    metrics: Sequence[Metric] = ()
    lines: Sequence[str] = ()


def add_news(session: Session, job_id: str, news: News, now: datetime) -> None:
    """Keeps the numbers and lines; of the lines of a job the last MOST_LINES."""
    if news.metrics:
        rows = [
            {
                "job_id": job_id, "created_at": now, "step": each.step, "value": each.value,
                "part": each.part[:LONGEST_NAME], "name": each.name[:LONGEST_NAME],
            }
            for each in news.metrics
        ]  # fmt: skip
        session.execute(sa.insert(JobMetricRecord), rows)
    if news.lines:
        # PostgreSQL keeps no zero bytes in a text.
        texts = [each.replace("\0", "")[:LONGEST] for each in news.lines[-MOST_LINES:]]
        rows = [{"job_id": job_id, "created_at": now, "text": each} for each in texts]
        session.execute(sa.insert(JobLineRecord), rows)
        of_job = JobLineRecord.job_id == job_id
        newest = sa.select(JobLineRecord.id).where(of_job).order_by(JobLineRecord.id.desc())
        last = newest.offset(MOST_LINES).limit(1).scalar_subquery()
        session.execute(sa.delete(JobLineRecord).where(of_job, JobLineRecord.id <= last))


def metrics_of(session: Session, job_id: str, most: int) -> list[Metric]:
    """The numbers of a job by part, name and step: of each series at most so many, evenly spread,
    the last among them; of a step that was told twice, what was told last."""
    record = JobMetricRecord
    series = (record.part, record.name)
    newest = (
        sa.select(sa.func.max(record.id).label("id"))
        .where(record.job_id == job_id)
        .group_by(*series, record.step)
        .subquery()
    )
    ordered = (
        sa.select(
            *series, record.step, record.value,
            sa.func.row_number().over(partition_by=series, order_by=record.step).label("at"),
            sa.func.count(record.id).over(partition_by=series).label("count"),
        )
        .join(newest, newest.c.id == record.id)
        .subquery()
    )  # fmt: skip
    columns = ordered.c
    chosen = columns.at * most // columns.count > (columns.at - 1) * most // columns.count
    asked = sa.select(columns.name, columns.step, columns.value, columns.part).where(chosen)
    rows = session.execute(asked.order_by(columns.part, columns.name, columns.step)).all()
    return [Metric(*row) for row in rows]


def lines_of(session: Session, job_id: str, most: int) -> list[Line]:
    """The last lines of a job, oldest first."""
    asked = sa.select(JobLineRecord).where(JobLineRecord.job_id == job_id)
    rows = session.scalars(asked.order_by(JobLineRecord.id.desc()).limit(most)).all()
    return [Line(row.id, row.text, row.created_at) for row in reversed(rows)]
