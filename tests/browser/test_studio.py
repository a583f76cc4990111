"""A cell is drawn with the pointer and from the keyboard, and made to fit."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from cervix_models.cards import load_cards
from tests.browser.conftest import ROOT
from tests.browser.test_app import PHONE, eventually, fits_and_is_accessible

needs_cellflux = pytest.mark.skipif(
    not any(card.metrics.get("control") for card in load_cards(ROOT / "weights")),
    reason="no generator in weights/ was seen to heed outlines",
)
pytestmark = pytest.mark.browser

PATIENT = 240_000  # milliseconds until models are exported, loaded, and cells made


def _open(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 1600})
    page.goto(f"{address}/studio")
    page.get_by_role("tab", name="Draw a cell").click()
    expect(page.locator(".cx-steered figcaption")).to_have_count(4, timeout=PATIENT)
    expect(page.get_by_text("the segmenter finds the nucleus with a Dice")).to_be_visible()


def _pictures(page: Page) -> list[str | None]:
    """The addresses of the made cells, which hold their pixels; none while they are being made."""
    if page.locator(".cx-steered figcaption").count() != 4:
        return []
    found = page.locator(".cx-steered figure img[alt*='cell, number']")
    return [found.nth(at).get_attribute("src") for at in range(found.count())]


@needs_cellflux
def test_a_nucleus_that_is_dragged_wider_makes_other_cells(page: Page, seeded_address: str) -> None:
    _open(page, seeded_address)
    before = _pictures(page)
    assert len(before) == 4
    nucleus = page.locator("ellipse.nucleus")
    width = float(nucleus.get_attribute("rx") or 0)
    box = page.locator("[data-handle=across]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y, steps=5)
    page.mouse.up()
    assert float(nucleus.get_attribute("rx") or 0) > width + 0.05
    eventually(lambda: len(after := _pictures(page)) == 4 and after != before, PATIENT / 1000)


@needs_cellflux
def test_a_cell_is_drawn_from_the_keyboard(page: Page, seeded_address: str) -> None:
    _open(page, seeded_address)
    before = _pictures(page)
    cell = page.locator("ellipse.cell")
    words = cell.get_attribute("aria-label")
    cell.focus()
    for key in ("ArrowRight", "-", "Shift+ArrowUp", "]"):
        page.keyboard.press(key)
    assert cell.get_attribute("aria-label") != words
    assert "turned by 10 degrees" in (cell.get_attribute("aria-label") or "")
    eventually(lambda: len(after := _pictures(page)) == 4 and after != before, PATIENT / 1000)
    page.get_by_role("button", name="Begin anew").click()
    eventually(lambda: _pictures(page) == before, PATIENT / 1000)
    assert cell.get_attribute("aria-label") == words


@needs_cellflux
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_tabs_are_accessible_and_fit_a_phone(
    page: Page, seeded_address: str, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)
    _open(page, seeded_address)
    page.set_viewport_size(PHONE)
    fits_and_is_accessible(page)
    page.get_by_role("tab", name="A field").click()
    page.get_by_role("button", name="Make the field").click()
    expect(page.get_by_text("Show what is known")).to_be_visible(timeout=PATIENT)
    fits_and_is_accessible(page)
