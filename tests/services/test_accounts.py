"""Accounts: who gets in, who is held back, and what a link is good for."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher

from cervix_models.errors import AccountError, RoleError, SignInError
from cervix_models.people import ROLES, Person, acting_as
from cervix_models.services import accounts as module
from cervix_models.services.accounts import FIRST_START, TRIES, Accounts
from cervix_models.storage import open_store
from tests import tiny
from tests.storage.conftest import schema, server, url  # noqa: F401 fixtures

PASSWORD = "four plain words together"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
WRONG = "do not belong to an account here"


class Clock(datetime):
    """A time that tests set."""

    at = datetime(2026, 11, 29, 8, tzinfo=UTC)

    @classmethod
    def now(cls, tz=None):
        return cls.at


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(Clock, "at", datetime(2026, 11, 29, 8, tzinfo=UTC))
    monkeypatch.setattr(module, "datetime", Clock)
    return Clock


@pytest.fixture
def accounts(tmp_path, clock, url):  # noqa: F811 on both databases
    store = open_store(replace(tiny.settings_in(tmp_path), database_url=url))
    yield Accounts(store, QUICK)
    store.close()


@pytest.fixture
def ann(accounts) -> str:
    """The secret of the sign-in of an administrator."""
    return accounts.accept(accounts.first_link(), "Ann", PASSWORD)


def pass_time(clock, **some) -> None:
    clock.at += timedelta(**some)


def test_the_first_link_makes_an_administrator_with_every_role_once(accounts) -> None:
    earlier, link = accounts.first_link(), accounts.first_link()
    assert accounts.invited(link).made_by == FIRST_START
    with pytest.raises(AccountError, match="used before, or has expired"):
        accounts.invited(earlier)
    token = accounts.accept(link, "  Ann   Example ", PASSWORD)
    assert accounts.person_of(token) == Person("Ann Example", ROLES)
    assert accounts.first_link() is None
    with pytest.raises(AccountError, match="used before"):
        accounts.accept(link, "Eve", PASSWORD)


def test_the_first_link_ends_after_a_day(accounts, clock) -> None:
    link = accounts.first_link()
    pass_time(clock, hours=25)
    with pytest.raises(AccountError, match="has expired"):
        accounts.accept(link, "Ann", PASSWORD)


def test_name_and_password_let_in(accounts, ann) -> None:
    token = accounts.sign_in(" ANN ", PASSWORD)
    assert token != ann
    assert accounts.person_of(token) == accounts.person_of(ann) == Person("Ann", ROLES)
    accounts.sign_out(token)
    assert accounts.person_of(token) is None
    assert accounts.person_of(ann) is not None


@pytest.mark.parametrize(
    ("name", "password"),
    [("Ann", "four plain words"), ("Bob", PASSWORD), ("", PASSWORD), ("A", "")],
)
def test_what_is_wrong_is_not_said(accounts, ann, name, password) -> None:
    with pytest.raises(SignInError, match=WRONG):
        accounts.sign_in(name, password)


@pytest.mark.parametrize("token", ["", "x", "../../etc/passwd", "' OR 1=1 --"])
def test_a_secret_that_is_none_names_nobody(accounts, ann, token) -> None:
    assert accounts.person_of(token) is None


def test_failed_sign_ins_slow_down(accounts, ann, clock) -> None:
    for _ in range(TRIES):
        with pytest.raises(SignInError, match=WRONG):
            accounts.sign_in("Ann", "guess and guess")
    with pytest.raises(SignInError, match="Wait 2 seconds more"):
        accounts.sign_in("Ann", PASSWORD)
    pass_time(clock, seconds=3)
    with pytest.raises(SignInError, match=WRONG):
        accounts.sign_in("Ann", "guess and guess")
    with pytest.raises(SignInError, match="Wait 4 seconds more"):
        accounts.sign_in("ann", PASSWORD)
    pass_time(clock, minutes=16)
    assert accounts.person_of(accounts.sign_in("Ann", PASSWORD))


def test_many_names_from_one_address_slow_down(accounts, ann) -> None:
    for number in range(module.TRIES_OF_ADDRESS):
        with pytest.raises(SignInError, match=WRONG):
            accounts.sign_in(f"name {number}", PASSWORD, "10.0.0.7")
    with pytest.raises(SignInError, match="sign-ins failed"):
        accounts.sign_in("Ann", PASSWORD, "10.0.0.7")
    assert accounts.sign_in("Ann", PASSWORD, "10.0.0.8")


def test_a_sign_in_ends_after_half_a_day_without_a_page(accounts, ann, clock) -> None:
    for _ in range(3):
        pass_time(clock, hours=11)
        assert accounts.person_of(ann) is not None
    pass_time(clock, hours=13)
    assert accounts.person_of(ann) is None


def test_a_sign_in_ends_after_a_week_whatever_happened(accounts, ann, clock) -> None:
    for _ in range(16):
        pass_time(clock, hours=10)
        assert accounts.person_of(ann) is not None
    pass_time(clock, hours=9)
    assert accounts.person_of(ann) is None


@pytest.mark.parametrize(
    "password", ["short one", "x" * 501, "aaaaaaaaaaaaaaaa", "Ann Example of X"]
)
def test_a_password_that_is_easy_to_guess_is_refused(accounts, password) -> None:
    with pytest.raises(AccountError, match="password"):
        accounts.accept(accounts.first_link(), "ann example of x", password)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\0b", "a\u202eb", "\ud800"])
def test_a_name_that_cannot_be_shown_is_refused(accounts, name) -> None:
    with pytest.raises(AccountError, match="name"):
        accounts.accept(accounts.first_link(), name, PASSWORD)


def test_of_a_name_there_is_one_account(accounts, ann) -> None:
    with acting_as(accounts.person_of(ann)):
        link = accounts.invite(["student"])
    with pytest.raises(AccountError, match="There is an account with the name 'aNN'"):
        accounts.accept(link, "aNN", PASSWORD)
    assert accounts.person_of(accounts.accept(link, "Bob", PASSWORD)).roles == ("student",)


def test_a_changed_password_ends_every_other_sign_in(accounts, ann) -> None:
    other = accounts.sign_in("Ann", PASSWORD)
    with pytest.raises(SignInError, match="The present password is another"):
        accounts.change_password(ann, "not this one", "another few words here")
    token = accounts.change_password(ann, PASSWORD, "another few words here")
    assert accounts.person_of(token) is not None
    assert accounts.person_of(ann) is accounts.person_of(other) is None
    with pytest.raises(SignInError, match=WRONG):
        accounts.sign_in("Ann", PASSWORD)


def test_an_administrator_renews_disables_and_gives_roles(accounts, ann) -> None:
    with acting_as(accounts.person_of(ann)):
        bob = accounts.accept(accounts.invite(["student"]), "Bob", PASSWORD)
        (account,) = [each for each in accounts.all() if each.name == "Bob"]
        assert account.password_hash is None
        accounts.set_roles(account.id, ["instructor", "student"])
        assert accounts.person_of(bob).roles == ("student", "instructor")
        again = accounts.accept(accounts.renew(account.id), "ignored", "another few words here")
        assert accounts.person_of(bob) is None
        assert accounts.person_of(again).name == "Bob"
        accounts.disable(account.id)
        assert accounts.person_of(again) is None
        with pytest.raises(SignInError, match=WRONG):
            accounts.sign_in("Bob", "another few words here")
        accounts.disable(account.id, disabled=False)
        assert accounts.sign_in("Bob", "another few words here")


def test_somebody_stays_who_may_administer(accounts, ann) -> None:
    with acting_as(accounts.person_of(ann)):
        (account,) = accounts.all()
        with pytest.raises(AccountError, match="Nobody would be left"):
            accounts.set_roles(account.id, ["student"])
        with pytest.raises(AccountError, match="Nobody would be left"):
            accounts.disable(account.id)
        with pytest.raises(AccountError, match="expected at least one of"):
            accounts.invite([])
        with pytest.raises(AccountError, match="No account has the id"):
            accounts.set_roles("nobody", ["student"])
    assert accounts.person_of(ann) == Person("Ann", ROLES)


@pytest.mark.parametrize("role", ["student", "pathologist", "instructor"])
def test_only_an_administrator_sees_and_changes_accounts(accounts, ann, role) -> None:
    with acting_as(Person("Bob", (role,))):
        for asked in (
            accounts.all, lambda: accounts.invite(["admin"]), lambda: accounts.renew("x"),
            lambda: accounts.set_roles("x", ["admin"]), lambda: accounts.disable("x"),
        ):  # fmt: skip
            with pytest.raises(RoleError, match="needs the role “admin”"):
                asked()


def test_an_identity_provider_makes_students_whom_an_administrator_raises(accounts, ann) -> None:
    cleo = accounts.known_by("https://id.example.org", "77", "Ann")
    assert cleo == Person("Ann 2", ("student",))
    with acting_as(accounts.person_of(ann)):
        (account,) = [each for each in accounts.all() if each.name == "Ann 2"]
        accounts.set_roles(account.id, ["pathologist"])
        assert accounts.known_by("https://id.example.org", "77", "Other").roles == ("pathologist",)
        assert accounts.known_by("https://other.example.org", "77", "Cleo").roles == ("student",)
        accounts.disable(account.id)
    with pytest.raises(SignInError, match="was disabled"):
        accounts.known_by("https://id.example.org", "77", "Ann")
    with pytest.raises(SignInError, match=WRONG):
        accounts.sign_in("Ann 2", PASSWORD)


def test_a_visitor_is_there_as_long_as_the_block(accounts) -> None:
    with accounts.visitor() as token:
        assert accounts.person_of(token).roles == ROLES
    assert accounts.person_of(token) is None
    assert accounts.first_link()


def test_no_secret_is_kept_as_it_is(clock, tmp_path) -> None:
    store = open_store(tiny.settings_in(tmp_path))
    accounts = Accounts(store, QUICK)
    ann = accounts.accept(accounts.first_link(), "Ann", PASSWORD)
    link = accounts.first_link() or accounts.invite(["student"])
    kept = b"".join(each.read_bytes() for each in tmp_path.rglob("*.sqlite3*"))
    store.close()
    for secret in (ann, link, PASSWORD):
        assert secret.encode() not in kept
    assert re.search(rb"\$argon2id\$", kept)


def test_what_was_done_is_in_the_audit_log(accounts, ann) -> None:
    with pytest.raises(SignInError, match=WRONG):
        accounts.sign_in("Eve", "guess and guess")
    told = [(each.actor, each.action) for each in accounts.store.audit.entries()]
    assert ("Ann", "account.add") in told
    assert ("Ann", "account.sign-in") in told
    assert any(action == "account.sign-in-failed" for _, action in told)
