"""Jobs as pages ask for them and look at them; `leases` has what workers do with them."""

from __future__ import annotations

import uuid
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cervix_models.errors import JobError
from cervix_models.people import acting
from cervix_models.storage.audit import note
from cervix_models.storage.job_notes import lines_of, metrics_of
from cervix_models.storage.job_tables import JobRecord
from cervix_models.storage.leases import FREE, Leases, job_of, now_of
from cervix_models.storage.refusals import no_job
from cervix_models.storage.verdicts import is_text
from cervix_models.tasks import ENDED, Asked, Job, Line, Metric, NewJob, State

QUEUE = 20  # jobs that may wait at once, where nobody says another number
PLOTTED = 400  # numbers of a curve
DONE_BY_ASKING: dict[Asked, State] = {"cancel": "cancelled", "pause": "paused"}


class Jobs(Leases):
    """The jobs of a store. Each change that a person asks for is noted in the audit log."""

    def add(self, asked: NewJob, *, most: int = QUEUE) -> Job:
        """The job that now waits, asked for by whoever acts. Raises JobError where so many wait
        already, or it has no title."""
        if not (asked.title.strip() and is_text(asked.title)) or asked.attempts < 1:
            raise JobError(
                f"The job has the title {asked.title!r} and {asked.attempts} attempts; expected a "
                "plain text and at least one. Give it a title."
            )
        with self._keeping.session(write=True) as session:
            waiting = sa.select(sa.func.count()).where(JobRecord.state == "queued")
            count = session.scalars(waiting.select_from(JobRecord)).one()
            if count >= most:
                raise JobError(
                    f"{count} jobs wait already; at most {most} were expected. Wait until some are "
                    "done, cancel some, or set CERVIX_QUEUE to a larger number."
                )
            record = JobRecord(
                id=uuid.uuid4().hex, kind=asked.kind, title=asked.title, args=dict(asked.args),
                state="queued", progress=0.0, message="", attempt=0, attempts=asked.attempts,
                created_by=acting().name, created_at=now_of(session),
            )  # fmt: skip
            session.add(record)
            session.flush()
            note(session, "job.start", record.id, {"kind": asked.kind, "title": asked.title})
            return job_of(record)

    def get(self, job_id: str) -> Job:
        """The job of this id. Raises StorageError where there is none."""
        with self._keeping.session() as session:
            return job_of(_found(session, job_id))

    def all(
        self, *, states: Collection[State] = (), kinds: Collection[str] = (),
        limit: int | None = 50, offset: int = 0,
    ) -> list[Job]:  # fmt: skip
        """The jobs, newest first: those in some states, of some kinds, or all."""
        asked = sa.select(JobRecord).order_by(JobRecord.created_at.desc(), JobRecord.id.desc())
        if states:
            asked = asked.where(JobRecord.state.in_(states))
        if kinds:
            asked = asked.where(JobRecord.kind.in_(kinds))
        with self._keeping.session() as session:
            return [job_of(each) for each in session.scalars(asked.limit(limit).offset(offset))]

    def count(self, *, states: Collection[State] = (), kinds: Collection[str] = ()) -> int:
        """How many there are: in some states, of some kinds, or all."""
        asked = sa.select(sa.func.count()).select_from(JobRecord)
        if states:
            asked = asked.where(JobRecord.state.in_(states))
        if kinds:
            asked = asked.where(JobRecord.kind.in_(kinds))
        with self._keeping.session() as session:
            return session.scalars(asked).one()

    def ask(self, job_id: str, what: Asked) -> Job:
        """The job, asked to end: one that waits has ended at once, one that runs soon will. Raises
        StorageError where there is none, JobError where it has ended."""
        with self._keeping.session(write=True) as session:
            record = _found(session, job_id)
            if record.state not in ("queued", "running", "paused"):
                raise _refused(record, f"be asked to {what}", "waits or runs")
            if record.state == "running":
                # A cancel stands: nobody is kept from work by a pause that comes after it.
                record.asked = "cancel" if record.asked == "cancel" else what
            else:
                record.state = DONE_BY_ASKING[what]
                record.ended_at = now_of(session) if what == "cancel" else None
            session.flush()
            note(session, f"job.{what}", job_id, {"title": record.title})
            return job_of(record)

    def resume(self, job_id: str) -> Job:
        """The job, waiting again to go on from where it was paused, cancelled or failed, with all
        its attempts. Raises StorageError where there is none, JobError where it is in no such
        state."""
        with self._keeping.session(write=True) as session:
            record = _found(session, job_id)
            if record.state not in ("paused", "cancelled", "failed"):
                raise _refused(record, "go on", "is paused, cancelled or failed")
            record.state, record.attempt, record.problem = "queued", 0, None
            record.ended_at = None
            for name, value in FREE.items():
                setattr(record, name, value)
            session.flush()
            note(session, "job.resume", job_id, {"title": record.title})
            return job_of(record)

    def delete(self, job_id: str) -> None:
        """Deletes a job that has ended, with what it told. Raises StorageError where there is none,
        JobError where it has not ended."""
        with self._keeping.session(write=True) as session:
            record = _found(session, job_id)
            if record.state not in ENDED:
                raise _refused(record, "be deleted", "has ended")
            title = record.title
            session.delete(record)
            session.flush()
            note(session, "job.delete", job_id, {"title": title})

    def metrics(self, job_id: str, *, most: int = PLOTTED) -> list[Metric]:
        """The numbers that a job told, thinned for a plot as `metrics_of` does."""
        with self._keeping.session() as session:
            return metrics_of(session, job_id, most)

    def lines(self, job_id: str, *, most: int = 200) -> list[Line]:
        """The last lines that a job told, oldest first."""
        with self._keeping.session() as session:
            return lines_of(session, job_id, most)


def _found(session: Session, job_id: str) -> JobRecord:
    record = session.get(JobRecord, job_id)
    if record is None:
        raise no_job(job_id)
    return record


def _refused(record: JobRecord, what: str, expected: str) -> JobError:
    return JobError(
        f"The job “{record.title}” is {record.state} and cannot {what}; one that {expected} was "
        "expected. Look at its state again."
    )
