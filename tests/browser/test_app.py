"""A person at the application, in a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import fill, heading, needs_weights
from ui.contents import entries

pytestmark = pytest.mark.browser

PATHS = {
    "home": "/",
    "triage": "/triage",
    "field": "/field",
    "slide": "/slide",
    "compare": "/compare",
    "worklist": "/worklist",
    "studio": "/studio",
    "generators": "/generators",
    "quiz": "/quiz",
    "classroom": "/classroom",
    "real or fake": "/real-or-fake",
    "care": "/care",
    "atlas": "/atlas",
    "leaderboard": "/leaderboard",
    "honesty": "/honesty",
    "robustness": "/robustness",
    "card": "/card",
    "training": "/training",
    "image sets": "/image-sets",
    "runs": "/runs",
    "users": "/users",
    "audit": "/audit",
}
TITLES = {
    "home": "Cervical cytology, cell by cell",
    "triage": "Read cells",
    "field": "Read a field",
    "slide": "Read a slide",
    "compare": "Compare models",
    "worklist": "Worklist",
    "studio": "Studio",
    "generators": "Generators measured",
    "quiz": "Quiz",
    "classroom": "Classroom",
    "real or fake": "Real or fake",
    "care": "Care",
    "atlas": "Atlas",
    "leaderboard": "Leaderboard",
    "honesty": "What the split hides",
    "robustness": "Robustness lab",
    "card": "Model card",
    "training": "Training",
    "image sets": "Image sets",
    "runs": "Models and runs",
    "users": "Users",
    "audit": "Audit log",
}
PHONE = {"width": 390, "height": 844}
# Streamlit 1.67 puts the sections of its own navigation between a list and its items.
ALL_BUT_STREAMLITS_LIST = {"exclude": [["[data-testid=stSidebarNavItems]"]]}
# The drawing canvas 0.13 hides the overflow of its toolbar in a box, in a shadow root of its own.
NOT_OURS = 'class="dc-scroll"'


def open_reading(page: Page, address: str, reading_id: str) -> None:
    page.goto(f"{address}/triage?reading={reading_id}")
    expect(page.locator(".viewer[data-ready=true]")).to_be_visible(timeout=30_000)


def layer(page: Page, name: str):
    return page.locator(f".overlay [data-layer={name}]")


def width_of(page: Page) -> float:
    box = layer(page, "outline").bounding_box()
    assert box is not None
    return box["width"]


def eventually(holds: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("name", PATHS)
def test_the_first_visit_of_a_fresh_server_may_be_any_page(
    page: Page, start: Callable[[], str], name: str
) -> None:
    page.goto(start() + PATHS[name])
    heading(page, TITLES[name])
    expect(page.get_by_text("Page not found")).to_have_count(0)
    links = page.locator("[data-testid=stSidebarNavLink]")
    names = [text.splitlines()[-1] for text in links.all_inner_texts()]
    assert names == [each.title for each in entries()]


def test_a_page_is_not_served_by_its_file_name(page: Page, start: Callable[[], str]) -> None:
    page.goto(f"{start()}/reading")
    expect(page.locator("[data-testid=stSidebarNavLink]").first).to_be_visible(timeout=30_000)
    expect(page.get_by_role("heading", name="Read cells", level=1)).to_have_count(0)


def test_layers_are_switched_by_keys_without_a_rerun(
    page: Page, seeded_address: str, seeded, problems: list[str]
) -> None:
    open_reading(page, seeded_address, seeded[1]["class"])
    frames: list[str] = []
    page.on("websocket", lambda socket: frames.append(socket.url))
    expect(layer(page, "outline")).not_to_have_attribute("hidden", "")
    expect(layer(page, "mask")).to_have_attribute("hidden", "")
    expect(layer(page, "heat")).to_have_attribute("hidden", "")
    for key, name, shown_first in (
        ("x", "mask", False),
        ("z", "outline", True),
        ("h", "heat", False),
    ):
        button = page.locator(f"[data-toggle={name}]")
        for shown in (not shown_first, shown_first):
            page.keyboard.press(key)
            expect(button).to_have_attribute("aria-pressed", str(shown).lower())
            expect(layer(page, name)).to_be_visible() if shown else expect(
                layer(page, name)
            ).to_be_hidden()
    assert frames == []
    assert problems == []


def test_layers_stay_as_they_were_after_a_rerun_and_for_the_next_cell(
    page: Page, seeded_address: str, seeded
) -> None:
    open_reading(page, seeded_address, seeded[1]["class"])
    page.locator("[data-toggle=mask]").click()
    expect(layer(page, "mask")).to_be_visible()
    page.get_by_role("radio", name="Cytoplasm").click()
    expect(page.get_by_text("Cytoplasm red mean").first).to_be_attached(timeout=20_000)
    expect(layer(page, "mask")).to_be_visible()
    open_reading(page, seeded_address, seeded[1]["refer"])
    expect(layer(page, "mask")).to_be_visible()


def test_the_picture_zooms_by_keys_and_carries_a_scale_bar(
    page: Page, seeded_address: str, seeded
) -> None:
    open_reading(page, seeded_address, seeded[1]["class"])
    expect(page.locator(".scale .length")).to_contain_text("µm")
    before = width_of(page)
    page.keyboard.press("+")
    page.keyboard.press("+")
    eventually(lambda: width_of(page) > 1.5 * before)
    page.keyboard.press("0")
    eventually(lambda: width_of(page) == pytest.approx(before, rel=0.01))
    page.keyboard.press("?")
    expect(page.locator(".help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".help")).to_be_hidden()


def test_letters_typed_into_a_remark_switch_nothing(
    page: Page, seeded_address: str, seeded
) -> None:
    open_reading(page, seeded_address, seeded[1]["class"])
    page.get_by_label("Remark (optional)").press_sequentially("xzha1")
    expect(page.locator("[data-toggle=mask]")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("[data-toggle=outline]")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Verdict stored")).to_have_count(0)


def test_verdict_and_next_are_given_by_keys_even_from_the_picture(
    page: Page, seeded_address: str, seeded
) -> None:
    open_reading(page, seeded_address, seeded[1]["parabasal"])
    page.locator(".viewer .openseadragon-canvas").focus()
    page.keyboard.press("3")
    expect(page.get_by_text("Is Metaplastic")).to_be_visible(timeout=20_000)
    page.locator(".viewer .openseadragon-canvas").focus()
    page.keyboard.press("j")
    page.wait_for_url(re.compile(seeded[1]["refer"]), timeout=20_000)


def _compare(page: Page, address: str, reading: str) -> None:
    """Opens the comparison of models on a reading, and waits until they have answered."""
    page.set_viewport_size({"width": 1280, "height": 2400})
    page.goto(f"{address}/compare?reading={reading}")
    expect(page.get_by_text("What each gives each class")).to_be_visible(timeout=120_000)


@needs_weights
def test_an_outline_painted_by_hand_is_measured_and_asked_again(
    page: Page, seeded_address: str, seeded
) -> None:
    _compare(page, seeded_address, seeded[1]["class"])
    apply = page.get_by_role("button", name="Apply the change")
    expect(apply).to_be_disabled(timeout=30_000)
    canvas = page.locator("canvas").last
    expect(canvas).to_be_visible(timeout=30_000)
    box = canvas.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(middle[0] + 3 * step, middle[1] + 4 * (step % 4))
    page.mouse.up()
    expect(apply).to_be_enabled(timeout=20_000)
    apply.click()
    expect(page.get_by_text("Measured again")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Back to the segmenter's").click()
    expect(page.get_by_text("Measured again")).to_have_count(0, timeout=20_000)


def _tab_to(page: Page, selector: str) -> None:
    """Presses Tab until an element that `selector` fits has the focus."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"Tab never came to {selector}")


