"""Who does something here: a person with roles. Services ask for the role of whoever acts."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec, TypeVar, cast

from cervix_models.errors import RoleError

Role = Literal["student", "pathologist", "instructor", "admin"]
ROLES: tuple[Role, ...] = ("student", "pathologist", "instructor", "admin")

Given = ParamSpec("Given")
Found = TypeVar("Found")
Service = TypeVar("Service")


@dataclass(frozen=True)
class Person:
    """Somebody who acts. Every role has what a student has too."""

    name: str
    roles: tuple[Role, ...]

    def has(self, role: Role) -> bool:
        """Whether the person may do what this role may."""
        return role in self.roles or (role == "student" and bool(self.roles))


NOBODY = Person("nobody", ())
OPERATOR = Person("operator", ROLES)  # at the command line: whoever has the machine has it all

_acting: ContextVar[Person | None] = ContextVar("acting", default=None)
_otherwise = OPERATOR


def acting() -> Person:
    """Who acts now: whom the application bound a service to; else the operator of the machine."""
    return _acting.get() or _otherwise


def nobody_otherwise() -> None:
    """From now on NOBODY acts in this process where no person is named: the application says so of
    itself, so that whatever forgets to name the person is refused."""
    global _otherwise  # noqa: PLW0603 it holds for a whole process
    _otherwise = NOBODY


@contextmanager
def acting_as(person: Person) -> Iterator[None]:
    """Within it `person` acts."""
    before = _acting.set(person)
    try:
        yield
    finally:
        _acting.reset(before)


def require(role: Role) -> Person:
    """Who acts now, and has the role. Raises RoleError for anyone else."""
    person = acting()
    if not person.has(role):
        raise RoleError(
            f"{person.name} has the roles {', '.join(person.roles) or 'none'}; this needs the role "
            f"“{role}”. Ask an administrator for it."
        )
    return person


def needs(role: Role) -> Callable[[Callable[Given, Found]], Callable[Given, Found]]:
    """Makes a method of a service one that only those with the role may call; others get a
    RoleError."""

    def guard(method: Callable[Given, Found]) -> Callable[Given, Found]:
        @functools.wraps(method)
        def guarded(*args: Given.args, **options: Given.kwargs) -> Found:
            require(role)
            return method(*args, **options)

        return guarded

    return guard


class _Bound:
    """A service in one person's hands: each of its methods runs as that person."""

    def __init__(self, service: object, person: Person) -> None:
        object.__setattr__(self, "_service", service)
        object.__setattr__(self, "_person", person)

    def __getattr__(self, name: str) -> Any:
        with acting_as(self._person):
            found = getattr(self._service, name)
        if not callable(found) or isinstance(found, type):
            return found

        @functools.wraps(found)
        def called(*args: Any, **options: Any) -> Any:
            with acting_as(self._person):
                return found(*args, **options)

        return called

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} cannot be set on a service that is bound to a person.")


def bound(service: Service, person: Person) -> Service:
    """The service as it serves `person`: whatever is called of it runs as that person."""
    return cast("Service", _Bound(service, person))
