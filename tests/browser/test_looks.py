"""Pictures of every page, for people to look at: SCREENSHOTS names the folder for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import let_in
from tests.browser.test_app import PATHS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("SCREENSHOTS" not in os.environ, reason="SCREENSHOTS names no folder"),
]
SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
WHOLE = "document.querySelector('[data-testid=stMain]').scrollHeight"
TALLEST = 4000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_pictured(
    browser: Browser, seeded_address: str, seeded, size: str, scheme: str
) -> None:
    folder = Path(os.environ["SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)
    page = let_in(context).new_page()
    readings = {kind: f"/triage?reading={name}" for kind, name in seeded[1].items()}
    for name, path in {
        **PATHS,
        **readings,
        "unknown": "/triage?reading=none",
        "read-field": f"/field?field={'f' * 32}",
    }.items():
        page.set_viewport_size(SIZES[size])
        page.goto(seeded_address + path)
        expect(page.locator("h1")).to_be_visible(timeout=30_000)
        page.wait_for_timeout(2_000)
        height = min(TALLEST, max(SIZES[size]["height"], page.evaluate(WHOLE)))
        page.set_viewport_size({**SIZES[size], "height": height})
        page.wait_for_timeout(500)
        target = folder / f"{name}-{size}-{scheme}.png"
        page.screenshot(path=target)
        assert target.stat().st_size > 0
    page.close()
