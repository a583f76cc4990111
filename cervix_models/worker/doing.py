"""A job in the hands of the process that does it: it tells how far it is, hears that it shall stop,
and ends at once where somebody else does the job by now."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cervix_models.errors import CervixError, LeaseError, StoppedError, StorageError
from cervix_models.settings import Settings
from cervix_models.storage.job_notes import News
from cervix_models.storage.store import Store
from cervix_models.tasks import LEASE, Job, Metric
from cervix_models.worker.machine import Sampler

log = logging.getLogger(__name__)

BEAT = 0.5  # seconds between two looks at the lease
LOST = 75  # exit status of a process that does not hold the lease any more: EX_TEMPFAIL
LEVEL = logging.INFO


@dataclass
class _Pending:
    """What was told and is not in the store yet."""

    progress: float | None = None
    message: str | None = None
    metrics: list[Metric] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return (
            self.progress is not None
            or self.message is not None
            or bool(self.metrics or self.lines)
        )


class Doing:
    """One job that this process does, while it holds the lease."""

    def __init__(self, store: Store, settings: Settings, job: Job, owner: str) -> None:
        """Takes the job that `owner` claimed."""
        self.store, self.settings, self.job, self.owner = store, settings, job, owner
        self.folder: Path = settings.runs / job.id
        self._pending, self._lock = _Pending(), threading.Lock()
        self._stop, self._ended = threading.Event(), threading.Event()
        self._parent, self._heard = os.getppid(), time.monotonic()
        passed = datetime.now(UTC) - job.created_at
        self._sampler = Sampler(max(0.0, passed.total_seconds()))

    def tell(
        self, progress: float | None = None, message: str | None = None,
        metrics: Sequence[Metric] = (),
    ) -> None:  # fmt: skip
        """Takes the part done, what is being done, and numbers; the store has them soon."""
        with self._lock:
            if progress is not None:
                self._pending.progress = progress
            if message is not None:
                self._pending.message = message
            self._pending.metrics.extend(metrics)

    def say(self, line: str) -> None:
        """Takes a line of the log."""
        with self._lock:
            self._pending.lines.append(line)

    def stop(self) -> None:
        """Asks the work to stop."""
        self._stop.set()

    def stops(self) -> bool:
        """Whether the work shall stop now."""
        return self._stop.is_set()

    def check(self) -> None:
        """Nothing, where the work shall go on. Raises StoppedError where it shall stop."""
        if self.stops():
            raise StoppedError("The job was asked to stop, and has. Resume it to go on.")

    def may_save(self) -> None:
        """Nothing, where the lease is still ours. Raises LeaseError where it is not: what was made
        may not be kept then."""
        if not self.store.jobs.holds(self.job.id, self.owner):
            raise LeaseError(
                f"The job {self.job.id} is not {self.owner}'s any more; its lease was expected to "
                "hold while something is saved. Nothing was kept: whoever does it now goes on."
            )

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Within it the store hears what is told, and this process ends where the lease is lost."""
        handler = _Telling(self)
        logging.getLogger().addHandler(handler)
        guard = threading.Thread(target=self._guard, daemon=True, name="lease")
        guard.start()
        try:
            yield
        except CervixError as problem:
            log.info("%s", problem)
            raise
        except Exception:
            log.exception("The job failed")
            raise
        finally:
            self._ended.set()
            guard.join()
            logging.getLogger().removeHandler(handler)
            self._flush()

    def _guard(self) -> None:
        while True:
            try:
                self._look()
            except StorageError:
                log.warning("The store does not answer", exc_info=True)
            except Exception:  # the watch goes on whatever happens, or nobody would mind the lease
                log.exception("The job could not be looked after; it is tried again")
            if os.getppid() != self._parent:
                self._leave("Its worker is gone")
            if time.monotonic() - self._heard > LEASE:
                self._leave("Nothing was heard of the store for as long as a lease holds")
            if self._ended.wait(BEAT):
                return

    def _look(self) -> None:
        self.tell(metrics=self._sampler.look())
        job = self.store.jobs.get(self.job.id)
        if job.asked is not None:
            self._stop.set()
        if job.owner != self.owner or not self._flush():
            self._leave("The lease is lost")
        self._heard = time.monotonic()

    def _flush(self) -> bool:
        """Whether the lease is ours; what was told is then in the store."""
        with self._lock:
            told, self._pending = self._pending, _Pending()
        if not told:
            return self.store.jobs.holds(self.job.id, self.owner)
        news = News(told.progress, told.message, told.metrics, told.lines)
        return self.store.jobs.told(self.job.id, self.owner, news)

    def _leave(self, why: str) -> None:
        """Ends the process as it stands: another may write to the same files by now."""
        log.error("%s: the process ends without saving", why)
        os._exit(LOST)


class _Telling(logging.Handler):
    """Hands what is logged to a job."""

    def __init__(self, doing: Doing) -> None:
        super().__init__(LEVEL)
        self._doing = doing
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("cervix_models") and record.levelno < logging.WARNING:
            return  # libraries tell much that is no news of the job
        for line in self.format(record).splitlines():
            self._doing.say(line)
