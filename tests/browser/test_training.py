"""An administrator trains a small model from the page, watches it, cancels and resumes it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cervix_models.services.defaults import CLASSIFIER
from cervix_models.settings import ROOT
from cervix_models.storage import open_store
from tests.browser.conftest import (
    PATIENCE,
    UPLOAD,
    heading,
    needs_weights,
    serving,
    settings_of,
)
from tests.fakes import drawn_cell, png
from tests.made_trainings import pack_cells

pytestmark = pytest.mark.browser
LONG = 90_000  # milliseconds: a process that trains first loads its libraries


@pytest.fixture
def home(tmp_path) -> Path:
    home = tmp_path / "home"
    pack_cells(tmp_path, home)
    return home


@pytest.fixture
def address(home) -> Iterator[str]:
    with serving(home) as address:
        yield address


@pytest.fixture
def worker(address, home) -> Iterator[None]:
    """A worker beside the application."""
    around = {**os.environ, "CERVIX_HOME": str(home), "CERVIX_THREADS": "1"}
    command = [sys.executable, "-m", "cervix_models", "worker"]
    with (home / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=around, stdout=log, stderr=log)
    yield
    process.terminate()
    assert process.wait(PATIENCE) == 0


def asked(page: Page, address: str, name: str, epochs: int) -> None:
    """Asks for a training of the smallest recipe by the form."""
    page.goto(f"{address}/training")
    heading(page, "Training")
    page.get_by_text("Settings of the recipe").click()
    for label, value in (("epochs", epochs), ("folds", 2), ("batch size", 8)):
        field = page.get_by_label(label, exact=True)
        field.fill(str(value))
        field.press("Tab")
    expect(page.get_by_text(f"optimiser.epochs {epochs}, optimiser.batch")).to_be_visible(
        timeout=30_000
    )
    field = page.get_by_role("textbox", name="Name of the model")
    field.fill(name)
    field.press("Tab")
    page.get_by_role("button", name="Start", exact=True).click()
    title = page.get_by_role("heading", name=f"Train {name}: all folds and weights")
    expect(title).to_be_visible(timeout=30_000)


def reached(home: Path) -> int:
    """The last step that the newest training told."""
    store = open_store(settings_of(home))
    job = store.jobs.all(limit=1)[0]
    steps = [each.step for each in store.jobs.metrics(job.id) if each.name == "loss"]
    store.close()
    return max(steps, default=0)


def readers(home: Path) -> list[str]:
    """The classifiers of the readings, the newest first."""
    store = open_store(settings_of(home))
    found = [row.reading.models[0].name for row in store.readings()]
    store.close()
    return found


def read_cell(page: Page, address: str, seed: int) -> None:
    page.goto(f"{address}/triage")
    heading(page, "Read cells")
    upload = {"name": "cell.png", "mimeType": "image/png", "buffer": png(drawn_cell(120, seed))}
    page.locator(UPLOAD).set_input_files(upload)
    expect(page).to_have_url(re.compile("reading="), timeout=LONG)


def promoted_and_rolled_back(page: Page, address: str, home: Path) -> None:
    """What the job trained is made the default, reads a cell, and is rolled back."""
    page.goto(f"{address}/runs")
    heading(page, "Models and runs")
    expect(page.get_by_text(f"Reads now: {CLASSIFIER}")).to_be_visible()
    page.get_by_label("Why").last.fill("To see that a run can read.")
    page.locator("label").filter(has_text="It shall read nevertheless").click()
    page.get_by_role("button", name="Make it the default").click()
    expect(page.get_by_text("reads from now on")).to_be_visible(timeout=LONG)
    read_cell(page, address, 1)
    assert readers(home)[0].startswith("tiny-")
    page.goto(f"{address}/runs")
    heading(page, "Models and runs")
    page.get_by_text(f"Roll back to {CLASSIFIER}").click()
    page.get_by_label("Why").first.fill("It erred.")
    page.get_by_role("button", name="Roll back", exact=True).click()
    expect(page.get_by_text(f"{CLASSIFIER} reads from now on")).to_be_visible(timeout=LONG)
    read_cell(page, address, 2)
    assert readers(home)[0] == CLASSIFIER


@needs_weights
def test_a_model_is_trained_from_the_page(page: Page, address, worker, home, problems) -> None:
    asked(page, address, "tiny", 2)
    expect(page.get_by_text("tiny: right in")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("done", exact=True)).to_be_visible()
    expect(page.get_by_text("Loss by step")).to_be_visible()
    store = open_store(settings_of(home))
    (job,) = store.jobs.all()
    store.close()
    assert (home / job.result["folder"] / "model.safetensors").is_file()
    assert job.created_by == "local"
    promoted_and_rolled_back(page, address, home)
    asked(page, address, "longer", 5000)
    expect(page.get_by_text("runs", exact=True)).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Loss by step")).to_be_visible(timeout=LONG)
    curve = page.locator(".js-plotly-plot .scatterlayer path.js-line").first
    expect(curve).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("cancelled", exact=True)).to_be_visible(timeout=LONG)
    before = reached(home)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("runs", exact=True)).to_be_visible(timeout=LONG)
    end = time.monotonic() + PATIENCE
    while reached(home) <= before:
        assert time.monotonic() < end, "it did not go on"
        time.sleep(0.2)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("paused", exact=True)).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="All trainings").click()
    expect(page.get_by_role("button", name="Train longer")).to_be_visible(timeout=30_000)
    assert problems == []


def test_without_a_worker_the_page_says_how_to_start_one(page: Page, address) -> None:
    page.goto(f"{address}/training")
    heading(page, "Training")
    expect(page.get_by_text("No worker runs, so jobs wait")).to_be_visible()
