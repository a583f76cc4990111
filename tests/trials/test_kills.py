"""The application, the worker, or both are killed at random moments, while cells are read, a model
is trained and a set is imported: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import WebSocketException

from cervix_models.checkpoints import load_network
from cervix_models.data.importing import list_datasets
from cervix_models.data.pictures import png_of
from cervix_models.errors import CervixError
from cervix_models.services.accounts import Accounts
from cervix_models.services.set_imports import ImportWish
from cervix_models.settings import ROOT, Settings, load_settings
from cervix_models.storage import open_store
from cervix_models.storage.store import Store
from cervix_models.tasks import NewJob
from tests import tiny
from tests.browser.conftest import free_port, needs_weights
from tests.data import made
from tests.fakes import drawn_cell
from tests.made_trainings import QUICK, pack_cells, wish
from ui.load import Visit

PATIENCE = 180.0
SETS = 12  # imported one after the other, so that kills meet some
MOMENTS = (0.5, 5.0)  # seconds between two kills
EPOCHS = 300


@dataclass
class Running:
    """The application and the worker as processes of their own."""

    settings: Settings
    port: int = field(default_factory=free_port)
    app: subprocess.Popen[bytes] | None = None
    worker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts what does not run."""
        self.app = self.app or self._started("-m", "streamlit", "run", "app.py",
                                             f"--server.port={self.port}")  # fmt: skip
        self.worker = self.worker or self._started("-m", "cervix_models", "worker")

    def kill(self, victims: str) -> None:
        """Kills one or both, as the kernel does when memory is short."""
        for name in ("app", "worker"):
            process = getattr(self, name)
            if name in victims and process is not None:
                process.kill()
                process.wait()
                setattr(self, name, None)

    def stop(self) -> None:
        """Stops both as an operator does."""
        for process in filter(None, (self.app, self.worker)):
            process.terminate()
            process.wait(PATIENCE)

    def _started(self, *words: str) -> subprocess.Popen[bytes]:
        around = {
            **os.environ, "CERVIX_HOME": str(self.settings.home), "CERVIX_THREADS": "1",
            "CERVIX_WEIGHTS": str(self.settings.weights), "CERVIX_CACHE": str(self.settings.cache),
            "CERVIX_RATE": "0",
        }  # fmt: skip
        with (self.settings.home / "processes.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, env=around, stdout=log, stderr=log
            )


@dataclass
class Reader:
    """Somebody who uploads cells all the time, and counts those whose reading was shown."""

    port: int
    secret: str
    sent: int = 0
    shown: int = 0
    problem: Exception | None = None  # the last one
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Uploads until it is stopped; a server that is gone is tried again."""
        while not self.stopping.is_set():
            try:
                with Visit(self.port, self.secret) as visit:
                    while not self.stopping.is_set():
                        self.sent += 1
                        visit.read(png_of(drawn_cell(180, 1000 + self.sent)))
                        self.shown += 1
            except (OSError, WebSocketException, CervixError, TimeoutError) as problem:
                self.problem = problem
                time.sleep(0.2)


def until(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"waited too long until {what}"
        time.sleep(0.1)


def asked_for(store: Store, home: Path, folder: Path, kills: int) -> tuple[str, list[str]]:
    """A training and some imports as jobs."""
    pack_cells(folder, home)
    changes = {**QUICK, "optimiser.epochs": EPOCHS}
    training = store.jobs.add(
        NewJob("train", "A training", wish(changes=changes).as_args(), 2 * kills + 3)
    )
    imports = []
    for number in range(SETS):
        made.sipakmed_crops(home / "imports" / f"set{number}", suffix=".png", clusters=4, cells=4)
        asked = ImportWish(f"set{number}", f"set{number}")
        job = NewJob("import", f"Import set{number}", asked.as_args(), 2 * kills + 3)
        imports.append(store.jobs.add(job).id)
    return training.id, imports


@pytest.mark.trial
@needs_weights
def test_twenty_kills_at_random_moments(tmp_path: Path) -> None:
    killed(tmp_path, kills=20, seed=8)


def killed(tmp_path: Path, *, kills: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    ours = load_settings()
    settings = replace(tiny.settings_in(tmp_path), weights=ours.weights, cache=ours.cache)
    store = open_store(settings)
    training, imports = asked_for(store, settings.home, tmp_path, kills)
    running = Running(settings)
    with Accounts(store).visitor() as secret:
        reader = Reader(running.port, secret)
        thread = threading.Thread(target=reader.run)
        running.start()
        thread.start()
        until(lambda: reader.shown > 0, "the first cell is read")
        try:
            for _ in range(kills):
                time.sleep(float(random.uniform(*MOMENTS)))
                running.kill(str(random.choice(["app", "worker", "app worker"])))
                running.start()
            before = reader.shown
            until(lambda: reader.shown > before, "cells are read again")
        finally:
            reader.stopping.set()
            thread.join(PATIENCE)
        for job in (*imports, training):
            until(lambda job=job: store.jobs.get(job).state == "done", "its job is done")
        running.stop()
    nothing_is_lost_or_done_twice(store, reader)
    assert {f"set{number}" for number in range(SETS)} <= set(list_datasets(settings.home))
    assert all(len(index.rows) == 5 * 4 * 4 for index in list_datasets(settings.home).values())
    _, card = load_network("tiny", settings.runs / training / "weights")
    assert card.recipe["optimiser"]["epochs"] == EPOCHS
    store.close()


def nothing_is_lost_or_done_twice(store: Store, reader: Reader) -> None:
    """Every reading that was shown is there, once, with its pictures, and noted once."""
    rows = [row.reading for row in store.readings(limit=None)]
    assert reader.shown <= len(rows) <= reader.sent
    pictures = [each.image_sha256 for each in rows]
    assert len(set(pictures)) == len(pictures)
    for each in rows:
        for sha256 in filter(None, (each.image_sha256, each.mask_sha256, each.heat_sha256)):
            assert store.blob(sha256)
    chain = store.audit.verify()
    assert chain.whole, chain
    noted = [
        each.subject for each in store.audit.entries(limit=None) if each.action == "reading.add"
    ]
    assert sorted(noted) == sorted(each.id for each in rows)
