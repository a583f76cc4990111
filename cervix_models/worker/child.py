"""What a job's own process does: the job, and in the store what came of it."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from types import FrameType

from cervix_models.errors import CervixError, LeaseError, StoppedError
from cervix_models.settings import Settings
from cervix_models.storage.store import Store, open_store
from cervix_models.worker.doing import LOST, Doing
from cervix_models.worker.kinds import find
from cervix_models.worker.processes import die_with_parent

log = logging.getLogger(__name__)

DONE, FAILED = 0, 1


def run_job(job_id: str, owner: str, settings: Settings) -> int:
    """The exit status of a job that was done, stopped or failed, as the store says; LOST where
    `owner` does not hold its lease. Raises StorageError where there is no such job."""
    die_with_parent()
    store = open_store(settings)
    try:
        if not store.jobs.holds(job_id, owner):
            return LOST
        doing = Doing(store, settings, store.jobs.get(job_id), owner)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stopping(doing))
        return _done(doing)
    except LeaseError as lost:
        log.error("%s", lost)  # noqa: TRY400 the sentence says all
        return LOST
    finally:
        store.close()


def _done(doing: Doing) -> int:
    """Does the job, and says in the store what came of it. Raises LeaseError where another does it
    by now."""
    store, job_id, owner = doing.store, doing.job.id, doing.owner
    doing.folder.mkdir(parents=True, exist_ok=True)
    try:
        with doing.guarded():
            log.info("Started as process %d, attempt %d", os.getpid(), doing.job.attempt)
            result = find(doing.job.kind).load()(doing)
            doing.may_save()
        store.jobs.finish(job_id, owner, result)
    except StoppedError:
        _stopped(store, job_id, owner)
    except LeaseError:
        raise
    except CervixError as problem:
        store.jobs.fail(job_id, owner, str(problem))
        return FAILED
    except Exception as problem:  # noqa: BLE001 the reason is stored, and was logged
        reason = f"Something went wrong that should not: {type(problem).__name__}: {problem}."
        store.jobs.fail(job_id, owner, reason, again=True)
        return FAILED
    return DONE


def _stopped(store: Store, job_id: str, owner: str) -> None:
    """Says in the store why the job stopped; one that nobody asked to waits for another worker."""
    asked = store.jobs.get(job_id).asked
    if asked == "cancel":
        store.jobs.cancelled(job_id, owner)
    elif asked == "pause":
        store.jobs.paused(job_id, owner)
    else:
        store.jobs.give_back(job_id, owner)


def _stopping(doing: Doing) -> Callable[[int, FrameType | None], None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        doing.stop()

    return handle
