"""A person who uploads pictures, in a real browser; the models are the real ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import UPLOAD, heading, needs_weights, write_slide
from tests.fakes import drawn_cell, png

pytestmark = pytest.mark.browser


@needs_weights
def test_a_cell_is_uploaded_read_judged_and_found_again(
    page: Page, start: Callable[[], str], problems: list[str]
) -> None:
    address = start()
    page.goto(f"{address}/triage")
    cell = {"name": "cell.png", "mimeType": "image/png", "buffer": png(drawn_cell(200))}
    page.locator(UPLOAD).set_input_files(files=[cell])
    answer = page.locator(".cx-answer strong")
    expect(answer).to_be_visible(timeout=120_000)
    said = answer.inner_text()
    expect(page.locator(".viewer[data-ready=true]")).to_be_visible(timeout=30_000)
    assert re.search(r"\?reading=\w+", page.url)
    page.get_by_label("Remark (optional)").fill("seen in the browser")
    page.get_by_label("Remark (optional)").press("Tab")
    page.get_by_role("button", name=f"Agree: {said}").click()
    expect(page.get_by_text("seen in the browser")).to_be_visible(timeout=20_000)
    page.locator("[data-testid=stSidebarNavLink]", has_text="Worklist").click()
    heading(page, "Worklist")
    table = page.locator("[role=grid]")  # inside a canvas: not there for get_by_role
    expect(table.get_by_text(said)).to_be_attached(timeout=20_000)
    expect(table.get_by_text("Agree")).to_be_attached()
    expect(table.get_by_text("seen in the browser")).to_be_attached()
    assert problems == []


@needs_weights
def test_several_cells_are_read_together_and_stepped_through_by_key(
    page: Page, start: Callable[[], str], problems: list[str]
) -> None:
    page.goto(f"{start()}/triage")
    cells = [
        {"name": f"{seed}.png", "mimeType": "image/png", "buffer": png(drawn_cell(150, seed))}
        for seed in range(3)
    ]
    page.locator(UPLOAD).set_input_files(files=cells)
    expect(page.get_by_text("verdicts on 0 of 3")).to_be_visible(timeout=240_000)
    page.get_by_role("button", name=re.compile("^1 ")).click()
    expect(page).to_have_url(re.compile(r"\?reading=\w+"), timeout=20_000)
    expect(page.get_by_text("Cell 1 of 3")).to_be_visible(timeout=20_000)
    expect(page.locator(".viewer[data-ready=true]")).to_be_visible(timeout=30_000)
    page.keyboard.press("j")
    expect(page.get_by_text("Cell 2 of 3")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="All 3 cells").click()
    expect(page.get_by_text("verdicts on 0 of 3")).to_be_visible(timeout=20_000)
    assert problems == []


def test_a_bad_upload_is_answered_with_a_sentence(page: Page, start: Callable[[], str]) -> None:
    page.goto(f"{start()}/triage")
    words = {"name": "cell.png", "mimeType": "image/png", "buffer": b"no picture at all"}
    page.locator(UPLOAD).set_input_files(files=[words])
    expect(page.get_by_role("alert").filter(has_text="cell.png")).to_be_visible(timeout=30_000)
    expect(page.locator(".cx-answer")).to_have_count(0)


@needs_weights
def test_a_field_is_uploaded_read_and_opened(
    page: Page, start: Callable[[], str], problems: list[str]
) -> None:
    page.goto(start() + "/field")
    heading(page, "Read a field")
    expect(page.get_by_role("button", name="Read the sample field")).to_be_visible(timeout=30_000)
    cells = np.concatenate([drawn_cell(240, seed) for seed in range(3)], axis=1)
    file = {"name": "field.png", "mimeType": "image/png", "buffer": png(cells)}
    page.locator(UPLOAD).set_input_files(file)
    expect(page).to_have_url(re.compile(r"field=[0-9a-f]{32}"), timeout=240_000)
    expect(page.get_by_text(re.compile("^[0-9]+ cells? · "))).to_be_visible(timeout=20_000)
    assert problems == []


@needs_weights
def test_what_is_in_view_of_a_slide_is_read_by_key(
    page: Page, start: Callable[[], str], tmp_path: Path, problems: list[str]
) -> None:
    write_slide(tmp_path)
    page.goto(start() + "/slide")
    heading(page, "Read a slide")
    expect(page.locator(".viewer.slide[data-ready=true]")).to_be_visible(timeout=60_000)
    offer = page.locator("[data-action=read]")
    expect(offer).to_contain_text("Read what is in view: 2000 × 1500 pixels")
    for _ in range(4):
        page.keyboard.press("+")
    expect(offer).to_contain_text(re.compile(r"view: [3-9]\d\d × [2-6]\d\d pixels"))
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile(r"field=[0-9a-f]{32}.*slide="), timeout=240_000)
    expect(page.get_by_text(re.compile("A part of a slide, from "))).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="Back to the slide").click()
    expect(page.locator(".viewer.slide path.part")).to_have_count(1, timeout=30_000)
    expect(page.get_by_role("button", name=re.compile("^Open: "))).to_have_count(1)
    assert [each for each in problems if "slide-tiles" not in each] == []
