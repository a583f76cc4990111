"""Who does a job: a worker takes it for some seconds, renews that while it works, and alone may say
what came of it. A job whose worker was lost goes back to the queue."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cervix_models.errors import LeaseError
from cervix_models.storage.job_notes import News, add_news
from cervix_models.storage.job_tables import JobRecord, WorkerRecord
from cervix_models.storage.keeping import Keeping
from cervix_models.storage.refusals import no_job
from cervix_models.tasks import LEASE, Job, WorkerSeen

LOST = "Its worker was lost: the process or its machine stopped."
JOB = list(Job.__dataclass_fields__)
FREE = {"owner": None, "lease_until": None, "asked": None}


class Leases:
    """The leases of a store's jobs."""

    def __init__(self, keeping: Keeping) -> None:
        """Asks nothing yet."""
        self._keeping = keeping

    def claim(self, owner: str, *, kinds: Collection[str], seconds: float = LEASE) -> Job | None:
        """The job that has waited longest of these kinds, now held by `owner` for so many seconds;
        None where none waits. Jobs whose worker was lost are put back before."""
        with self._keeping.session(write=True) as session:
            now = now_of(session)
            _reclaim(session, now)
            waiting = (
                sa.select(JobRecord.id)
                .where(JobRecord.state == "queued", JobRecord.kind.in_(kinds))
                .order_by(JobRecord.created_at, JobRecord.id)
                .limit(1)
            )
            taken = sa.update(JobRecord).where(
                JobRecord.id == waiting.scalar_subquery(), JobRecord.state == "queued"
            )
            found = session.scalar(
                taken.values(
                    **{**FREE, "owner": owner, "lease_until": now + timedelta(seconds=seconds)},
                    state="running", attempt=JobRecord.attempt + 1, problem=None, ended_at=None,
                    started_at=sa.func.coalesce(JobRecord.started_at, now),
                ).returning(JobRecord.id)
            )  # fmt: skip
            return None if found is None else job_of(_record(session, found))

    def renew(self, job_id: str, owner: str, seconds: float = LEASE) -> bool:
        """Whether the lease was still the owner's, and now is for so many seconds more."""
        with self._keeping.session(write=True) as session:
            now = now_of(session)
            until = {"lease_until": now + timedelta(seconds=seconds)}
            return _held(session, job_id, owner, now, until)

    def holds(self, job_id: str, owner: str) -> bool:
        """Whether `owner` holds the lease of a job now."""
        with self._keeping.session() as session:
            record = session.get(JobRecord, job_id)
            return record is not None and _is_held(record, owner, now_of(session))

    def told(self, job_id: str, owner: str, news: News) -> bool:
        """Whether the lease is the owner's; what it tells is then kept."""
        values: dict[str, Any] = {}
        if news.progress is not None:
            values["progress"] = min(max(news.progress, 0.0), 1.0)
        if news.message is not None:
            values["message"] = storable(news.message)
        with self._keeping.session(write=True) as session:
            now = now_of(session)
            held = _held(session, job_id, owner, now, values or {"owner": owner})
            if held:
                add_news(session, job_id, news, now)
            return held

    def finish(self, job_id: str, owner: str, result: Mapping[str, Any]) -> None:
        """Marks a job done, with what came of it. Raises LeaseError where the lease is lost."""
        self._end(job_id, owner, {"state": "done", "progress": 1.0, "result": result})

    def cancelled(self, job_id: str, owner: str) -> None:
        """Marks a job cancelled. Raises LeaseError where the lease is lost."""
        self._end(job_id, owner, {"state": "cancelled"})

    def paused(self, job_id: str, owner: str) -> None:
        """Marks a job paused. Raises LeaseError where the lease is lost."""
        self._end(job_id, owner, {"state": "paused", "ended_at": None})

    def give_back(self, job_id: str, owner: str) -> None:
        """Puts a job back into the queue as if it had not been started. Raises LeaseError where the
        lease is lost."""
        fewer = JobRecord.attempt - sa.case((JobRecord.attempt > 0, 1), else_=0)
        self._end(job_id, owner, {"state": "queued", "attempt": fewer, "ended_at": None})

    def fail(self, job_id: str, owner: str, problem: str, *, again: bool = False) -> None:
        """Marks a job failed for a reason, or where `again` and its attempts are not used up, puts
        it back into the queue; one that was asked to end is ended so. Raises LeaseError where the
        lease is lost."""
        with self._keeping.session(write=True) as session:
            now, record = now_of(session), session.get(JobRecord, job_id)
            if record is None or not _is_held(record, owner, now):
                raise _lost(job_id, owner)
            _let_go(record, now, problem, again=again)

    def reclaim(self) -> int:
        """How many jobs were taken from workers that were lost: each is queued again, or where its
        attempts are used up, failed."""
        with self._keeping.session(write=True) as session:
            return _reclaim(session, now_of(session))

    def seen(self, worker: WorkerSeen) -> None:
        """Notes that a worker is there; `seen_at` is set to now."""
        with self._keeping.session(write=True) as session:
            values = {**vars(worker), "kinds": list(worker.kinds), "seen_at": now_of(session)}
            session.merge(WorkerRecord(**values))

    def gone(self, worker_id: str) -> None:
        """Forgets a worker."""
        with self._keeping.session(write=True) as session:
            session.execute(sa.delete(WorkerRecord).where(WorkerRecord.id == worker_id))

    def workers(self, within: float = LEASE) -> list[WorkerSeen]:
        """The workers that were heard of within so many seconds, by their start."""
        names = list(WorkerSeen.__dataclass_fields__)
        with self._keeping.session() as session:
            least = now_of(session) - timedelta(seconds=within)
            asked = sa.select(WorkerRecord).where(WorkerRecord.seen_at >= least)
            rows = session.scalars(asked.order_by(WorkerRecord.started_at))
            found = [{name: getattr(row, name) for name in names} for row in rows]
            return [WorkerSeen(**{**each, "kinds": tuple(each["kinds"])}) for each in found]

    def _end(self, job_id: str, owner: str, values: Mapping[str, Any]) -> None:
        with self._keeping.session(write=True) as session:
            now = now_of(session)
            if not _held(session, job_id, owner, now, {"ended_at": now, **FREE, **values}):
                raise _lost(job_id, owner)


