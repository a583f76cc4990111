"""An administrator promotes what a run made, a cell is read by it, and it is rolled back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from cervix_models.services.defaults import CLASSIFIER, FINDER, SEGMENTER
from cervix_models.sessions import onnx_session
from cervix_models.settings import Settings
from cervix_models.storage.store import open_store
from tests import tiny
from tests.browser.conftest import UPLOAD, heading, serving, settings_of
from tests.browser.test_app import PHONE, fits_and_is_accessible
from tests.fakes import drawn_cell, png
from tests.made_runs import make_run

pytestmark = pytest.mark.browser

DESK = {"width": 1280, "height": 900}
TITLE = "Models and runs"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Settings]]:
    """The address of an application of small models, with two runs, and its settings."""
    small = tiny.save_defaults(tmp_path_factory.mktemp("small"))
    home = tmp_path_factory.mktemp("home")
    settings = replace(settings_of(home), weights=small.weights, cache=small.cache)
    make_run(settings)
    make_run(settings, "other", run="0ther", seed=2, accuracy=0.8)
    for name in (CLASSIFIER, SEGMENTER, FINDER):  # the application knows no network of the tests
        onnx_session(name, small)
    weights = {"CERVIX_WEIGHTS": str(small.weights), "CERVIX_CACHE": str(small.cache)}
    with serving(home, **weights) as address:
        yield address, settings


def read_cell(page: Page, address: str, seed: int) -> None:
    page.goto(f"{address}/triage")
    heading(page, "Read cells")
    upload = {"name": "cell.png", "mimeType": "image/png", "buffer": png(drawn_cell(64, seed))}
    page.locator(UPLOAD).set_input_files(upload)
    expect(page).to_have_url(re.compile("reading="), timeout=120_000)


def readers(settings: Settings) -> list[str]:
    """The classifiers of the readings, the newest first."""
    store = open_store(settings)
    try:
        return [row.reading.models[0].name for row in store.readings()]
    finally:
        store.close()


def test_a_run_is_promoted_reads_and_is_rolled_back(
    page: Page, installation: tuple[str, Settings], problems: list[str]
) -> None:
    address, settings = installation
    page.goto(f"{address}/runs")
    heading(page, TITLE)
    expect(page.get_by_text(f"Reads now: {CLASSIFIER}")).to_be_visible()
    page.get_by_label("Why").last.fill("It was better on held-out clusters.")
    page.get_by_role("button", name="Make it the default").click()
    expect(page.get_by_text("reads from now on")).to_be_visible(timeout=30_000)
    read_cell(page, address, 1)
    newest = readers(settings)[0]
    assert newest.startswith(("mine-", "other-"))
    page.goto(f"{address}/runs")
    heading(page, TITLE)
    page.get_by_text(f"Roll back to {CLASSIFIER}").click()
    page.get_by_label("Why").first.fill("It erred.")
    page.get_by_role("button", name="Roll back", exact=True).click()
    expect(page.get_by_text(f"{CLASSIFIER} reads from now on")).to_be_visible(timeout=30_000)
    read_cell(page, address, 2)
    assert readers(settings) == [CLASSIFIER, newest]
    assert problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_page_fits_and_is_within_reach_of_all(
    page: Page, installation: tuple[str, Settings], scheme: str, size: dict[str, int]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size)
    page.goto(f"{installation[0]}/runs")
    heading(page, TITLE)
    expect(page.get_by_role("heading", name="History")).to_be_visible(timeout=30_000)
    fits_and_is_accessible(page)
