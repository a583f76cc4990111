from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cervix_models.contracts import Promotion
from cervix_models.errors import StorageError
from cervix_models.people import Person, acting_as

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def promotion(kind="classifier", name="mine-0001", number=0, **changed) -> Promotion:
    values = {"version": "1.0", "weights_sha256": "ab" * 32, "reason": "Better.", **changed}
    return Promotion(
        kind, name, created_by="ada", created_at=NOON + timedelta(seconds=number), **values
    )


def test_the_last_of_each_kind_holds(store):
    given = [
        promotion(), promotion("segmenter", "drawn"), promotion(name="mine-0002"),
        promotion(number=5),
    ]  # fmt: skip
    for each in given:
        store.promotions.add(each)
    assert store.promotions.newest() == {"classifier": given[3], "segmenter": given[1]}
    assert store.promotions.history("classifier") == [given[3], given[2], given[0]]
    assert store.promotions.history(limit=2) == [given[3], given[2]]


def test_nothing_holds_where_nothing_was_promoted(store):
    assert store.promotions.newest() == {}
    assert store.promotions.history() == []


def test_a_promotion_is_noted_by_who_acts(store):
    with acting_as(Person("ada", ("admin",))):
        store.promotions.add(promotion())
    (entry,) = store.audit.entries()
    assert (entry.actor, entry.action, entry.subject) == ("ada", "model.promote", "mine-0001")
    assert entry.detail["weights"] == "ab" * 32


def test_a_reason_that_cannot_be_stored_is_refused(store):
    with pytest.raises(StorageError, match="cannot be stored"):
        store.promotions.add(promotion(reason="a\x00b"))
    assert store.promotions.history() == []
