"""Accounts from the command line."""

from __future__ import annotations

import pytest

from cervix_models.__main__ import FAILED, main
from cervix_models.services.accounts import Accounts
from cervix_models.settings import load_settings
from cervix_models.storage import open_store
from tests.services.test_accounts import PASSWORD, QUICK


@pytest.fixture
def accounts(tmp_path, monkeypatch):
    monkeypatch.setenv("CERVIX_HOME", str(tmp_path))
    store = open_store(load_settings())
    yield Accounts(store, QUICK)
    store.close()


def said(capsys, *words: str) -> str:
    assert main(["accounts", *words]) == 0
    return str(capsys.readouterr().out)


def test_a_link_of_the_command_makes_an_account(accounts, capsys) -> None:
    link = said(capsys, "invite", "admin", "student").strip().removeprefix("/account/start?token=")
    accounts.accept(link, "Ann", PASSWORD)
    assert said(capsys, "list") == "Ann: student, admin\n"
    again = said(capsys, "renew", "ann").strip().removeprefix("/account/start?token=")
    token = accounts.accept(again, "", "another few words here")
    assert accounts.person_of(token).name == "Ann"
    said(capsys, "roles", "Ann", "admin")
    assert said(capsys, "list") == "Ann: admin\n"


def test_an_account_is_let_in_no_more(accounts, capsys) -> None:
    accounts.accept(accounts.first_link(), "Ann", PASSWORD)
    accounts.accept(accounts.invite(["student"]), "Bob", PASSWORD)
    said(capsys, "disable", "Bob")
    assert "Bob: student  (not let in)" in said(capsys, "list")
    said(capsys, "enable", "Bob")
    assert "Bob: student\n" in said(capsys, "list")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["renew", "Eve"], "No account has the name 'Eve'"),
        (["invite", "king"], "expected at least"),
    ],
)
def test_what_cannot_be_done_is_said(accounts, capsys, words, sentence) -> None:
    assert main(["accounts", *words]) == FAILED
    assert sentence in capsys.readouterr().err
