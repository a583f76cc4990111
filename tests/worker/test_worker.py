"""The worker: does each job in a process of its own, stops it when asked, and loses none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cervix_models.settings import ROOT, Settings
from cervix_models.storage import open_store
from cervix_models.tasks import NewJob
from cervix_models.worker import kinds
from cervix_models.worker.worker import Worker
from tests import tiny
from tests.worker import fake_job
from tests.worker.fake_job import KIND, TWO, state_of
from tests.worker.test_processes import gone

PATIENCE = 60.0


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    monkeypatch.setenv("CERVIX_HOME", str(tmp_path / "home"))
    return tiny.settings_in(tmp_path)


@pytest.fixture
def store(settings):
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def worker(store) -> Iterator[Worker]:
    """A worker in a thread of its own."""
    made = fake_job.make_worker()
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.stop()
    thread.join(PATIENCE)
    made.store.close()


def asked(store, **args):
    attempts = args.pop("attempts", 3)
    return store.jobs.add(NewJob(KIND.name, "Some steps", args, attempts))


def until(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"waited too long until {what}"
        time.sleep(0.02)


def state(store, job) -> str:
    return store.jobs.get(job.id).state


def ends(store, job, wanted: str) -> None:
    until(lambda: state(store, job) == wanted, f"the job is {wanted}")


def goes(store, settings, job, steps: int = 1) -> None:
    until(lambda: len(state_of(settings.runs / job.id)) >= steps, "it has begun")


def test_a_job_is_done_and_told(store, settings, worker) -> None:
    job = asked(store, steps=3)
    ends(store, job, "done")
    found = store.jobs.get(job.id)
    assert (found.result, found.message, found.attempt) == ({"steps": 3}, "step 3", 1)
    counted = [each.value for each in store.jobs.metrics(job.id) if each.name == "count"]
    assert counted == [0, 1, 2]
    assert {"cpu", "memory"} <= {each.name for each in store.jobs.metrics(job.id)}
    assert "attempt 1" in store.jobs.lines(job.id)[0].text
    (seen,) = store.jobs.workers()
    assert (seen.pid, seen.kinds) == (os.getpid(), worker._seen.kinds)


def test_a_job_is_paused_and_goes_on_then_cancelled(store, settings, worker) -> None:
    job = asked(store, steps=100_000, seconds=0.01)
    goes(store, settings, job)
    store.jobs.ask(job.id, "pause")
    ends(store, job, "paused")
    before = state_of(settings.runs / job.id)
    store.jobs.resume(job.id)
    goes(store, settings, job, len(before) + 1)
    store.jobs.ask(job.id, "cancel")
    ends(store, job, "cancelled")
    after = state_of(settings.runs / job.id)
    assert after == list(range(len(after)))


def test_a_job_that_does_not_hear_is_killed(store, settings, worker) -> None:
    worker.times = fake_job.Times(lease=3.0, look=0.05, cancel=0.2)
    job = asked(store, steps=100_000, seconds=0.01, deaf=True)
    goes(store, settings, job)
    store.jobs.ask(job.id, "cancel")
    ends(store, job, "cancelled")
    pid = int((settings.runs / job.id / "pid").read_text())
    until(lambda: not Path(f"/proc/{pid}").exists(), "its process is gone")


def test_a_process_that_dies_is_started_again_with_the_reason_kept(store, settings, worker) -> None:
    job = asked(store, steps=4, dies_at=2, attempts=1)
    ends(store, job, "failed")
    assert "ended with status 3" in store.jobs.get(job.id).problem
    assert "out of everything" in store.jobs.get(job.id).problem
    again = asked(store, steps=4, dies_at=2)
    ends(store, again, "done")
    assert store.jobs.get(again.id).attempt == 2
    assert state_of(settings.runs / again.id) == [0, 1, 2, 3]


def test_an_error_that_nobody_thought_of_fails_the_job_with_its_reason(store, worker) -> None:
    job = asked(store, steps=2, fails_at=1, attempts=1)
    ends(store, job, "failed")
    assert "ValueError: no such step" in store.jobs.get(job.id).problem
    assert any("Traceback" in line.text for line in store.jobs.lines(job.id))


def test_a_kind_that_is_not_known_fails_with_a_sentence(store, worker) -> None:
    job = store.jobs.add(NewJob("unheard", "A job"))
    fake_job.register(fake_job.Kind("unheard", "nowhere:nothing", "short"))
    try:
        ends(store, job, "failed")
    finally:
        kinds._KINDS.pop("unheard")
    assert "No kind of job is named 'unheard'" in store.jobs.get(job.id).problem


def test_a_worker_that_stops_gives_its_job_back_with_no_attempt_used(store, settings) -> None:
    job = asked(store, steps=100_000, seconds=0.01)
    process = started()
    goes(store, settings, job)
    process.terminate()
    assert process.wait(PATIENCE) == 0
    found = store.jobs.get(job.id)
    assert (found.state, found.attempt) == ("queued", 0)
    assert store.jobs.workers(within=60) == []


def started() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.worker.fake_job", "work"], cwd=ROOT)


def test_kills_at_any_moment_lose_nothing_and_do_nothing_twice(store, settings) -> None:
    killed(store, settings, kills=3, steps=25)


@pytest.mark.trial
def test_twenty_kills_lose_nothing_and_do_nothing_twice(store, settings) -> None:
    killed(store, settings, kills=20, steps=150)


def next_pid(path: Path, before: str) -> str:
    """The process that does the job, once it is another than before."""
    until(lambda: path.is_file() and path.read_text() not in ("", before), "it goes on")
    return path.read_text()


def killed(store, settings, *, kills: int, steps: int) -> None:
    """Kills worker and child in turn, each a while after a new process has gone on."""
    job = asked(store, steps=steps, seconds=0.05, attempts=3 * kills + 3)
    folder, process = settings.runs / job.id, started()
    waits = [0.0, 0.11, 0.03, 0.17, 0.07]  # seconds after a step: all moments of one come
    seen = ""
    try:
        for number in range(kills):
            seen = next_pid(folder / "pid", seen)
            time.sleep(waits[number % len(waits)])
            if number % 2:
                os.kill(int(seen), signal.SIGKILL)
            else:
                process.kill()
                process.wait()
                process = started()
        ends(store, job, "done")
    finally:
        process.terminate()
        process.wait(PATIENCE)
    assert state_of(folder) == list(range(steps))
    assert store.jobs.get(job.id).attempt > kills
    assert not (folder / TWO).exists()


def test_a_process_ends_at_once_where_its_lease_is_lost(store, settings) -> None:
    job = asked(store, steps=100_000, seconds=0.01, deaf=True)
    process = started()
    try:
        goes(store, settings, job)
        pid = int((settings.runs / job.id / "pid").read_text())
        os.kill(process.pid, signal.SIGSTOP)  # a worker that hangs renews nothing
        until(lambda: store.jobs.reclaim() or state(store, job) == "queued", "its lease ran out")
        store.jobs.ask(job.id, "cancel")
        until(lambda: gone(pid), "its process has ended by itself")
        after = state_of(settings.runs / job.id)
        time.sleep(0.1)
        assert state_of(settings.runs / job.id) == after
    finally:
        os.kill(process.pid, signal.SIGCONT)
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert state(store, job) == "cancelled"
