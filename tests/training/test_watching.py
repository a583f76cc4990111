"""A training that is watched: it tells, stops at any step, and goes on from its checkpoint."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from cervix_models.errors import LeaseError, StoppedError
from cervix_models.training import watching
from cervix_models.training.fit import Job, fit
from cervix_models.training.inputs import cells_for
from cervix_models.training.watching import GOING, resume_from, stop_here, watched_by
from tests import tiny

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


class Noting:
    """A watcher that notes what it is told, and asks to stop after some steps."""

    def __init__(self, after: int | None = None) -> None:
        self.after, self.seen, self.refuses = after, [], False

    def told(self, part, done, step, values) -> None:
        self.seen.append((part, round(done, 3), step, dict(values)))

    @property
    def steps(self) -> list[int]:
        return [step for _, _, step, values in self.seen if "loss" in values]

    def stops(self) -> bool:
        return self.after is not None and len(self.steps) >= self.after

    def may_save(self) -> None:
        if self.refuses:
            raise LeaseError("Somebody else does it.")


@pytest.fixture
def job(tmp_path) -> Job:
    given = tiny.recipe("cnn", optimiser=tiny.Optimiser(epochs=3, batch_size=8))
    packed = tiny.packed(clusters=2, cells=3)
    rows = np.arange(len(packed))
    return Job(given, cells_for(packed, given), rows, rows[:5], tmp_path / "fold0")


def test_a_training_tells_each_step_and_epoch(job) -> None:
    noting = Noting()
    with watched_by(noting):
        fit(job)
    assert noting.steps == list(range(1, 10))  # 30 cells by 8, three epochs
    part, done, step, values = noting.seen[-1]
    assert (part, done, step) == ("fold0", 1.0, 3)
    assert {"epoch/train_loss", "epoch/val_accuracy"} <= set(values)
    assert not (job.folder / GOING).exists()


@pytest.mark.parametrize("after", [2, 3, 4])
def test_a_training_that_is_stopped_goes_on_from_that_step(job, after) -> None:
    with watched_by(Noting(after)), pytest.raises(StoppedError, match=f"at step {after} of 9"):
        fit(job)
    assert (job.folder / GOING).is_file()
    assert not (job.folder / "done.json").exists()
    going_on = Noting()
    with watched_by(going_on):
        network, _ = fit(job)
    assert going_on.steps == list(range(after + 1, 10))
    reached = torch.load(resume_from(job.folder), weights_only=False)["global_step"]
    assert reached == 9
    assert not network.training


def test_nothing_is_saved_once_it_may_not_be(job) -> None:
    noting = Noting(2)
    noting.refuses = True
    with watched_by(noting), pytest.raises(LeaseError):
        fit(job)
    assert not list(job.folder.glob("*.ckpt"))


def test_a_checkpoint_is_saved_now_and_then(job, monkeypatch) -> None:
    monkeypatch.setattr(watching, "EVERY", 0.0)
    with watched_by(Noting()):
        fit(job)
    assert (job.folder / GOING).is_file()


def test_nothing_is_begun_once_it_shall_stop(job) -> None:
    with watched_by(Noting(0)), pytest.raises(StoppedError, match="between two parts"):
        fit(job)
    assert not job.folder.exists()
    stop_here()


def test_the_newest_checkpoint_is_gone_on_from(tmp_path: Path) -> None:
    assert resume_from(tmp_path) is None
    for age, name in enumerate(("best.ckpt", GOING, "last.ckpt")):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (1000 + age, 1000 + age))
    assert resume_from(tmp_path).name == "last.ckpt"
    os.utime(tmp_path / GOING, (2000, 2000))
    assert resume_from(tmp_path).name == GOING
    (tmp_path / GOING).unlink()
    (tmp_path / "last.ckpt").unlink()
    assert resume_from(tmp_path).name == "best.ckpt"
