"""The page of accounts: invite, give roles, renew, let in no more."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cervix_models.people import Person
from cervix_models.services.accounts import Accounts
from cervix_models.storage import open_store
from tests import tiny
from tests.services.test_accounts import PASSWORD, QUICK
from ui import identity

PAGE = "../pages/admin/users.py"


@pytest.fixture
def accounts(tmp_path, monkeypatch):
    store = open_store(tiny.settings_in(tmp_path))
    made = Accounts(store, QUICK)
    made.accept(made.first_link(), "Ann", PASSWORD)
    made.accept(made.invite(["student"]), "Bob", PASSWORD)
    monkeypatch.setattr(identity, "shared_accounts", lambda: made)
    yield made
    store.close()


def press(page: AppTest, label: str) -> AppTest:
    (button,) = [each for each in page.button if each.label == label]
    return button.click().run()


def opened(app: AppTest) -> AppTest:
    page = app.switch_page(PAGE).run()
    assert not page.exception
    return page


def test_a_link_is_made_and_shown_once(app, accounts) -> None:
    page = press(opened(app), "Make a link")
    link = page.code[0].value
    assert "/account/start?token=" in link
    assert accounts.invited(link.split("=")[1]).roles == ("student",)
    assert not press(page, "Hide it").code


def test_roles_are_given(app, accounts) -> None:
    page = opened(app)
    page.selectbox(key="users-account").select("Bob").run()
    bob = accounts.named("Bob")
    page.button_group(key=f"users-roles-{bob.id}").set_value(["instructor"]).run()
    press(page, "Keep the roles")
    assert accounts.named("Bob").roles == ("instructor",)


def test_an_account_is_renewed_and_let_in_no_more(app, accounts) -> None:
    page = opened(app)
    page.selectbox(key="users-account").select("Bob").run()
    page = press(page, "Link for a new password")
    assert "new password of Bob" in page.success[0].value
    page = press(page, "Let in no more")
    assert accounts.named("Bob").disabled_at is not None
    press(page, "Let in again")
    assert accounts.named("Bob").disabled_at is None


def test_the_last_administrator_stays(app, accounts) -> None:
    page = opened(app)
    ann = accounts.named("Ann")
    page.button_group(key=f"users-roles-{ann.id}").set_value(["student"]).run()
    page = press(page, "Keep the roles")
    assert "Nobody would be left" in page.error[0].value


def test_the_page_is_for_administrators(app, accounts, monkeypatch) -> None:
    monkeypatch.setattr(identity, "person", lambda: Person("Bob", ("student",)))
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        app.run().switch_page(PAGE)