@needs_weights
def test_an_outline_is_changed_and_asked_again_from_the_keyboard(
    page: Page, seeded_address: str, seeded
) -> None:
    _compare(page, seeded_address, seeded[1]["class"])
    expect(page.locator("canvas").last).to_be_visible(timeout=30_000)
    page.get_by_role("radio", name="Grow or shrink").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("larger or smaller")).to_be_visible(timeout=30_000)
    _tab_to(page, "[role=slider], input[type=range]")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    apply = page.get_by_role("button", name="Apply the change")
    expect(apply).to_be_enabled(timeout=30_000)
    apply.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Measured again")).to_be_visible(timeout=30_000)


@needs_weights
def test_a_row_of_the_leaderboard_leads_to_its_card(page: Page, seeded_address: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 1700})
    page.goto(f"{seeded_address}/leaderboard")
    heading(page, "Leaderboard")
    table = page.locator("[data-testid=stDataFrame] canvas").first
    expect(table).to_be_visible(timeout=30_000)
    page.wait_for_timeout(1_000)
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 14, box["y"] + 87)  # the box of the second row
    page.wait_for_url(re.compile("/card"), timeout=30_000)
    heading(page, "Model card")
    assert "model=" in page.url


def open_field(page: Page, address: str) -> None:
    page.goto(f"{address}/field?field={'f' * 32}")
    expect(page.locator(".viewer[data-ready=true]")).to_be_visible(timeout=30_000)


