"""A quiz by keys, and an exam that two learners take in browsers of their own, with its results."""

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from cervix_models.data.importing import import_dataset
from cervix_models.storage.store import open_store
from tests.browser.conftest import heading, let_in, serving, settings_of
from tests.browser.test_app import ALL_BUT_STREAMLITS_LIST, PHONE, press
from tests.data import made

pytestmark = pytest.mark.browser
PATIENCE = 120_000  # milliseconds; outlines of cells that no network held out wait for a segmenter
ASKED = "Which class is this cell?"
TOLD = re.compile("✓ right|✗ you said")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with 30 imported cells."""
    crops = made.sipakmed_crops(tmp_path / "cells", suffix=".png", clusters=3, cells=2)
    import_dataset(crops, tmp_path)
    return tmp_path


def sound(page: Page) -> None:
    """Nothing is wider than the window, and axe finds no serious fault."""
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide
    found = Axe().run(page, context=ALL_BUT_STREAMLITS_LIST).response["violations"]
    grave = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], each["nodes"][0]["html"]) for each in grave] == []


def test_a_full_quiz_is_answered_by_keys_told_and_kept_over_a_restart(
    page: Page, home: Path, problems: list[str]
) -> None:
    with serving(home) as address:
        page.goto(f"{address}/quiz")
        heading(page, "Quiz")
        for number in range(1, 6):
            expect(page.get_by_text(ASKED)).to_be_visible(timeout=PATIENCE)
            expect(page.get_by_text("What to look for")).to_have_count(0)
            say(page, str(number))
            expect(page.get_by_text(TOLD)).to_be_visible(timeout=PATIENCE)
            expect(page.get_by_text("What to look for").first).to_be_visible(timeout=PATIENCE)
            expect(page.get_by_role("button", name=re.compile("Next"))).to_be_visible()
            expect(page.locator(".cx-quiz img")).to_have_attribute(
                "alt", re.compile("cell, with the outlines of nucleus and cell"), timeout=PATIENCE
            )
            press(page, "j")
        expect(page.get_by_text("of 5 right")).to_be_visible(timeout=PATIENCE)
        page.goto("about:blank")  # which does not miss the server
    store = open_store(settings_of(home))
    answers = store.practice.answers("local")
    store.close()
    assert len(answers) == 5
    assert [each.said for each in answers] == [
        "Dyskeratotic", "Koilocytotic", "Metaplastic", "Parabasal", "Superficial-Intermediate",
    ]  # fmt: skip
    right = sum(each.right for each in answers if each.first)
    first = sum(each.first for each in answers)
    with serving(home) as address:
        page.goto(f"{address}/quiz")
        page.get_by_role("radio", name="Your figures").click()
        shown = f"{100 * right / first:.1f} %"
        metric = page.get_by_test_id("stMetric").filter(has_text="Right at first sight")
        expect(metric).to_contain_text(shown, timeout=PATIENCE)
        sound(page)
        assert problems == []


def test_a_thumb_reaches_every_answer_on_a_phone_without_scrolling(
    page: Page, home: Path, start: Callable[[], str]
) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{start()}/quiz")
    expect(page.get_by_text(ASKED)).to_be_visible(timeout=PATIENCE)
    buttons = page.locator("[class*=st-key-say-] button")
    expect(buttons).to_have_count(5)
    for button in buttons.all():
        expect(button).to_be_in_viewport(ratio=1)
    sound(page)
    buttons.nth(2).click()
    expect(page.get_by_text(TOLD)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name=re.compile("Next"))).to_be_in_viewport(timeout=PATIENCE)
    sound(page)


def say(page: Page, key: str) -> None:
    """Answers by a key, once the buttons are there, which a fresh page loads after its text."""
    expect(page.locator("[class*=st-key-say-] button")).to_have_count(5, timeout=PATIENCE)
    press(page, key)


def take(page: Page, address: str, code: str, name: str, keys: str) -> str:
    """The address of the sitting of a learner who answers by these keys."""
    page.goto(f"{address}/quiz?code={code}")
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join").click()
    for number, key in enumerate(keys, start=1):
        turn = page.get_by_text(re.compile(rf"^Cell {number} of 5"))
        expect(turn).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text(re.compile(r"Time left: \d+:\d\d"))).to_be_visible()
        expect(page.get_by_text(TOLD)).to_have_count(0)
        expect(page.locator(f"[class*='-{number}-Dyskeratotic'] button")).to_be_visible()
        say(page, key)
    answered = f"{len(keys)} answered"
    expect(page.get_by_text(re.compile(answered))).to_be_visible(timeout=PATIENCE)
    return page.url


def hand_in(page: Page) -> None:
    page.get_by_role("button", name="Hand in", exact=True).click()
    page.get_by_role("button", name="Hand in for good").click()
    expect(page.get_by_text("You have handed in.")).to_be_visible(timeout=PATIENCE)


def make_exam(page: Page, address: str) -> str:
    """The code of an exam of a cell of each class."""
    page.goto(f"{address}/classroom")
    heading(page, "Classroom")
    page.get_by_label("Name of the set").fill("Monday")
    page.get_by_label("Name of the set").press("Enter")
    counts = page.locator("[class*=st-key-set-count-] input")
    for at in range(5):
        counts.nth(at).fill("1")
        counts.nth(at).press("Enter")
    expect(page.get_by_text("5 cells", exact=True)).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Make the set").click()
    code = page.locator(".cx-code")
    expect(code).to_be_visible(timeout=PATIENCE)
    return str(code.text_content())


def test_an_exam_is_taken_by_two_and_their_results_are_told(
    browser: Browser, page: Page, home: Path, start: Callable[[], str], problems: list[str]
) -> None:
    address = start()
    code = make_exam(page, address)
    sound(page)
    ann, bob = (let_in(browser.new_context()).new_page() for _ in range(2))
    place = take(ann, address, code, "Ann", "12345")
    ann.goto("about:blank")  # the browser is closed, and opened again at the address
    ann.goto(place)
    expect(ann.get_by_text(re.compile("5 answered"))).to_be_visible(timeout=PATIENCE)
    take(bob, address, code, "Bob", "111")
    bob.get_by_role("button", name="Hand in", exact=True).click()
    expect(bob.get_by_text("2 cells are not answered yet")).to_be_visible()
    bob.keyboard.press("Escape")
    hand_in(ann)
    hand_in(bob)
    expect(ann.get_by_text("once your instructor closes the exam")).to_be_visible()

    store = open_store(settings_of(home))
    (given,) = store.teaching.sets()
    truth = {each.number: each.label for each in store.teaching.items(given.id)}
    names = {each.id: each.name for each in store.teaching.sittings(given.id)}
    right = dict.fromkeys(names.values(), 0)
    for each in store.teaching.answers(list(names)):
        right[names[each.sitting_id]] += each.said == truth[each.number]
    store.close()
    assert set(right) == {"Ann", "Bob"}

    metric = page.get_by_test_id("stMetric").filter(has_text="Have ended")
    expect(metric).to_contain_text("2", timeout=PATIENCE)
    mean = page.get_by_test_id("stMetric").filter(has_text="Mean right")
    expect(mean).to_contain_text(f"{100 * sum(right.values()) / 10:.1f} %")
    expect(page.get_by_text("It is undefined for 5 of 5 cells")).to_be_visible()
    expect(page.get_by_test_id("stMetric").filter(has_text="Not answered")).to_contain_text("2")
    sound(page)
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name="Anki deck").click()
    assert deck(Path(download.value.path())) == sorted(truth.values())

    page.get_by_role("button", name="Close the set").click()
    page.get_by_role("button", name="Close it for good").click()
    expect(ann.get_by_text(f"{right['Ann']} of 5 right")).to_be_visible(timeout=PATIENCE)
    expect(ann.get_by_text("What to look for").first).to_be_visible()
    expect(bob.get_by_text("2 cells were not answered, and count as wrong.")).to_be_visible(
        timeout=PATIENCE
    )
    sound(ann)
    for context in (ann.context, bob.context):
        context.close()
    assert problems == []


def deck(path: Path) -> list[str]:
    """The classes on the backs of the cards of an .apkg."""
    with zipfile.ZipFile(path) as packed:
        unpacked = Path(packed.extract("collection.anki2", path.parent / "unpacked"))
        media = json.loads(packed.read("media"))
    with sqlite3.connect(unpacked) as base:
        notes = [fields.split("\x1f") for (fields,) in base.execute("SELECT flds FROM notes")]
    assert len(media) >= len(notes)
    return sorted(fields[3].split(" (")[0] for fields in notes)
