"""Who may see what, on real servers: strangers, guests, and each role."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cervix_models.people import ROLES, Role
from tests.browser.conftest import heading, let_in, serving, signed_in
from tests.browser.test_app import PHONE, form_fits_and_is_accessible
from ui.contents import Entry, entries
from ui.identity import COOKIE

pytestmark = [pytest.mark.browser, pytest.mark.stranger]
HOME = "Cervical cytology, cell by cell"
PASSWORD = "four plain words together"


def shut(role: Role) -> list[Entry]:
    return [each for each in entries() if each.role not in ("student", role)]


def test_the_first_link_makes_an_administrator_once(
    page: Page, tmp_path: Path, problems: list[str]
) -> None:
    with serving(tmp_path, known=False) as address:
        page.goto(f"{address}/worklist")
        heading(page, "Sign in")
        expect(page.get_by_text("Nobody has an account here yet")).to_be_visible()
        form_fits_and_is_accessible(page)
        link = re.search(r"/account/start\?token=\S+", (tmp_path / "server.log").read_text("utf-8"))
        assert link is not None
        page.goto(address + link[0])
        heading(page, "New account")
        form_fits_and_is_accessible(page)
        page.get_by_label("Name").fill("Ann Example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Make the account").click()
        heading(page, HOME)
        expect(page.get_by_role("link", name="Ann Example")).to_be_visible()
        (cookie,) = [each for each in page.context.cookies() if each["name"] == COOKIE]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        page.goto(address + link[0])
        heading(page, "This link does not hold")
        page.goto(f"{address}/account")
        form_fits_and_is_accessible(page)
        page.get_by_role("button", name="Sign out").click()
        heading(page, "Sign in")
        page.goto("about:blank")
    assert problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_stranger_is_asked_who_it_is_and_then_led_on(
    page: Page, tmp_path: Path, problems: list[str], scheme
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(PHONE)
    signed_in(tmp_path, "Ben Example", ("pathologist",))
    with serving(tmp_path) as address:
        page.goto(f"{address}/worklist?decision=refer")
        heading(page, "Sign in")
        page.get_by_label("Name").fill("ben example")
        page.get_by_label("Password").fill("it is not this one")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("do not belong to an account")
        form_fits_and_is_accessible(page)
        page.get_by_label("Password").fill("Ben Example has a long password")
        page.get_by_role("button", name="Sign in").click()
        heading(page, "Worklist")
        assert page.url == f"{address}/worklist?decision=refer"
        page.goto("about:blank")
    assert problems == []


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_its_pages_and_no_others(page: Page, tmp_path: Path, role: Role) -> None:
    let_in(page.context, signed_in(tmp_path, "somebody", (role,)))
    with serving(tmp_path) as address:
        first, *others = [each.address for each in shut(role)]  # the first request of this server
        for place in (first, *others):
            page.goto(f"{address}/{place}")
            heading(page, HOME)
            expect(page.get_by_text("Page not found")).to_be_visible()
        page.goto(address)
        heading(page, HOME)
        shown = page.get_by_test_id("stSidebarNavLink")
        expect(shown.first).to_be_visible()
        gone = [each.get_attribute("href") or "" for each in shown.all()]
        mine = {each.address for each in entries() if each.role in ("student", role)}
        assert {each.rsplit("/", 1)[-1] for each in gone} == mine
        expect(page.get_by_test_id("stException")).to_have_count(0)
        for place in sorted(mine) if role == "student" else ():
            page.goto(f"{address}/{place}")
            expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=30_000)
            expect(page.get_by_text("Ask an administrator")).to_have_count(0)
            expect(page.get_by_test_id("stException")).to_have_count(0)
        page.goto("about:blank")


def test_the_teaching_mode_opens_the_learners_pages_to_all(page: Page, tmp_path: Path) -> None:
    with serving(tmp_path, CERVIX_TEACHING="1") as address:
        page.goto(f"{address}/worklist")
        heading(page, HOME)
        expect(page.get_by_text("Page not found")).to_be_visible()
        page.goto(f"{address}/quiz")
        heading(page, "Quiz")
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        assert page.request.get(f"{address}/slide-tiles/a/0/0_0.jpg").status == 404
        page.goto("about:blank")
