"""Accounts, who is signed in, and invitations.

Of a secret only the SHA-256 is kept, so that who reads the database cannot sign in by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cervix_models.accounts import Account, Invitation, SignIn, failure_key, name_key
from cervix_models.errors import AccountError
from cervix_models.people import ROLES, Role
from cervix_models.storage.account_tables import (
    AccountRecord,
    FailedSignInRecord,
    InvitationRecord,
    SignInRecord,
)
from cervix_models.storage.audit import note
from cervix_models.storage.keeping import Keeping


class Accounts:
    """The accounts of a store."""

    def __init__(self, keeping: Keeping) -> None:
        """Asks nothing yet."""
        self._keeping = keeping

    def all(self) -> list[Account]:
        """Every account, by name."""
        asked = sa.select(AccountRecord).order_by(AccountRecord.name_key)
        with self._keeping.session() as session:
            return [_account(row) for row in session.scalars(asked)]

    def named(self, name: str) -> Account | None:
        """The account of this name, however it is written."""
        return self._one(AccountRecord.name_key == name_key(name))

    def of_subject(self, subject: str) -> Account | None:
        """The account that signs in as this subject of an identity provider."""
        return self._one(AccountRecord.subject == subject)

    def has_admin(self) -> bool:
        """Whether somebody may administer who can sign in."""
        return any("admin" in each.roles and not each.disabled_at for each in self.all())

    def add(self, account: Account, invitation: str | None = None) -> None:
        """Keeps a new account, and uses up the invitation that it was made by; both or none.

        Raises AccountError where the name is taken, or the invitation does not hold.
        """
        with self._keeping.session(write=True) as session:
            self._free(session, account.name)
            if invitation is not None:
                _use(session, invitation, account.created_at)
            session.add(
                AccountRecord(
                    id=account.id, name=account.name, name_key=name_key(account.name),
                    password_hash=account.password_hash, subject=account.subject,
                    roles=list(account.roles), created_at=account.created_at,
                )
            )  # fmt: skip
            note(session, "account.add", account.name, {"roles": list(account.roles)})

    def set_password(
        self, account_id: str, password_hash: str, now: datetime, invitation: str | None = None
    ) -> None:
        """Keeps a new password, uses up the invitation, and signs the account out everywhere.

        Raises AccountError where there is no such account, or the invitation does not hold.
        """
        with self._keeping.session(write=True) as session:
            if invitation is not None:
                _use(session, invitation, now)
            found = _existing(session, account_id)
            found.password_hash = password_hash
            session.execute(sa.delete(SignInRecord).where(SignInRecord.account_id == account_id))
            note(session, "account.password", found.name)

    def set_roles(self, account_id: str, roles: Sequence[Role]) -> None:
        """Keeps the roles of an account. Raises AccountError where there is no such account, or
        nobody would be left to administer."""
        with self._keeping.session(write=True) as session:
            found = _existing(session, account_id)
            found.roles = list(roles)
            session.flush()
            _check_admin(session)
            note(session, "account.roles", found.name, {"roles": list(roles)})

    def set_disabled(self, account_id: str, when: datetime | None) -> None:
        """Keeps that an account may not sign in since then, and ends where it was; None lets it in
        again. Raises AccountError as `set_roles` does."""
        with self._keeping.session(write=True) as session:
            found = _existing(session, account_id)
            found.disabled_at = when
            session.flush()
            _check_admin(session)
            if when is not None:
                ended = sa.delete(SignInRecord).where(SignInRecord.account_id == account_id)
                session.execute(ended)
            note(session, "account.disable" if when else "account.enable", found.name)

    def remove(self, account_id: str) -> None:
        """Deletes an account, with where it is signed in and its invitations; what it did stays.
        Raises AccountError where there is no such account."""
        with self._keeping.session(write=True) as session:
            found = _existing(session, account_id)
            note(session, "account.delete", found.name)
            session.delete(found)

    def sign_in(self, token: str, account: Account, now: datetime, until: datetime) -> None:
        """Keeps that who holds the token is signed in, forgets failed attempts of that name and
        what has expired."""
        with self._keeping.session(write=True) as session:
            session.execute(sa.delete(SignInRecord).where(SignInRecord.expires_at <= now))
            failed = FailedSignInRecord.name_key == failure_key(account.name)
            session.execute(sa.delete(FailedSignInRecord).where(failed))
            session.add(
                SignInRecord(
                    token_sha256=hashed(token), account_id=account.id, created_at=now,
                    seen_at=now, expires_at=until,
                )
            )  # fmt: skip
            note(session, "account.sign-in", account.name)

    def signed_in(self, token: str, now: datetime) -> SignIn | None:
        """Who holds the token; None where nobody is signed in by it any more."""
        asked = (
            sa.select(AccountRecord, SignInRecord)
            .join(SignInRecord, SignInRecord.account_id == AccountRecord.id)
            .where(SignInRecord.token_sha256 == hashed(token), SignInRecord.expires_at > now)
            .where(AccountRecord.disabled_at.is_(None))
        )
        with self._keeping.session() as session:
            found = session.execute(asked).one_or_none()
            if found is None:
                return None
            return SignIn(_account(found[0]), found[1].created_at, found[1].seen_at)

    def seen(self, token: str, now: datetime, until: datetime) -> None:
        """Keeps that who holds the token is still here, and stays signed in until then at most."""
        with self._keeping.session(write=True) as session:
            row = session.get(SignInRecord, hashed(token))
            if row is not None:
                row.seen_at, row.expires_at = now, until

    def sign_out(self, token: str) -> None:
        """Forgets who holds the token; one that nobody holds changes nothing."""
        with self._keeping.session(write=True) as session:
            row = session.get(SignInRecord, hashed(token))
            if row is not None:
                note(session, "account.sign-out", _existing(session, row.account_id).name)
                session.delete(row)

    def add_failure(self, keys: Sequence[str], now: datetime, name: str) -> None:
        """Keeps that a sign-in failed, under these keys."""
        with self._keeping.session(write=True) as session:
            session.add_all(FailedSignInRecord(name_key=key, created_at=now) for key in keys)
            note(session, "account.sign-in-failed", name)

    def failures(self, key: str, since: datetime) -> list[datetime]:
        """When sign-ins under a key failed since then, the last one last."""
        record = FailedSignInRecord
        asked = sa.select(record.created_at).where(record.name_key == key)
        asked = asked.where(record.created_at > since).order_by(record.created_at)
        with self._keeping.session() as session:
            return list(session.scalars(asked))

    def invite(self, token: str, invitation: Invitation) -> None:
        """Keeps an invitation, which holds once for who has the token."""
        with self._keeping.session(write=True) as session:
            session.add(
                InvitationRecord(
                    token_sha256=hashed(token), account_id=invitation.account_id,
                    roles=list(invitation.roles), made_by=invitation.made_by,
                    created_at=invitation.created_at, expires_at=invitation.expires_at,
                )
            )  # fmt: skip
            note(session, "account.invite", invitation.account_id or "somebody new",
                 {"roles": list(invitation.roles)})  # fmt: skip

    def invitation(self, token: str, now: datetime) -> Invitation:
        """The invitation of this token. Raises AccountError where it does not hold, or not any
        more."""
        with self._keeping.session() as session:
            row = _holding(session, token, now)
            return Invitation(
                _roles(row.roles), row.made_by, row.created_at, row.expires_at, row.account_id
            )

    def revoke(self, made_by: str) -> None:
        """Ends every invitation that was made by this one and not used."""
        record = InvitationRecord
        unused = sa.delete(record).where(record.made_by == made_by, record.used_at.is_(None))
        with self._keeping.session(write=True) as session:
            session.execute(unused)

    def _one(self, condition: sa.ColumnElement[bool]) -> Account | None:
        with self._keeping.session() as session:
            row = session.scalars(sa.select(AccountRecord).where(condition)).one_or_none()
            return None if row is None else _account(row)

    def _free(self, session: Session, name: str) -> None:
        taken = sa.select(AccountRecord.id).where(AccountRecord.name_key == name_key(name))
        if session.scalars(taken).first() is not None:
            raise AccountError(
                f"There is an account with the name {name!r} already; a name of your own was "
                "expected. Choose another."
            )


def hashed(token: str) -> str:
    """What is kept of a secret token, which is too long to be guessed from it."""
    return hashlib.sha256(token.encode()).hexdigest()


def _use(session: Session, token: str, now: datetime) -> None:
    _holding(session, token, now).used_at = now


def _holding(session: Session, token: str, now: datetime) -> InvitationRecord:
    row = session.get(InvitationRecord, hashed(token))
    if row is None or row.used_at is not None or row.expires_at <= now:
        raise AccountError(
            "This link was used before, or has expired; a link that holds was expected. Ask an "
            "administrator for a new one."
        )
    return row


def _existing(session: Session, account_id: str) -> AccountRecord:
    found = session.get(AccountRecord, account_id)
    if found is None:
        raise AccountError(
            f"No account has the id {account_id!r}; one of the list was expected. Choose one."
        )
    return found


def _check_admin(session: Session) -> None:
    rows = session.scalars(sa.select(AccountRecord).where(AccountRecord.disabled_at.is_(None)))
    if not any("admin" in row.roles for row in rows):
        raise AccountError(
            "Nobody would be left who may administer; at least one account with the role admin "
            "was expected. Give that role to somebody else first."
        )


def _account(row: AccountRecord) -> Account:
    return Account(
        row.id, row.name, _roles(row.roles), row.created_at, row.password_hash, row.subject,
        row.disabled_at,
    )  # fmt: skip


def _roles(given: Sequence[str]) -> tuple[Role, ...]:
    return tuple(role for role in ROLES if role in given)
