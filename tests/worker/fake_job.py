"""A kind of job that counts steps and remembers them, and the processes that do it: for tests.

Each step is part of what is remembered at once with it, so that whatever was lost or done twice
would show; two processes at once would be told by a lock that only one of them gets.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import sys
import time
from pathlib import Path

from cervix_models.settings import load_settings
from cervix_models.storage import open_store
from cervix_models.tasks import Job, Metric
from cervix_models.worker import doing as doing_module
from cervix_models.worker.child import run_job
from cervix_models.worker.doing import Doing
from cervix_models.worker.kinds import Kind, register
from cervix_models.worker.worker import Times, Worker

KIND = register(Kind("steps", "tests.worker.fake_job:count", "short"))
TIMES = Times(lease=3.0, look=0.05, cancel=3.0, save=5.0)
BEAT = 0.1
STATE, LOCK, TWO = "state.json", "lock", "two.txt"


def state_of(folder: Path) -> list[int]:
    """The steps that are remembered."""
    path = folder / STATE
    return json.loads(path.read_text()) if path.is_file() else []


def count(doing: Doing) -> dict[str, int]:
    """Counts as many steps as asked for, from where it stopped."""
    with (doing.folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            (doing.folder / TWO).write_text("two processes did this job at once")
            raise
        return _count(doing)


def _count(doing: Doing) -> dict[str, int]:
    args, steps = doing.job.args, state_of(doing.folder)
    (doing.folder / "pid").write_text(str(os.getpid()))
    if args.get("deaf"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for step in range(len(steps), args["steps"]):
        if step == args.get("dies_at") and doing.job.attempt == 1:
            sys.stderr.write("out of everything\n")
            sys.stderr.flush()
            os._exit(3)
        if step == args.get("fails_at"):
            raise ValueError("no such step")
        time.sleep(args.get("seconds", 0.0))
        doing.may_save()
        steps.append(step)
        part = doing.folder / "part.json"
        part.write_text(json.dumps(steps))
        part.replace(doing.folder / STATE)
        doing.tell((step + 1) / args["steps"], f"step {step + 1}", [Metric("count", step, step)])
        if not args.get("deaf"):
            doing.check()
    return {"steps": len(steps)}


def command_of(job: Job, owner: str) -> list[str]:
    """The command that does such a job."""
    return [sys.executable, "-m", "tests.worker.fake_job", "run", job.id, owner]


def make_worker() -> Worker:
    """A quick worker of such jobs."""
    settings = load_settings()
    store = open_store(settings)
    return Worker(store, settings, ("short",), TIMES, command_of)


def main() -> int:
    """Does a job, or works."""
    logging.basicConfig(level=logging.INFO)
    doing_module.BEAT, doing_module.LEASE = BEAT, TIMES.lease
    if sys.argv[1] == "run":
        return run_job(*sys.argv[2:4], load_settings())
    worker = make_worker()
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
