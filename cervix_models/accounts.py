"""What crosses between the services of accounts and their storage: accounts and invitations."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cervix_models.people import Person, Role


@dataclass(frozen=True)
class Account:
    """One person who may sign in."""

    id: str
    name: str
    roles: tuple[Role, ...]
    created_at: datetime
    password_hash: str | None = None  # None: signs in by an identity provider, or not yet
    subject: str | None = None  # at an identity provider: its issuer, a space, its subject
    disabled_at: datetime | None = None

    @property
    def person(self) -> Person:
        """The person of this account."""
        return Person(self.name, self.roles)


@dataclass(frozen=True)
class Invitation:
    """A link by which somebody makes an account of these roles, or a new password for one, once."""

    roles: tuple[Role, ...]
    made_by: str
    created_at: datetime
    expires_at: datetime
    account_id: str | None = None  # whose password is made anew; None: a new account
    used_at: datetime | None = None


@dataclass(frozen=True)
class SignIn:
    """One browser in which a person is signed in."""

    account: Account
    began_at: datetime
    seen_at: datetime


def name_key(name: str) -> str:
    """A name as it is compared: without case and outer or doubled spaces."""
    return " ".join(name.split()).casefold()


def failure_key(name: str) -> str:
    """What failed sign-ins of a name are kept under: its hash, as it may be a mistyped password."""
    return hashlib.sha256(name_key(name).encode("utf-8", "surrogatepass")).hexdigest()
