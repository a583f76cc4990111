"""How much one person may ask for at once."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from cervix_models import limits
from cervix_models.errors import LimitError
from cervix_models.limits import take
from cervix_models.people import Person, acting_as

ANN, BOB = Person("Ann", ("student",)), Person("Bob", ("student",))


@pytest.fixture(autouse=True)
def five(monkeypatch):
    monkeypatch.setenv("CERVIX_RATE", "5")
    limits._window.storage.reset()


def held_back(what: str) -> float:
    return REGISTRY.get_sample_value("cervix_held_back_total", {"what": what}) or 0


def test_more_than_the_rate_of_one_person_is_held_back() -> None:
    before = held_back("readings")
    with acting_as(ANN):
        take("readings", 3)
        take("readings", 2)
        with pytest.raises(LimitError, match=r"More than 5 readings .* Wait \d+ seconds"):
            take("readings")
        take("fields")
    with acting_as(BOB):
        take("readings", 5)
    assert held_back("readings") == before + 1


def test_too_many_at_once_are_refused_and_none_counted() -> None:
    with acting_as(ANN):
        with pytest.raises(LimitError, match="6 readings were asked for at once; at most 5"):
            take("readings", 6)
        take("readings", 5)


def test_the_operator_is_not_held_back(monkeypatch) -> None:
    take("readings", 1000)
    monkeypatch.setenv("CERVIX_RATE", "0")
    with acting_as(ANN):
        take("readings", 1000)
