"""Work that goes on in the background while a page watches it, and can stop it."""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from cervix_models.errors import CervixError

log = logging.getLogger(__name__)

Found = TypeVar("Found")
Progress = Callable[[float, int], bool]  # part done, cells read; False: stop


@dataclass
class Job(Generic[Found]):
    """Work in the background, how far it is, and in the end what it found or why it failed."""

    state: Literal["running", "done", "failed"] = "running"
    done: float = 0.0  # part of the whole
    cells: int = 0  # read so far
    found: Found | None = None
    problem: str | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def progress(self, done: float, cells: int) -> bool:
        """Notes how far it is; False where it shall stop."""
        self.done, self.cells = done, cells
        return not self.stop.is_set()


def begin(work: Callable[[Progress], Found], name: str) -> Job[Found]:
    """A job that does `work` in a thread of its own; an error becomes its problem."""
    job: Job[Found] = Job()

    def run() -> None:
        try:
            job.found = work(job.progress)
        except CervixError as problem:
            job.problem, job.state = str(problem), "failed"
            return
        except Exception:
            log.exception("The job %s failed", name)
            job.problem = "Something went wrong that should not; the log says what. Try again."
            job.state = "failed"
            return
        job.state = "done"

    whose = contextvars.copy_context()  # who acts in it is who began it
    threading.Thread(target=whose.run, args=(run,), daemon=True, name=name).start()
    return job
