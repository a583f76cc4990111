"""Signing in by an identity provider, which runs on this machine for the test."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import Page, expect

from cervix_models.storage.store import open_store
from tests.browser.conftest import free_port, heading, serving, settings_of

pytestmark = [pytest.mark.browser, pytest.mark.stranger]
HOME = "Cervical cytology, cell by cell"


@pytest.fixture
def provider() -> Iterator[str]:
    """The address of an identity provider that knows Cleo."""
    logging.getLogger("oidc_provider_mock").setLevel(logging.ERROR)
    cleo = User(sub="77", claims={"name": "Cleo Example"})
    with run_server_in_thread(user_claims=[cleo]) as server:
        yield f"http://localhost:{server.server_port}"


def test_somebody_of_the_institution_becomes_a_student(
    page: Page, tmp_path: Path, provider: str
) -> None:
    port = free_port()
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        'cookie_secret = "a secret of this test alone"\nclient_id = "cervix"\n'
        f'client_secret = "none"\n'
        f'server_metadata_url = "{provider}/.well-known/openid-configuration"\n'
    )
    with serving(tmp_path, port=port, secrets=secrets) as address:
        page.goto(f"{address}/worklist")
        heading(page, "Sign in")
        picture = f"{address}/picture/image/{'0' * 64}.png"
        assert page.request.get(picture).status == 401
        page.get_by_role("button", name="Sign in with your institution").click()
        page.get_by_role("button", name="77").click()
        heading(page, HOME)
        expect(page.get_by_role("link", name="Worklist")).to_have_count(0)
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        assert page.request.get(picture).status == 404
        store = open_store(settings_of(tmp_path))
        (cleo,) = [each for each in store.accounts.all() if each.subject]
        store.close()
        assert (cleo.name, cleo.roles) == ("Cleo Example", ("student",))
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_timeout(1000)
        page.goto("about:blank")
