"""A round of real and made cells, played by keys in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cervix_models.data.importing import import_dataset
from cervix_models.storage.store import open_store
from tests.browser.conftest import heading, needs_weights, settings_of
from tests.browser.test_app import press
from tests.data import made

pytestmark = pytest.mark.browser
PATIENCE = 120_000  # milliseconds; the first cell of a generator waits for its export


@needs_weights
def test_a_short_round_is_played_by_keys_and_kept(
    page: Page, start: Callable[[], str], tmp_path: Path, problems: list[str]
) -> None:
    crops = made.sipakmed_crops(tmp_path / "cells", suffix=".png", clusters=5, cells=5)
    import_dataset(crops, tmp_path)
    page.goto(f"{start()}/real-or-fake")
    heading(page, "Real or fake")
    page.get_by_role("radio", name="One by one").click()
    page.get_by_role("radio", name="6", exact=True).click()
    page.get_by_role("button", name="Start a round").click()
    for number in range(1, 7):
        turn = page.get_by_text(f"Picture {number} of 6")
        expect(turn).to_be_visible(timeout=PATIENCE)
        press(page, "m" if number % 2 else "e")
        expect(page.get_by_text(re.compile("right$|wrong$")).first).to_be_visible(timeout=PATIENCE)
        if number < 6:
            expect(page.get_by_role("button", name=re.compile("Next"))).to_be_visible()
            press(page, "j")
    expect(page.get_by_text(re.compile("[0-6] of 6 right"))).to_be_visible(timeout=PATIENCE)
    store = open_store(settings_of(tmp_path))
    assert sum(each.judged for each in store.judgements.sums()) == 6
    store.close()
    assert problems == []
