"""The worker: takes jobs from the store, does each in a process of its own, and minds it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cervix_models.errors import LeaseError, StorageError
from cervix_models.settings import ROOT, Settings
from cervix_models.storage.store import Store
from cervix_models.tasks import LEASE, Asked, Job, WorkerSeen
from cervix_models.worker.kinds import LANES, Lane, of_lane
from cervix_models.worker.processes import die_with_parent, ending_words, signal_group, tail_of

log = logging.getLogger(__name__)

OUTPUT = "output.log"  # in a job's folder: all that its process wrote


@dataclass(frozen=True)
class Times:
    """How long a worker waits for what, in seconds."""

    lease: float = LEASE
    look: float = 0.5  # between two looks at the jobs
    cancel: float = 10.0  # until a process that was asked to is killed
    save: float = 120.0  # the same, where it saves a checkpoint before


@dataclass
class _Child:
    """A job and the process that does it."""

    job: Job
    owner: str
    process: subprocess.Popen[bytes]
    renewed: float
    signalled: Asked | None = None
    kill_at: float | None = None


def command_of(job: Job, owner: str) -> list[str]:
    """The command that does a job."""
    return [sys.executable, "-m", "cervix_models", "job", "run", job.id, "--owner", owner]


@dataclass
class Worker:
    """One worker process: one job of a lane at a time."""

    store: Store
    settings: Settings
    lanes: Sequence[Lane] = LANES
    times: Times = field(default_factory=Times)
    command: Callable[[Job, str], list[str]] = command_of

    def __post_init__(self) -> None:
        """Gives the worker a name of its own."""
        host = socket.gethostname()
        self.id = f"{host}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        kinds = tuple(name for lane in self.lanes for name in of_lane(lane))
        now = datetime.now(UTC)
        self._seen = WorkerSeen(self.id, host, os.getpid(), kinds, now, now)
        self._told = -self.times.lease  # when it last said that it is there
        self._children: dict[Lane, _Child] = {}
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Asks the worker to stop: what it does is stopped and waits for another."""
        self._stopping.set()

    def run(self, *, once: bool = False) -> None:
        """Works until it is stopped; `once`: until nothing waits any more."""
        log.info("The worker %s takes jobs: %s", self.id, ", ".join(self._seen.kinds))
        try:
            while not self._stopping.is_set():
                busy = self._turn()
                if once and not busy:
                    break
                self._stopping.wait(self.times.look)
        finally:
            self._stop_all()
            self._tolerant(lambda: self.store.jobs.gone(self.id))
        log.info("The worker %s has stopped", self.id)

    def _turn(self) -> bool:
        """Whether there is work, after one look at everything."""
        self._tolerant(self._say_here)
        for lane in self.lanes:
            if lane in self._children:
                self._tolerant(lambda lane=lane: self._tend(lane))  # type: ignore[misc]
            if lane not in self._children:
                self._tolerant(lambda lane=lane: self._claim(lane))  # type: ignore[misc]
        return bool(self._children)

    def _tolerant(self, step: Callable[[], None]) -> None:
        """Does a step; a store that does not answer is asked again at the next turn."""
        try:
            step()
        except StorageError:
            log.warning("The store does not answer; it is asked again", exc_info=True)

    def _say_here(self) -> None:
        if time.monotonic() - self._told >= self.times.lease / 4:
            self.store.jobs.seen(self._seen)
            self._told = time.monotonic()

    def _claim(self, lane: Lane) -> None:
        owner = f"{self.id}:{uuid.uuid4().hex[:8]}"
        job = self.store.jobs.claim(owner, kinds=of_lane(lane), seconds=self.times.lease)
        if job is None:
            return
        log.info("Job %s, %s: %s, attempt %d", job.id, job.kind, job.title, job.attempt)
        folder = self.settings.runs / job.id
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / OUTPUT).open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 a command of its own
                self.command(job, owner), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, cwd=ROOT, env={**os.environ, "TQDM_DISABLE": "1"},
                preexec_fn=die_with_parent,  # noqa: PLW1509 the worker has one thread
            )  # fmt: skip
        self._children[lane] = _Child(job, owner, process, time.monotonic())

    def _tend(self, lane: Lane) -> None:
        child = self._children[lane]
        code = child.process.poll()
        if code is not None:
            self._ended(child, code)
            del self._children[lane]
            return
        now = time.monotonic()
        if now - child.renewed >= self.times.lease / 4:
            self._renew(child)
            child.renewed = now
        asked = self.store.jobs.get(child.job.id).asked
        if asked is not None and child.signalled != asked:
            self._signal(child, asked)
        if child.kill_at is not None and now > child.kill_at:
            signal_group(child.process.pid, signal.SIGKILL)

    def _renew(self, child: _Child) -> None:
        """Renews the lease; a process whose job is somebody else's by now is killed."""
        if self.store.jobs.renew(child.job.id, child.owner, self.times.lease):
            return
        if self.store.jobs.get(child.job.id).state == "running":
            log.warning("Job %s is somebody else's by now", child.job.id)
            signal_group(child.process.pid, signal.SIGKILL)
        elif child.kill_at is None:  # it has said what came of it, and ends by itself
            child.kill_at = time.monotonic() + self.times.cancel

    def _signal(self, child: _Child, asked: Asked) -> None:
        patience = self.times.cancel if asked == "cancel" else self.times.save
        child.signalled, child.kill_at = asked, time.monotonic() + patience
        signal_group(child.process.pid, signal.SIGTERM)

    def _ended(self, child: _Child, code: int) -> None:
        """Clears up after a process; where it could not say what came of the job, this does."""
        signal_group(child.process.pid, signal.SIGKILL)  # what it may have left behind
        job, jobs = self.store.jobs.get(child.job.id), self.store.jobs
        if job.owner != child.owner or job.state != "running":
            log.info("Job %s is %s", job.id, job.state)
            return
        try:
            if job.asked == "cancel":
                jobs.cancelled(job.id, child.owner)
            elif job.asked == "pause":
                jobs.paused(job.id, child.owner)
            elif self._stopping.is_set():
                jobs.give_back(job.id, child.owner)
            else:
                jobs.fail(job.id, child.owner, self._reason(job, code), again=True)
        except LeaseError:
            log.warning("Job %s was taken over", job.id)

    def _reason(self, job: Job, code: int) -> str:
        said = tail_of(self._output(job))
        words = ending_words(code)
        return f"{words}. It said last:\n{said}" if said else f"{words}."

    def _output(self, job: Job) -> Path:
        return self.settings.runs / job.id / OUTPUT

    def _stop_all(self) -> None:
        """Stops what is being done, each at its checkpoint, and puts it back into the queue."""
        self._stopping.set()
        for child in self._children.values():
            if child.signalled is None:
                self._signal(child, "pause")
        while self._children:
            for lane in list(self._children):
                self._tolerant(lambda lane=lane: self._tend(lane))  # type: ignore[misc]
            time.sleep(min(0.1, self.times.look))
