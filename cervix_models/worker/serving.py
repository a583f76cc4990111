"""Application and worker started together: a worker that dies is started again, and both are
stopped together."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from cervix_models.settings import ROOT
from cervix_models.worker.processes import die_with_parent, ending_words

log = logging.getLogger(__name__)

PATIENCE = 150.0  # seconds until what was asked to stop is killed: a training saves before it does
LOOK = 0.2
FIRST, LONGEST = 1.0, 30.0  # seconds before a worker is started again, growing
STEADY = 60.0  # seconds after which a worker counts as one that works


@dataclass
class Serving:
    """The two processes. `app` is the command of the application, `worker` that of the worker."""

    app: Sequence[str]
    worker: Sequence[str] = (sys.executable, "-m", "cervix_models", "worker")
    first: float = FIRST
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        """The exit status of the application, after both have stopped; 0 where it was asked to."""
        app, worker = _started(self.app), _started(self.worker)
        begun, pause = time.monotonic(), self.first
        while app.poll() is None and not self.stopping.wait(LOOK):
            code = worker.poll()
            if code is None:
                continue
            pause = self.first if time.monotonic() - begun > STEADY else pause
            log.warning("The worker: %s; it is started again", ending_words(code))
            if self.stopping.wait(pause):
                break
            worker, begun, pause = _started(self.worker), time.monotonic(), min(2 * pause, LONGEST)
        for each in (app, worker):
            if each.poll() is None:
                each.send_signal(signal.SIGTERM)
        end = time.monotonic() + PATIENCE
        _left(worker, end)
        code = _left(app, end)
        return 0 if self.stopping.is_set() else code


def app_command(options: Sequence[str]) -> list[str]:
    """The command of the application, with options of Streamlit."""
    return [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), *options]


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    # In a session of its own, so that an interrupt from the keyboard comes to this process alone.
    return subprocess.Popen(  # noqa: S603 commands of its own
        command, start_new_session=True, cwd=ROOT,
        preexec_fn=partial(die_with_parent, signal.SIGTERM),  # noqa: PLW1509 one thread here
    )  # fmt: skip


def _left(process: subprocess.Popen[bytes], end: float) -> int:
    """The exit status of a process that was asked to stop, or is killed."""
    try:
        return process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        log.warning("%s did not stop in time", process.args)
        process.kill()
        return process.wait()