def press(page: Page, key: str) -> None:
    """Presses a key once the page is at rest: the buttons of a run that goes on are not yet those
    of its end."""
    expect(page.locator("[data-test-script-state=notRunning]")).to_have_count(1, timeout=30_000)
    page.keyboard.press(key)


def test_a_field_is_reviewed_from_the_keyboard(
    page: Page, start: Callable[[], str], tmp_path: Path, problems: list[str]
) -> None:
    fill(tmp_path)
    open_field(page, start())
    turn = page.get_by_text(re.compile(r"^Cell \d+ · \d of 4$"))
    expect(turn).to_have_text("Cell 3 · 1 of 4")  # the dyskeratotic cell comes first
    chosen = page.locator(".overlay g.chosen")
    expect(chosen).to_have_attribute("data-number", "3")
    press(page, "a")
    expect(turn).to_have_text("Cell 4 · 2 of 4", timeout=20_000)
    expect(chosen).to_have_attribute("data-number", "4")
    press(page, "3")
    expect(turn).to_have_text("Cell 2 · 3 of 4", timeout=20_000)
    press(page, "j")
    expect(turn).to_have_text("Cell 1 · 4 of 4", timeout=20_000)
    press(page, "f")
    expect(page.get_by_text("verdicts on 3 of 4")).to_be_visible(timeout=20_000)
    press(page, "k")
    expect(turn).to_have_text("Cell 2 · 3 of 4", timeout=20_000)
    press(page, "z")
    expect(page.locator(".overlay svg")).to_be_hidden()
    assert problems == []


def test_a_cell_of_a_field_is_chosen_by_a_click(page: Page, seeded_address: str) -> None:
    open_field(page, seeded_address)
    box = page.locator(".overlay g[data-number='1'] .nucleus").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_text("Cell 1 · 4 of 4")).to_be_visible(timeout=20_000)
    expect(page.locator(".overlay g.chosen")).to_have_attribute("data-number", "1")


def fits_and_is_accessible(page: Page) -> None:
    """Nothing is wider than the window, axe finds no serious fault, and every picture is named:
    once the page has run, as what is old fades until then."""
    expect(page.locator("[data-test-script-state=notRunning]")).to_have_count(1, timeout=60_000)
    form_fits_and_is_accessible(page)


def form_fits_and_is_accessible(page: Page) -> None:
    """The same of a page that is no page of Streamlit."""
    page.wait_for_timeout(1_500)
    wide = page.evaluate(
        "[document.documentElement, ...document.querySelectorAll('[data-testid=stMain]')]"
        ".map(each => each.scrollWidth - each.clientWidth)"
    )
    assert set(wide) == {0}
    found = Axe().run(page, context=ALL_BUT_STREAMLITS_LIST).response["violations"]
    serious = [
        (each["id"], [node["html"][:160] for node in each["nodes"][:4]])
        for each in found
        if each["impact"] in ("serious", "critical")
        and not all(NOT_OURS in node["html"] for node in each["nodes"])
    ]
    assert serious == []
    unnamed = page.evaluate("[...document.images].filter(each => !each.hasAttribute('alt')).length")
    assert unnamed == 0


@pytest.mark.parametrize("name", [*PATHS, "class", "refer", "whole field"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_phone(
    page: Page, seeded_address: str, seeded, name: str, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(PHONE)
    if name == "whole field":
        open_field(page, seeded_address)
    elif name in seeded[1]:
        open_reading(page, seeded_address, seeded[1][name])
    else:
        page.goto(seeded_address + PATHS[name])
        heading(page, TITLES[name])
    fits_and_is_accessible(page)
