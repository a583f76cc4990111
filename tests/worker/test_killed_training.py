"""A real training whose process and whose worker are killed goes on from its last checkpoint."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from cervix_models.checkpoints import load_network
from cervix_models.settings import ROOT
from cervix_models.storage import open_store
from cervix_models.tasks import NewJob
from tests import tiny
from tests.made_trainings import QUICK, pack_cells, wish

PATIENCE = 240.0
EPOCHS, KILLS = 40, 2


@pytest.mark.trial
def test_a_training_that_is_killed_goes_on_from_its_checkpoint(tmp_path) -> None:
    settings = tiny.settings_in(tmp_path)
    store = open_store(settings)
    pack_cells(tmp_path, settings.home)
    asked = wish(changes={**QUICK, "optimiser.epochs": EPOCHS})
    job = store.jobs.add(NewJob("train", "A training", asked.as_args(), KILLS + 3))
    around = {**os.environ, "CERVIX_HOME": str(settings.home), "CERVIX_WEIGHTS": str(tmp_path)}
    worker = started(around)
    reached = 0
    try:
        for number in range(KILLS):
            until(lambda least=reached: steps_of(store, job.id) > least, "it goes on")
            reached = steps_of(store, job.id)
            if number % 2:
                worker.kill()
                worker.wait()
                worker = started(around)
            else:
                os.kill(process_of(store, job.id), signal.SIGKILL)
        until(lambda: store.jobs.get(job.id).state == "done", "it is done")
    finally:
        worker.terminate()
        worker.wait(PATIENCE)
    found = store.jobs.get(job.id)
    assert found.attempt > KILLS
    _, card = load_network("tiny", settings.runs / job.id / "weights")
    assert card.recipe["optimiser"]["epochs"] == EPOCHS
    parts = {}
    for each in store.jobs.metrics(job.id, most=10_000):
        if each.name == "loss":
            parts.setdefault(each.part, []).append(each.step)
    assert list(parts) == ["final", "fold0", "fold1"]
    whole = EPOCHS * (20 // 8)
    assert parts["fold0"][-1] == parts["fold1"][-1] == whole
    begun = [line.text for line in store.jobs.lines(job.id) if "attempt" in line.text]
    assert len(begun) == found.attempt
    store.close()


def started(around: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "cervix_models", "worker"], cwd=ROOT, env=around)


def until(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"waited too long until {what}"
        time.sleep(0.1)


def steps_of(store, job_id: str) -> int:
    """How many losses it told so far."""
    return sum(each.name == "loss" for each in store.jobs.metrics(job_id, most=10_000))


def process_of(store, job_id: str) -> int:
    """The process that does a job, as it said itself when it began."""
    begun = [line.text for line in store.jobs.lines(job_id) if line.text.startswith("Started")]
    return int(begun[-1].split()[3].rstrip(","))
