"""Who may sign in: by a password, a link that holds once, or an identity provider."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cervix_models.accounts import Account, Invitation, failure_key, name_key
from cervix_models.errors import AccountError, SignInError
from cervix_models.people import OPERATOR, ROLES, Person, Role, acting, acting_as, needs
from cervix_models.settings import Settings
from cervix_models.storage import open_store
from cervix_models.storage.store import Store
from cervix_models.storage.verdicts import is_text

IDLE = timedelta(hours=12)  # without a page, after which a person is signed out
LONGEST = timedelta(days=7)  # after which a person is signed out whatever happened
TOUCH = timedelta(minutes=5)  # how exactly it is kept when somebody was last seen
INVITED = timedelta(days=7)
FIRST = timedelta(hours=24)  # that the first link holds
FIRST_START = "first start"
NAME_LIMIT = 100  # characters
SHORTEST, LONGEST_PASSWORD = 10, 500  # characters
TRIES = 5  # of a name that may fail before the next one has to wait
TRIES_OF_ADDRESS = 50  # many people may come from one
WITHIN = timedelta(minutes=15)  # that a failure counts
WAIT = 2.0  # seconds after the first failure too many; each further one doubles it
LONGEST_WAIT = 300.0  # seconds
UNKNOWN = "a name that nobody has"  # in the audit log: it may be a password, mistyped
ADDRESS = "address "  # before one, where failures are kept


class Accounts:
    """Accounts, sign-ins and invitations. Threads may share one."""

    def __init__(self, store: Store, hasher: PasswordHasher | None = None) -> None:
        """Asks nothing yet. `hasher` is argon2-cffi's, with its own defaults, after RFC 9106."""
        self.store, self._hasher = store, hasher or PasswordHasher()

    def sign_in(self, name: str, password: str, address: str = "") -> str:
        """The secret of a new sign-in, which its browser keeps as a cookie.

        Raises SignInError where name and password do not belong together, saying no more; and
        where too many attempts of that name, or from that address, failed within a quarter of an
        hour.
        """
        now, keys = datetime.now(UTC), _keys(name, address)
        self._hold_back(keys, now)
        account = self.store.accounts.named(name) if name.strip() else None
        # An unknown name takes as long as a wrong password, so that nobody finds names by the time.
        kept = (account.password_hash if account else None) or self._nobody
        if not self._fits(kept, password) or account is None or account.disabled_at:
            self.store.accounts.add_failure(keys, now, account.name if account else UNKNOWN)
            raise SignInError(
                "Name and password do not belong to an account here. Check both, or ask an "
                "administrator for a new link."
            )
        if self._hasher.check_needs_rehash(kept):
            self.store.accounts.set_password(account.id, self._hasher.hash(password), now)
        return self._signed_in(account, now)

    def person_of(self, token: str) -> Person | None:
        """Who holds the secret of a sign-in; None where nobody does any more."""
        now = datetime.now(UTC)
        found = self.store.accounts.signed_in(token, now) if token else None
        if found is None:
            return None
        if now - found.seen_at > TOUCH:
            self.store.accounts.seen(token, now, min(now + IDLE, found.began_at + LONGEST))
        return found.account.person

    def sign_out(self, token: str) -> None:
        """Ends a sign-in."""
        self.store.accounts.sign_out(token)

    def invited(self, token: str) -> Invitation:
        """The invitation of a link. Raises AccountError where it does not hold any more."""
        return self.store.accounts.invitation(token, datetime.now(UTC))

    def account_of(self, invitation: Invitation) -> Account | None:
        """The account whose password an invitation makes anew; None for one of a new account."""
        return next(
            (each for each in self.store.accounts.all() if each.id == invitation.account_id), None
        )

    def accept(self, token: str, name: str, password: str) -> str:
        """The secret of a new sign-in: of a new account of this name with the roles of the
        invitation, or of the account whose password is made anew.

        Raises AccountError for an invitation that does not hold, a name that is taken or empty,
        and a password that is too short.
        """
        invitation, now = self.invited(token), datetime.now(UTC)
        known = self.account_of(invitation)
        _check_password(password, known.name if known else name)
        hashed = self._hasher.hash(password)
        if known is not None:
            with acting_as(known.person):
                self.store.accounts.set_password(known.id, hashed, now, token)
            return self._signed_in(known, now)
        account = Account(uuid.uuid4().hex, _named(name), invitation.roles, now, hashed)
        with acting_as(account.person):
            self.store.accounts.add(account, token)
        return self._signed_in(account, now)

    def change_password(self, token: str, old: str, new: str) -> str:
        """The secret of a new sign-in in the place of all that the person had, whose password is
        now the new one. Raises SignInError for a wrong old one, AccountError for a short new one.
        """
        now = datetime.now(UTC)
        found = self.store.accounts.signed_in(token, now)
        if found is None:
            raise SignInError("You are not signed in any more. Sign in, and change it then.")
        account = found.account
        self._hold_back(_keys(account.name, ""), now)
        if not self._fits(account.password_hash or self._nobody, old):
            self.store.accounts.add_failure(_keys(account.name, ""), now, account.name)
            raise SignInError("The present password is another. Type it again.")
        _check_password(new, account.name)
        with acting_as(account.person):
            self.store.accounts.set_password(account.id, self._hasher.hash(new), now)
        return self._signed_in(account, now)

    def known_by(self, issuer: str, subject: str, name: str) -> Person:
        """Who an identity provider says is here: at the first visit an account is made, with the
        role student; an administrator gives others. Raises SignInError where it is disabled."""
        key = f"{issuer} {subject}"
        account = self.store.accounts.of_subject(key)
        if account is None:
            free = self._free_name(name or subject)
            account = Account(uuid.uuid4().hex, free, ("student",), datetime.now(UTC), None, key)
            with acting_as(account.person):
                self.store.accounts.add(account)
        if account.disabled_at:
            raise SignInError("This account was disabled. Ask an administrator.")
        return account.person

    def first_link(self) -> str | None:
        """The secret of a link that makes the first administrator, who has every role; None where
        there is one already. Earlier such links end."""
        if self.store.accounts.has_admin():
            return None
        now = datetime.now(UTC)
        with acting_as(OPERATOR):  # whoever reads the console
            self.store.accounts.revoke(FIRST_START)
            return self._invite(Invitation(ROLES, FIRST_START, now, now + FIRST))

    @contextmanager
    def visitor(self) -> Iterator[str]:
        """The secret of a sign-in with every role that lasts as long as the block: for a check of
        the whole application from outside. It has no password."""
        now = datetime.now(UTC)
        account = Account(uuid.uuid4().hex, f"visitor {uuid.uuid4().hex[:8]}", ROLES, now)
        self.store.accounts.add(account)
        try:
            yield self._signed_in(account, now)
        finally:
            self.store.accounts.remove(account.id)

    @needs("admin")
    def all(self) -> list[Account]:
        """Every account, by name, without what is kept of its password."""
        return [replace(each, password_hash=None) for each in self.store.accounts.all()]

    @needs("admin")
    def named(self, name: str) -> Account:
        """The account of a name. Raises AccountError where there is none."""
        found = self.store.accounts.named(name)
        if found is None:
            raise AccountError(
                f"No account has the name {name!r}; one of the list was expected. See the list: "
                "python -m cervix_models accounts list"
            )
        return replace(found, password_hash=None)

    @needs("admin")
    def invite(self, roles: Sequence[Role]) -> str:
        """The secret of a link by which somebody makes an account of these roles, once.
        Raises AccountError for no role."""
        now = datetime.now(UTC)
        return self._invite(Invitation(_roles(roles), acting().name, now, now + INVITED))

    @needs("admin")
    def renew(self, account_id: str) -> str:
        """The secret of a link by which the person of an account makes a new password, once."""
        now, by = datetime.now(UTC), acting().name
        return self._invite(Invitation((), by, now, now + INVITED, account_id))

    @needs("admin")
    def set_roles(self, account_id: str, roles: Sequence[Role]) -> None:
        """Keeps the roles of an account. Raises AccountError for none, for no such account, or
        where nobody would be left to administer."""
        self.store.accounts.set_roles(account_id, _roles(roles))

    @needs("admin")
    def disable(self, account_id: str, *, disabled: bool = True) -> None:
        """Keeps whether an account may not sign in. Raises AccountError as `set_roles` does."""
        self.store.accounts.set_disabled(account_id, datetime.now(UTC) if disabled else None)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())

    def _fits(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password[: LONGEST_PASSWORD + 1])
        except (VerificationError, InvalidHashError):
            return False

    def _signed_in(self, account: Account, now: datetime) -> str:
        token = secrets.token_urlsafe(32)
        with acting_as(account.person):
            self.store.accounts.sign_in(token, account, now, now + IDLE)
        return token

    def _invite(self, invitation: Invitation) -> str:
        token = secrets.token_urlsafe(32)
        self.store.accounts.invite(token, invitation)
        return token

    def _hold_back(self, keys: Collection[str], now: datetime) -> None:
        for key in keys:
            failed = self.store.accounts.failures(key, now - WITHIN)
            tries = TRIES_OF_ADDRESS if key.startswith(ADDRESS) else TRIES
            if len(failed) < tries:
                continue
            wait = min(WAIT * 2.0 ** (len(failed) - tries), LONGEST_WAIT)
            left = wait - (now - failed[-1]).total_seconds()
            if left > 0:
                raise SignInError(
                    f"{len(failed)} sign-ins failed a short while ago. Wait {left:.0f} seconds "
                    "more, and try again."
                )

    def _free_name(self, wanted: str) -> str:
        wanted = _named(wanted)[: NAME_LIMIT - 10]
        name, number = wanted, 2
        while self.store.accounts.named(name) is not None:
            name, number = f"{wanted} {number}", number + 1
        return name


