"""What is done is noted, in one chain that shows every change, and the database takes none."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from cervix_models import people
from cervix_models.contracts import CareReview
from cervix_models.errors import StorageError
from cervix_models.storage import audit, open_store
from cervix_models.storage.audit import BEFORE_ALL, AuditFilter, hash_of, note
from cervix_models.storage.database import make_engine
from tests.storage.samples import NOON, make_revision, make_verdict, stored, stored_field

ANNA = people.Person("Anna", ("pathologist",))


@pytest.fixture
def raw(url, store):
    """The database of the store, to be meddled with."""
    engine = make_engine(url)
    yield engine
    engine.dispose()


def add(store, count: int) -> None:
    for number in range(count):
        store.audit.add("test.do", f"thing {number}", {"number": number, "part": 0.1})


def meddle(engine: sa.Engine, *statements: str) -> None:
    """Runs statements as somebody does who may take the triggers away."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for name in ("audit_no_update", "audit_no_delete", "audit_no_replace"):
                connection.execute(sa.text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(sa.text("DROP TRIGGER audit_no_change ON audit"))
        for each in statements:
            connection.execute(sa.text(each))


def test_an_entry_says_who_did_what_and_follows_the_one_before(store) -> None:
    with people.acting_as(ANNA):
        store.audit.add("test.do", "thing", {"b": [1, 2.5], "a": "é"})
    add(store, 1)
    second, first = store.audit.entries()
    assert (first.number, first.actor, first.action, first.subject) == (
        1,
        "Anna",
        "test.do",
        "thing",
    )
    assert (first.detail, first.previous) == ({"a": "é", "b": [1, 2.5]}, BEFORE_ALL)
    assert (second.number, second.actor, second.previous) == (2, "operator", first.sha256)
    assert first.sha256 == hash_of(vars(first))


def test_entries_are_chosen_and_turned_over(store) -> None:
    add(store, 5)
    with people.acting_as(ANNA):
        store.audit.add("other.do", "thing")
    times = {each.number: each.created_at for each in store.audit.entries()}
    numbers = [each.number for each in store.audit.entries(limit=2, offset=1)]
    assert numbers == [5, 4]
    chosen = {
        AuditFilter(actor="Anna"): 1,
        AuditFilter(action="test.do"): 5,
        AuditFilter(actor="Anna", action="test.do"): 0,
        AuditFilter(since=times[3]): 4,
        AuditFilter(until=times[3]): 2,
        AuditFilter(since=times[6] + timedelta(seconds=1)): 0,
    }
    assert {each: store.audit.count(each) for each in chosen} == chosen
    assert {each: len(store.audit.entries(each)) for each in chosen} == chosen
    assert store.audit.actions() == ["other.do", "test.do"]
    assert store.audit.actors() == ["Anna", "operator"]


def test_what_happens_in_the_store_is_noted_with_it(store) -> None:
    reading = stored(store)
    store.add_verdict(reading.id, make_verdict())
    store.add_revision(reading.id, make_revision(store))
    store.delete_reading(reading.id)
    field = stored_field(store)
    store.delete_field(field.id)
    review = CareReview(NOON, "operator", "Dr A", date(2026, 3, 14), "a" * 64, "")
    store.care_reviews.add(review)
    found = [(each.action, each.subject, dict(each.detail)) for each in store.audit.entries()]
    assert found[::-1] == [
        ("reading.add", reading.id, {"decision": "class", "label": "Koilocytotic"}),
        ("verdict.add", reading.id, {"kind": "agree", "label": None}),
        ("revision.add", reading.id, {"origin": "painted"}),
        ("reading.delete", reading.id, {}),
        ("field.add", field.id, {"cells": 3}),
        ("field.delete", field.id, {"cells": 3}),
        ("care_review.add", "a" * 64, {"reviewed_on": "2026-03-14"}),
    ]


def test_what_is_refused_is_not_noted(store) -> None:
    with pytest.raises(StorageError):
        store.add_verdict("no reading", make_verdict())
    with pytest.raises(StorageError), store._session(write=True) as session:
        note(session, "test.do", "thing") or note(session, "test.do", "half of \ud800")
    assert store.audit.count() == 0
    assert store.audit.verify().whole


@pytest.mark.parametrize("wrong", [{"a": float("nan")}, {"a": object()}, {"a": "half of \ud800"}])
def test_a_detail_that_cannot_be_kept_is_refused(store, wrong) -> None:
    with pytest.raises(StorageError, match=r"entry 'test.do' .* Give its subject and detail"):
        store.audit.add("test.do", "thing", wrong)
    with pytest.raises(StorageError, match="cannot be stored"):
        store.audit.add("test.do", "half of \ud800")
    assert store.audit.count() == 0


def test_a_whole_chain_is_walked_in_parts(store, monkeypatch) -> None:
    monkeypatch.setattr("cervix_models.storage.audit.AT_ONCE", 2)
    empty = store.audit.verify()
    assert (empty.count, empty.head, empty.noted, empty.whole) == (0, BEFORE_ALL, 0, True)
    add(store, 5)
    chain = store.audit.verify()
    assert (chain.count, chain.noted, chain.problem) == (5, 5, None)
    assert chain.head == store.audit.entries()[0].sha256


def test_threads_make_one_chain(store) -> None:
    threads = [threading.Thread(target=add, args=(store, 10)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    chain = store.audit.verify()
    assert (chain.count, chain.noted, chain.problem) == (40, 40, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit WHERE number = 2",
        "DELETE FROM audit",
    ],
)
def test_the_database_takes_no_change(store, raw, statement) -> None:
    add(store, 2)
    with pytest.raises(sa.exc.DBAPIError, match="added and never changed"), raw.begin() as it:
        it.execute(sa.text(statement))
    assert store.audit.count() == 2


def test_no_other_way_round_either(store, raw) -> None:
    add(store, 2)
    statement = "TRUNCATE audit"
    if raw.dialect.name == "sqlite":
        columns = "number, created_at, 'nobody', action, subject, detail, previous, 'x'"
        statement = f"INSERT OR REPLACE INTO audit SELECT {columns} FROM audit WHERE number = 2"
    with pytest.raises(sa.exc.DBAPIError, match="added and never changed"), raw.begin() as it:
        it.execute(sa.text(statement))
    assert [each.actor for each in store.audit.entries()] == ["operator", "operator"]


@pytest.mark.parametrize(
    ("statement", "count", "sentence"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE number = 3", 2, "The entry 3 was changed since"),
        ("UPDATE audit SET detail = '[]' WHERE number = 1", 0, "The entry 1 was changed"),
        ("DELETE FROM audit WHERE number = 3", 2, "The entry 3 is missing: after 2 comes 4"),
        ("DELETE FROM audit WHERE number = 1", 0, "The entry 1 is missing: after 0 comes 2"),
        ("UPDATE audit SET previous = sha256 WHERE number = 4", 3, "The entry 4 does not follow"),
        ("DELETE FROM audit WHERE number > 3", 3, "The entry 4 was noted when it was made"),
        ("DELETE FROM audit", 0, "The entry 1 was noted when it was made and is missing now"),
    ],
)  # fmt: skip
def test_what_was_changed_past_the_triggers_is_named(
    store, raw, statement, count, sentence
) -> None:
    add(store, 5)
    meddle(raw, statement)
    chain = store.audit.verify()
    assert (chain.count, chain.noted, chain.whole) == (count, 5, False)
    assert sentence in chain.problem


def test_two_entries_that_changed_places_are_seen(store, raw) -> None:
    add(store, 4)
    turn = "UPDATE audit SET number = {} WHERE number = {}"
    meddle(raw, turn.format(9, 2), turn.format(2, 3), turn.format(3, 9))
    assert "The entry 2 does not follow the one before" in store.audit.verify().problem


def test_a_log_that_was_written_anew_is_seen_by_its_noted_heads(store, raw, settings) -> None:
    add(store, 3)
    heads = settings.home / "audit.heads"
    before = heads.read_bytes()
    meddle(raw, "DELETE FROM audit")
    add(store, 3)
    heads.write_bytes(before)
    chain = store.audit.verify()
    assert (chain.count, chain.whole) == (3, False)
    assert "The entry 1 is not the one that was noted when it was made" in chain.problem
    heads.unlink()
    assert (store.audit.verify().whole, store.audit.verify().noted) == (True, 0)


def test_a_torn_line_of_the_heads_spoils_no_other(store, settings) -> None:
    add(store, 1)
    heads = settings.home / "audit.heads"
    heads.write_text(f"{heads.read_text()}2 abc")
    add(store, 1)
    chain = store.audit.verify()
    assert (chain.count, chain.noted, chain.problem) == (2, 2, None)


def test_heads_that_cannot_be_written_are_told_and_hinder_nothing(store, settings, caplog) -> None:
    (settings.home / "audit.heads").mkdir()
    add(store, 1)
    assert store.audit.count() == 1
    assert "The head of the audit log was not noted" in caplog.text
    with pytest.raises(StorageError, match=r"heads .* cannot be read .* Set its rights"):
        store.audit.verify()


def test_a_head_that_is_newer_than_the_walk_is_no_fault(store, monkeypatch) -> None:
    add(store, 2)
    walk = audit.walk

    def slow(connection):
        found = walk(connection)
        add(store, 1)
        return found

    monkeypatch.setattr(audit, "walk", slow)
    chain = store.audit.verify()
    assert (chain.count, chain.noted, chain.problem) == (2, 2, None)


def test_the_log_goes_on_when_the_store_is_opened_again(store, settings) -> None:
    add(store, 2)
    again = open_store(settings)
    add(again, 1)
    assert (again.audit.verify().count, again.audit.verify().problem) == (3, None)
    again.close()