def now_of(session: Session) -> datetime:
    """The time by the clock that all workers share: the database server's, or the machine's."""
    if session.get_bind().dialect.name == "postgresql":
        found = session.scalar(sa.select(sa.func.clock_timestamp()))
        return cast("datetime", found).astimezone(UTC)
    return datetime.now(UTC)


def storable(text: str) -> str:
    """A text without what PostgreSQL keeps in none: what a process said may hold anything."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def job_of(record: JobRecord) -> Job:
    """What a row says."""
    return Job(**{name: getattr(record, name) for name in JOB})


def _record(session: Session, job_id: str) -> JobRecord:
    record = session.get(JobRecord, job_id)
    if record is None:
        raise no_job(job_id)
    return record


def _is_held(record: JobRecord, owner: str, now: datetime) -> bool:
    until = record.lease_until
    return record.state == "running" and record.owner == owner and until is not None and until > now


def _held(
    session: Session, job_id: str, owner: str, now: datetime, values: Mapping[str, Any]
) -> bool:
    """Whether the owner holds the lease; the job is then changed."""
    mine = sa.update(JobRecord).where(
        JobRecord.id == job_id, JobRecord.owner == owner, JobRecord.state == "running",
        JobRecord.lease_until > now,
    )  # fmt: skip
    return session.scalar(mine.values(**values).returning(JobRecord.id)) is not None


def _reclaim(session: Session, now: datetime) -> int:
    asked = sa.select(JobRecord).where(JobRecord.state == "running", JobRecord.lease_until <= now)
    lost = session.scalars(asked).all()
    for record in lost:
        _let_go(record, now, LOST, again=True)
    session.flush()
    return len(lost)


def _let_go(record: JobRecord, now: datetime, problem: str, *, again: bool) -> None:
    """A job that nobody does any more: as it was asked to end, queued again, or failed."""
    record.problem = problem = storable(problem)
    if record.asked == "cancel":
        record.state, record.problem = "cancelled", None
    elif record.asked == "pause":
        record.state, record.problem = "paused", None
    elif again and record.attempt < record.attempts:
        record.state = "queued"
    else:
        record.state = "failed"
        record.problem = _after(problem, record.attempt) if again else problem
    record.owner = record.lease_until = record.asked = None
    record.ended_at = now if record.state in ("cancelled", "failed") else None


def _after(problem: str, attempt: int) -> str:
    return f"{problem} It was started {attempt} times. Look at its log, then start it again."


def _lost(job_id: str, owner: str) -> LeaseError:
    return LeaseError(
        f"The job {job_id} was to be changed by {owner}, who does not hold its lease; whoever does "
        "it now was expected. Stop: nothing more of it may be kept."
    )
