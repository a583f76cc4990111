"""The data set, looked at in a real browser: figures are kept, enlarged and pointed at."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from pages.explore.dataset import VIEWS
from tests.browser.conftest import heading
from tests.browser.test_app import fits_and_is_accessible

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # milliseconds
PLACE = """(number) => {
  const plot = document.querySelector(".st-key-figure-dataset-map .js-plotly-plot");
  const { xaxis, yaxis } = plot._fullLayout;
  const { left, top } = plot.querySelector(".nsewdrag").getBoundingClientRect();
  const point = plot.calcdata[0][number];
  return [left + xaxis.c2p(point.x), top + yaxis.c2p(point.y)];
}"""  # where a point of the map lies on the screen
COUNT = """() => document.querySelector(".st-key-figure-dataset-map .js-plotly-plot")
  .calcdata.reduce((sum, each) => sum + each.length, 0)"""


def opened(page: Page, address: str, view: str) -> None:
    page.goto(f"{address}/dataset?view={view}")
    heading(page, "The data set")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=PATIENCE)


def shown(page: Page, name: str, level: int) -> None:
    """Waits until a figure has this heading."""
    found = page.get_by_role("heading", name=name, level=level)
    expect(found).to_be_visible(timeout=PATIENCE)


def test_a_figure_is_kept_as_png_svg_and_csv(
    page: Page, start: Callable[[], str], problems
) -> None:
    opened(page, start(), "overview")
    kept = {}
    for name in ("Cells of each class as PNG", "Cells of each class as SVG", "CSV"):
        button = page.get_by_role("button", name=name).first
        expect(button).to_be_enabled(timeout=PATIENCE)
        with page.expect_download(timeout=PATIENCE) as waiting:
            button.click()
        kept[waiting.value.suggested_filename] = Path(waiting.value.path()).read_bytes()
    assert set(kept) == {f"dataset-cells.{kind}" for kind in ("png", "svg", "csv")}
    picture = Image.open(io.BytesIO(kept["dataset-cells.png"])).convert("RGB")
    assert picture.width > 1000
    assert len(picture.getcolors(1_000_000) or []) > 20
    assert b"Koilocytotic" in kept["dataset-cells.svg"]
    assert kept["dataset-cells.csv"].startswith(b"label,cells_published,cells")
    page.get_by_role("button", name="Enlarge").first.click()
    shown(page, "Cells of each class", 2)
    page.keyboard.press("ArrowRight")
    shown(page, "Clusters of each class", 2)
    page.keyboard.press("Escape")
    shown(page, "Cells of each class", 3)
    assert problems == []


def test_the_cell_under_the_pointer_is_shown(page: Page, start: Callable[[], str]) -> None:
    opened(page, start(), "map")
    expect(page.locator("path.cervix-points").first).to_be_attached(timeout=PATIENCE)
    page.locator(".st-key-figure-dataset-map").scroll_into_view_if_needed()
    x, y = page.evaluate(PLACE, 40)
    page.mouse.move(x, y)
    card = page.locator("img.cervix-pointed")
    expect(card).to_be_visible(timeout=10_000)
    expect(card).to_have_attribute("src", re.compile("/cells/[0-9]+$"))
    loaded = "() => document.querySelector('img.cervix-pointed').naturalWidth > 0"
    page.wait_for_function(loaded, timeout=PATIENCE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_accessible_and_fits_a_phone(
    page: Page, start: Callable[[], str], scheme
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 800})
    address = start()
    for view in VIEWS:
        opened(page, address, view)
        fits_and_is_accessible(page)


def test_a_lasso_shows_the_cells_that_it_chooses(page: Page, start: Callable[[], str]) -> None:
    opened(page, start(), "map")
    page.locator("label").filter(has_text="Choose cells with a lasso").click()
    expect(page.get_by_text("Draw round some points")).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(1000)
    box = page.locator(".st-key-figure-dataset-map .nsewdrag").first.bounding_box()
    assert box is not None
    x, y, wide, high = (box[key] for key in ("x", "y", "width", "height"))
    page.mouse.move(x + 0.3 * wide, y + 0.3 * high)
    page.mouse.down()
    for across, down in ((0.6, 0.3), (0.6, 0.7), (0.3, 0.7), (0.3, 0.32)):
        page.mouse.move(x + across * wide, y + down * high, steps=4)
    page.mouse.up()
    cells = page.locator(".cx-gallery img")
    expect(cells.first).to_be_visible(timeout=PATIENCE)
    assert cells.count() > 20
    faint = """() => new Set([...document.querySelectorAll('path.cervix-points')]
        .map(each => each.getAttribute('fill-opacity'))).size === 2"""
    page.wait_for_function(faint, timeout=PATIENCE)  # those that were not chosen


def test_a_map_is_kept_with_its_points(page: Page, start: Callable[[], str]) -> None:
    opened(page, start(), "map")
    button = page.get_by_role("button", name="Which cells are alike as SVG")
    expect(button).to_be_enabled(timeout=PATIENCE)
    expect(page.locator("path.cervix-points").first).to_be_attached(timeout=PATIENCE)
    with page.expect_download(timeout=PATIENCE) as waiting:
        button.click()
    drawn = Path(waiting.value.path()).read_text("utf-8")
    places = re.findall(r'class="cervix-points" d="([^"]+)"', drawn)
    count = page.evaluate(COUNT)
    assert sum(each.count("M") for each in places) == count > 3000
