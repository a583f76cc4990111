"""Who is here: by the cookie of a sign-in, by an identity provider, or as a guest who learns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.errors import SignInError
from cervix_models.language import _
from cervix_models.people import NOBODY, Person
from cervix_models.settings import load_settings

if TYPE_CHECKING:
    from cervix_models.services.accounts import Accounts

COOKIE = "cervix_session"  # holds the secret of a sign-in; no script of a page can read it
GUEST_COOKIE = "cervix_guest"  # tells the browsers of guests apart
PERSON, DOOR = ":material/account_circle:", ":material/login:"
RECENT = 2.0  # seconds; a page asks many times while it runs
SIGN_IN, ACCOUNT, START = "/account/sign-in", "/account", "/account/start"


def person() -> Person:
    """Who is at this session; NOBODY where nobody signed in and there is no teaching mode."""
    cookies = st.context.cookies
    found = by_cookie(cookies) or _by_provider()
    return found or guest(cookies) or NOBODY


def by_cookie(cookies: Mapping[str, str]) -> Person | None:
    """Who holds the cookie of a sign-in that goes on, as it was RECENT seconds ago at most. Raises
    StorageError."""
    token = cookies.get(COOKIE)
    return _holder(token) if isinstance(token, str) else None


@st.cache_resource(show_spinner=False, ttl=RECENT, max_entries=10_000)
def _holder(token: str) -> Person | None:
    return shared_accounts().person_of(token)


def guest(cookies: Mapping[str, str]) -> Person | None:
    """Somebody who did not sign in, where the teaching mode opens the learner's pages to all; who
    answers is told apart by the browser."""
    if not load_settings().teaching:
        return None
    mark = cookies.get(GUEST_COOKIE)
    known = isinstance(mark, str) and re.fullmatch("[0-9a-f]{32}", mark)
    return Person(f"guest {mark}" if known else "guest", ("student",))


def has_provider() -> bool:
    """Whether an identity provider is configured, as Streamlit's documentation of `st.login`
    says."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:
        return False


@st.cache_resource(show_spinner=False)
def shared_accounts() -> Accounts:
    """The service of accounts, one a process. Raises StorageError where the store cannot be
    opened."""
    from cervix_models.services.accounts import Accounts
    from ui import session

    return Accounts(session.shared_triage().store)


def show_who(found: Person) -> None:
    """Shows in the side bar who is here, and the way in or out."""
    from ui.show import plain  # brings what the routes do not need

    if by_cookie(st.context.cookies):
        st.sidebar.markdown(f"[{PERSON} {plain(found.name)}]({ACCOUNT})")
    elif found.name.startswith("guest"):
        st.sidebar.markdown(f"[{DOOR} {_('Sign in')}]({SIGN_IN})")
    elif has_provider() and st.sidebar.button(
        _("Sign out"), type="tertiary", help=plain(found.name)
    ):
        st.logout()


def way_in() -> None:
    """The page of those who did not sign in and may not go on."""
    from ui.show import notice

    st.title(_("Sign in"), anchor=False)
    notice()
    if has_provider() and st.button(_("Sign in with your institution"), type="primary"):
        st.login()
    st.markdown(f"[{_('Sign in with name and password')}]({SIGN_IN})")


def known(claims: Mapping[str, object]) -> Person | None:
    """Whom an identity provider's claims name; None where that account was disabled."""
    name = str(claims.get("name") or claims.get("email") or claims["sub"])
    try:
        return shared_accounts().known_by(str(claims["iss"]), str(claims["sub"]), name)
    except SignInError:
        return None


def _by_provider() -> Person | None:
    if not has_provider() or not st.user.is_logged_in:
        return None
    return known(st.user.to_dict())