def open_accounts(settings: Settings) -> Accounts:
    """The service over the store of these settings. Raises StorageError."""
    return Accounts(open_store(settings))


def _keys(name: str, address: str) -> list[str]:
    keys = [failure_key(name)]
    return keys + ([ADDRESS + address] if address else [])


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_LIMIT or not is_text(name) or not name.isprintable():
        raise AccountError(
            f"The name has {len(name)} characters, or holds some that cannot be shown; expected 1 "
            f"to {NAME_LIMIT} letters. Type it anew."
        )
    return name


def _check_password(password: str, name: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST_PASSWORD:
        raise AccountError(
            f"The password has {len(password)} characters; expected {SHORTEST} to "
            f"{LONGEST_PASSWORD}. A few words in a row are easy to remember."
        )
    if name_key(password) == name_key(name) or len(set(password)) < SHORTEST // 2:
        raise AccountError(
            "The password is the name, or a few characters again and again; one that is hard to "
            "guess was expected. A few words in a row are easy to remember."
        )


def _roles(given: Sequence[Role]) -> tuple[Role, ...]:
    roles = tuple(role for role in ROLES if role in given)
    if not roles or len(roles) != len(set(given)):
        raise AccountError(
            f"The roles given are {', '.join(given) or 'none'}; expected at least one of "
            f"{', '.join(ROLES)}. Choose them."
        )
    return roles
