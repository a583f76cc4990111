"""Atlas and care page in a real browser: readable, fitting a phone, and a review that stays."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cervix_models.data.importing import import_dataset
from cervix_models.storage.store import open_store
from tests.browser.conftest import heading, needs_weights, serving, settings_of
from tests.browser.test_app import PHONE, fits_and_is_accessible
from tests.data import made

pytestmark = pytest.mark.browser
BANNER = "For a clinician to review"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("path", "title"), [("atlas", "Atlas"), ("care", "Care")])
def test_pages_are_accessible_and_fit_a_phone(
    page: Page, seeded_address: str, path: str, title: str, scheme: str, problems: list[str]
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(PHONE)
    page.goto(f"{seeded_address}/{path}")
    heading(page, title)
    last = "The measurements that part them best" if path == "atlas" else "Record a review"
    expect(page.get_by_text(last).first).to_be_visible(timeout=60_000)
    fits_and_is_accessible(page)
    assert problems == []


@needs_weights
def test_the_projector_is_turned_by_keys(
    page: Page, start: Callable[[], str], tmp_path: Path, problems: list[str]
) -> None:
    import_dataset(made.sipakmed_crops(tmp_path / "cells", suffix=".png"), tmp_path)
    page.goto(f"{start()}/atlas")
    heading(page, "Atlas")
    page.get_by_role("button", name=re.compile("Projector")).click()
    name = page.locator(".cx-projector .cx-name")
    expect(name).to_contain_text("Dyskeratotic", timeout=60_000)
    page.keyboard.press("ArrowRight")
    expect(name).to_contain_text("Koilocytotic", timeout=30_000)
    page.keyboard.press("ArrowRight")
    expect(name).to_contain_text("Metaplastic", timeout=30_000)
    page.keyboard.press("ArrowLeft")
    expect(name).to_contain_text("Koilocytotic", timeout=30_000)
    fits_and_is_accessible(page)
    assert problems == []


def left(page: Page) -> None:
    """Leaves the page while its server runs: a request to one that stops would fail."""
    page.wait_for_load_state("networkidle")
    page.goto("about:blank")


def test_a_review_is_recorded_and_survives_a_restart(
    page: Page, tmp_path: Path, problems: list[str]
) -> None:
    with serving(tmp_path) as address:
        page.goto(f"{address}/care")
        heading(page, "Care")
        expect(page.get_by_text(BANNER)).to_be_visible(timeout=30_000)
        page.get_by_label("Name of the clinician").fill("Dr Ann Example")
        page.get_by_text("The clinician has read the whole page in English").click()
        page.get_by_role("button", name=re.compile("Record the review")).click()
        expect(page.get_by_text("Reviewed by Dr Ann Example on")).to_be_visible(timeout=30_000)
        expect(page.get_by_text(BANNER)).to_have_count(0)
        left(page)
    store = open_store(settings_of(tmp_path))
    assert [each.reviewer for each in store.care_reviews.all()] == ["Dr Ann Example"]
    store.close()
    with serving(tmp_path) as address:
        page.goto(f"{address}/care")
        heading(page, "Care")
        expect(page.get_by_text("Reviewed by Dr Ann Example on")).to_be_visible(timeout=30_000)
        expect(page.get_by_text(BANNER)).to_have_count(0)
        left(page)
    assert problems == []
