"""Who may sign in, and what for: invite, give roles, renew a password, let nobody in any more."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cervix_models.accounts import Account
from cervix_models.errors import CervixError
from cervix_models.people import ROLES, Role
from ui import identity, session, show
from ui.starting import address

ROLE_WORDS: dict[Role, str] = {
    "student": "explores, learns, makes cells and looks at models",
    "pathologist": "reads cells, fields and slides, and gives verdicts",
    "instructor": "makes sets and exams, and sees what a group came to",
    "admin": "trains and chooses models, imports data, sees the audit log and these accounts",
}
LINK = "users-link"  # in the session: a link that was just made, and whose it is


def page() -> None:
    """Shows the accounts, and how a new one is made."""
    person = session.require_role("admin")
    st.title("Users", anchor=False)
    st.markdown("\n".join(f"- **{role}**: {words}." for role, words in ROLE_WORDS.items()))
    service = session.in_hands(identity.shared_accounts())
    try:
        accounts = service.all()
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    _table(accounts)
    left, right = st.columns(2, gap="large")
    with left:
        _invite()
    with right:
        _change(accounts, person.name)
    _link()


def _table(accounts: list[Account]) -> None:
    rows = [
        {
            "name": each.name,
            "roles": list(each.roles),
            "signs in by": "institution" if each.subject else "password",
            "since": each.created_at,
            "let in": each.disabled_at is None,
        }
        for each in accounts
    ]
    st.dataframe(
        rows, hide_index=True, height="content", alt=f"{len(rows)} accounts with their roles.",
        column_config={
            "roles": st.column_config.ListColumn(),
            "since": st.column_config.DateColumn(format="YYYY-MM-DD"),
        },
    )  # fmt: skip


def _invite() -> None:
    st.header("Invite", anchor=False)
    st.markdown("A link makes one account. It holds a week, and once; send it to one person.")
    with st.form("invite", border=False):
        roles: list[Role] = st.pills("Roles", ROLES, selection_mode="multi", default=["student"])
        if st.form_submit_button("Make a link", type="primary", icon=":material/link:"):
            _act(lambda: _kept(session.in_hands(identity.shared_accounts()).invite(roles), None))


def _change(accounts: list[Account], mine: str) -> None:
    st.header("Change", anchor=False)
    named = {each.name: each for each in accounts}
    if not named:
        st.caption("Nobody has an account yet.")
        return
    chosen = named[st.selectbox("Account", list(named), key="users-account")]
    service = session.in_hands(identity.shared_accounts())
    roles = st.pills(
        "Roles of the account", ROLES, selection_mode="multi", default=list(chosen.roles),
        key=f"users-roles-{chosen.id}",
    )  # fmt: skip
    with st.container(horizontal=True):
        if st.button("Keep the roles", disabled=set(roles) == set(chosen.roles)):
            _act(lambda: service.set_roles(chosen.id, roles))
        if st.button("Link for a new password", disabled=chosen.subject is not None):
            _act(lambda: _kept(service.renew(chosen.id), chosen.name))
        shut = chosen.disabled_at is not None
        words = "Let in again" if shut else "Let in no more"
        if st.button(words, disabled=chosen.name == mine, help="Readings and verdicts stay."):
            _act(lambda: service.disable(chosen.id, disabled=not shut))


def _act(work: Callable[[], None]) -> None:
    try:
        work()
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    st.rerun()


def _kept(token: str, name: str | None) -> None:
    st.session_state[LINK] = (token, name)


def _link() -> None:
    if LINK not in st.session_state:
        return
    token, name = st.session_state[LINK]
    st.success(
        f"A link for a new password of {show.plain(name)}." if name else "A link for a new account."
    )
    st.code(f"{address()}{identity.START}?token={token}", language=None, wrap_lines=True)
    st.caption("It is shown here alone, and not again once this page is left.")
    if st.button("Hide it"):
        del st.session_state[LINK]
        st.rerun()


page()
