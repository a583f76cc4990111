"""Whoever acts has the role for it, or gets a sentence."""

from __future__ import annotations

import pytest

from cervix_models.errors import RoleError
from cervix_models.people import NOBODY, OPERATOR, Person, acting, acting_as, bound, needs, require

ANN = Person("Ann", ("student",))
BEN = Person("Ben", ("pathologist",))


class Service:
    """Something that asks who acts."""

    limit = 3

    @needs("pathologist")
    def read(self, cell: str) -> str:
        """The cell, and who read it."""
        return f"{cell} by {acting().name}"

    def again(self, cell: str) -> str:
        """The same by another method."""
        return self.read(cell)


def test_outside_the_application_the_operator_acts() -> None:
    assert acting() is OPERATOR
    assert Service().read("a") == "a by operator"


def test_a_role_is_asked_for() -> None:
    with acting_as(BEN):
        assert require("pathologist") is BEN
        assert require("student") is BEN
        with pytest.raises(RoleError, match=r"Ben has the roles pathologist; this needs .*admin"):
            require("admin")
    with acting_as(NOBODY), pytest.raises(RoleError, match="nobody has the roles none"):
        require("student")
    assert acting() is OPERATOR


def test_a_bound_service_runs_as_its_person() -> None:
    service = bound(Service(), BEN)
    assert service.again("a") == "a by Ben"
    assert service.limit == 3
    with pytest.raises(RoleError, match="Ann has the roles student"):
        bound(Service(), ANN).again("a")
    assert acting() is OPERATOR
    with pytest.raises(AttributeError, match="cannot be set"):
        service.limit = 4
