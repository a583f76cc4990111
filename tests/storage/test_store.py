"""The store keeps what it is given, whole, and says what is missing; on SQLite and PostgreSQL."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from cervix_models.errors import StorageError, VerdictError
from cervix_models.storage import open_store
from tests.storage.samples import (
    NOON,
    cell_image,
    make_reading,
    make_revision,
    make_verdict,
    pictures,
    png,
    referred,
    stored,
)


def ids(rows) -> list[str]:
    return [row.reading.id for row in rows]


def test_a_reading_comes_back_as_it_was_given(store) -> None:
    given = stored(store)
    assert store.reading(given.id) == given
    assert list(store.reading(given.id).features) == list(given.features)
    assert store.row(given.id).verdict is None


def test_a_referred_reading_without_outlines_comes_back(store) -> None:
    given = stored(store, make=referred, mask_sha256=None, heat_sha256=None)
    assert store.reading(given.id) == given


def test_letters_of_any_language_come_back(store) -> None:
    given = stored(store, warnings=("Größe, мазок, 細胞, 𝛼",))
    assert store.reading(given.id).warnings == given.warnings


def test_times_come_back_in_utc_whatever_zone_they_had(store) -> None:
    there = timezone(timedelta(hours=-5, minutes=-30))
    stored(store, created_at=datetime(2026, 3, 14, 20, 0, 0, 5, tzinfo=there))
    found = store.readings()[0].reading.created_at
    assert found == datetime(2026, 3, 15, 1, 30, 0, 5, tzinfo=UTC)
    assert found.tzinfo is UTC
    store.add_verdict("reading-0000", make_verdict())
    assert store.verdicts("reading-0000")[0].created_at.tzinfo is UTC


def test_a_time_without_zone_is_refused(store) -> None:
    with pytest.raises(StorageError, match="has no zone"):
        stored(store, created_at=NOON.replace(tzinfo=None))
    assert store.count() == 0


def test_a_value_that_cannot_be_measured_comes_back_as_such(store) -> None:
    given = stored(store, features={"nucleus_area": math.nan, "cell_circularity": 0.5})
    found = store.reading(given.id).features
    assert math.isnan(found["nucleus_area"])
    assert found["cell_circularity"] == 0.5
    with pytest.raises(StorageError, match="'nucleus_area' is infinite"):
        stored(store, 1, features={"nucleus_area": math.inf})


def test_an_unknown_id_is_answered_with_a_sentence(store) -> None:
    for asked in (store.reading, store.row, store.neighbours, store.verdicts, store.delete_reading):
        with pytest.raises(StorageError, match="No reading has the id 'nobody'; expected"):
            asked("nobody")
    with pytest.raises(StorageError, match="No reading has the id 'nobody'"):
        store.add_verdict("nobody", make_verdict())


def test_an_id_is_given_once(store) -> None:
    given = stored(store)
    with pytest.raises(StorageError, match="already stored"):
        store.add_reading(replace(given, label="Metaplastic"))
    assert store.reading(given.id) == given


def test_a_reading_without_its_pictures_is_not_kept_by_halves(store) -> None:
    named = {name: store.put_blob(data) for name, data in pictures().items()}
    with pytest.raises(StorageError, match=f"{'e' * 64} is not in the store"):
        store.add_reading(make_reading(**{**named, "heat_sha256": "e" * 64}))
    with pytest.raises(StorageError, match="is no picture"):
        store.add_reading(make_reading(**{**named, "mask_sha256": store.put_blob(b"text")}))
    assert store.count() == 0
    assert rows_of(store, "images") == 0


def test_pictures_are_listed_with_their_size(store) -> None:
    data = png(cell_image())
    given = stored(store)
    with store._engine.connect() as connection:
        asked = sa.text("SELECT kind, width, height, bytes FROM images WHERE sha256 = :sha")
        found = connection.execute(asked, {"sha": given.image_sha256}).one()
    assert tuple(found) == ("image", 160, 120, len(data))


def test_the_worklist_is_newest_first_and_turns_pages(store) -> None:
    for number in (2, 0, 3, 1):
        stored(store, number)
    assert ids(store.readings()) == [f"reading-000{n}" for n in (3, 2, 1, 0)]
    assert ids(store.readings(newest_first=False, limit=1)) == ["reading-0000"]
    assert ids(store.readings(limit=2, offset=1)) == ["reading-0002", "reading-0001"]
    assert ids(store.readings(limit=None, offset=3)) == ["reading-0000"]


def test_readings_are_had_by_their_ids_in_the_order_asked(store, monkeypatch) -> None:
    monkeypatch.setattr("cervix_models.storage.store.AT_ONCE", 2)
    given = [stored(store, number) for number in range(5)]
    store.add_verdict(given[3].id, make_verdict())
    asked = [given[at].id for at in (4, 0, 3)]
    rows = store.rows([*asked, "gone"])
    assert ids(rows) == asked
    assert [row.verdict is None for row in rows] == [True, True, False]
    assert store.rows([]) == []


def test_the_worklist_is_filtered(store) -> None:
    stored(store, 0)
    stored(store, 1, label="Metaplastic")
    stored(store, 2, make=referred)
    stored(store, 3)
    store.add_verdict("reading-0000", make_verdict("refer"))
    store.add_verdict("reading-0000", make_verdict("agree", seconds=1))
    store.add_verdict("reading-0001", make_verdict("correct", "Parabasal"))

    assert ids(store.readings(decision="refer")) == ["reading-0002"]
    assert ids(store.readings(label="Koilocytotic")) == ["reading-0003", "reading-0000"]
    assert ids(store.readings(verdict="open")) == ["reading-0003", "reading-0002"]
    assert ids(store.readings(verdict="agree")) == ["reading-0000"]
    assert ids(store.readings(verdict="refer")) == []
    assert ids(store.readings(verdict="open", decision="class")) == ["reading-0003"]
    assert (store.count(), store.count(verdict="open"), store.count(label="Metaplastic")) == (
        4,
        2,
        1,
    )
    with pytest.raises(StorageError, match="'none'; expected one of open, agree, correct, refer"):
        store.readings(verdict="none")


def test_each_row_has_the_newest_verdict(store) -> None:
    stored(store)
    first, last = make_verdict("refer", seconds=5), make_verdict("correct", "Metaplastic", "Is it?")
    store.add_verdict("reading-0000", first)
    store.add_verdict("reading-0000", last)
    assert [row.verdict for row in store.readings()] == [last]
    assert store.row("reading-0000").verdict == last
    assert store.verdicts("reading-0000") == [first, last]


def test_a_page_of_the_worklist_takes_the_same_queries_however_long_it_is(store) -> None:
    asked: list[str] = []
    for number in range(6):
        stored(store, number)
        store.add_verdict(f"reading-{number:04}", make_verdict())
    listen = lambda _c, _cursor, statement, *_: asked.append(statement)  # noqa: E731
    sa.event.listen(store._engine, "before_cursor_execute", listen)
    store.readings(limit=1)
    one = len(asked)
    store.readings()
    assert len(asked) - one == one <= 3  # BEGIN, readings with verdicts, models


def test_neighbours_follow_the_worklist(store) -> None:
    for number in range(3):
        stored(store, number)
    stored(store, 3, created_at=NOON + timedelta(seconds=1))  # the same moment as number 1
    assert ids(store.readings()) == ["reading-0002", "reading-0003", "reading-0001", "reading-0000"]
    assert store.neighbours("reading-0002") == (None, "reading-0003")
    assert store.neighbours("reading-0003") == ("reading-0002", "reading-0001")
    assert store.neighbours("reading-0001") == ("reading-0003", "reading-0000")
    assert store.neighbours("reading-0000") == ("reading-0001", None)


def test_neighbours_keep_to_a_filter(store) -> None:
    for number in range(4):
        stored(store, number, make=referred if number in (0, 3) else make_reading)
    store.add_verdict("reading-0003", make_verdict())
    assert store.neighbours("reading-0001", decision="refer") == ("reading-0003", "reading-0000")
    assert store.neighbours("reading-0001", verdict="open", decision="refer") == (
        None,
        "reading-0000",
    )


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (make_verdict("correct"), "names no class; expected one of Dyskeratotic, Koilocytotic"),
        (make_verdict("correct", "Cancer"), "names the class 'Cancer'; expected one of"),
        (make_verdict("agree", "Parabasal"), "only a correction names a class"),
        (make_verdict("refer", "Parabasal"), "only a correction names a class"),
        (make_verdict("perhaps"), "The verdict is 'perhaps'; expected one of agree, correct, ref"),
        (make_verdict(remark="x" * 2001), "has 2001 characters; expected at most 2000"),
        (make_verdict(remark="a\0b"), "cannot be stored"),
        (make_verdict(remark="\ud83d"), "cannot be stored"),
    ],
)
def test_an_incomplete_verdict_is_refused(store, verdict, sentence) -> None:
    stored(store)
    with pytest.raises(VerdictError, match=sentence):
        store.add_verdict("reading-0000", verdict)
    assert store.verdicts("reading-0000") == []


def test_a_long_remark_is_kept(store) -> None:
    stored(store)
    given = make_verdict("correct", "Parabasal", "é" * 2000)
    store.add_verdict("reading-0000", given)
    assert store.verdicts("reading-0000") == [given]


def test_deleting_takes_everything_of_a_reading_but_shared_pictures(store) -> None:
    first = stored(store)
    shared = {name: getattr(first, name) for name in ("image_sha256", "mask_sha256")}
    heat = store.put_blob(png(cell_image(seed=9)[:, :, 0]))
    store.add_reading(make_reading(1, **shared, heat_sha256=heat))
    store.add_verdict(first.id, make_verdict())

    store.delete_reading(first.id)
    assert ids(store.readings()) == ["reading-0001"]
    assert [store.has_blob(each) for each in shared.values()] == [True, True]
    assert not store.has_blob(first.heat_sha256)
    assert (rows_of(store, "verdicts"), rows_of(store, "model_uses")) == (0, 2)

    store.delete_reading("reading-0001")
    assert not any(store.has_blob(each) for each in (*shared.values(), heat))
    assert rows_of(store, "images") == 0


def test_the_same_picture_read_twice_is_kept_once(store) -> None:
    first = stored(store)
    store.add_reading(replace(first, id="again"))
    assert rows_of(store, "images") == 3


def test_threads_add_verdicts_and_read_at_once(store) -> None:
    stored(store)
    failures: list[Exception] = []

    def work(thread: int) -> None:
        try:
            for number in range(10):
                store.add_verdict("reading-0000", make_verdict(remark=f"{thread}-{number}"))
                store.readings()
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    run_all([threading.Thread(target=work, args=(number,)) for number in range(8)])
    assert failures == []
    remarks = [each.remark for each in store.verdicts("reading-0000")]
    assert sorted(remarks) == sorted(f"{t}-{n}" for t in range(8) for n in range(10))
    for thread in range(8):
        own = [each for each in remarks if each.startswith(f"{thread}-")]
        assert own == [f"{thread}-{n}" for n in range(10)]


def test_threads_store_and_delete_readings_of_one_picture(store) -> None:
    """No reading ever stands without its pictures, however the threads fall."""
    failures: list[Exception] = []
    image = png(cell_image(seed=3))

    def work(thread: int) -> None:
        for number in range(6):
            try:
                name = f"{thread}-{number}"
                store.add_reading(make_reading(id=name, image_sha256=store.put_blob(image)))
                if number % 2:
                    store.delete_reading(name)
            except StorageError as error:
                if "not in the store" not in str(error):  # deleted between put and add: refused
                    failures.append(error)

    run_all([threading.Thread(target=work, args=(number,)) for number in range(4)])
    assert failures == []
    for row in store.readings(limit=None):
        assert store.blob(row.reading.image_sha256) == image


def test_threads_open_an_empty_home_at_once(settings) -> None:
    opened, failures = [], []

    def work() -> None:
        try:
            opened.append(open_store(settings))
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    run_all([threading.Thread(target=work) for _ in range(4)])
    assert failures == []
    assert [each.count() for each in opened] == [0, 0, 0, 0]
    for each in opened:
        each.close()


def test_another_store_on_the_same_home_sees_the_readings(store, settings) -> None:
    given = stored(store)
    other = open_store(settings)
    assert other.reading(given.id) == given
    assert other.blob(given.image_sha256) == pictures()["image_sha256"]
    other.close()


def run_all(threads: list[threading.Thread]) -> None:
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=60)
    assert not any(each.is_alive() for each in threads)


def rows_of(store, table: str) -> int:
    with store._engine.connect() as connection:
        return connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_corrected_outlines_come_back_and_the_newest_count(store) -> None:
    given = stored(store)
    assert store.row(given.id).revision is None
    assert store.row(given.id).current == given
    first = make_revision(store)
    second = make_revision(store, seconds=1, shift=5, origin="imported", heat=None, label=None,
                           decision="refer", reasons=("Unsure, ünsicher.",))  # fmt: skip
    for each in (first, second):
        store.add_revision(given.id, each)
    found = store.revisions(given.id)
    assert math.isnan(found[0].features["cytoplasm_area"])
    plain = {"nucleus_area": 1.0}
    same = [replace(each, features=plain) for each in found]
    assert same == [replace(each, features=plain) for each in (first, second)]
    row = store.row(given.id)
    assert row.reading == given  # the answer stays on record
    assert row.revision.origin == "imported"
    assert row.current.mask_sha256 == second.mask_sha256 != given.mask_sha256
    assert (row.current.heat, row.current.label) == (None, given.label)
    assert row.current.features["nucleus_area"] == 1111.0


def test_each_row_has_its_own_newest_verdict_and_outlines(store) -> None:
    for number in range(3):
        stored(store, number)
    for seconds in range(3):
        store.add_verdict("reading-0001", make_verdict(seconds=seconds))
        store.add_revision("reading-0001", make_revision(store, seconds, shift=seconds + 2))
    store.add_revision("reading-0002", make_revision(store))
    rows = store.readings(newest_first=False)
    assert ids(rows) == [f"reading-000{n}" for n in range(3)]
    assert [row.verdict is not None for row in rows] == [False, True, False]
    assert [row.revision is not None for row in rows] == [False, True, True]
    assert rows[1].revision.created_at == NOON + timedelta(hours=2, seconds=2)


def test_outlines_without_their_mask_or_reading_are_refused(store) -> None:
    stored(store)
    with pytest.raises(StorageError, match=f"{'f' * 64} is not in the store"):
        store.add_revision("reading-0000", make_revision())
    with pytest.raises(StorageError, match="No reading has the id 'nobody'"):
        store.add_revision("nobody", make_revision(store))
    with pytest.raises(StorageError, match="No reading has the id 'nobody'"):
        store.revisions("nobody")
    assert store.revisions("reading-0000") == []


def test_outlines_go_with_their_reading_but_not_with_another(store) -> None:
    first, second = stored(store), stored(store, 1)
    shared, own = make_revision(store, shift=7), make_revision(store, shift=9)
    for reading, revision in ((first, shared), (first, own), (second, shared)):
        store.add_revision(reading.id, revision)
    store.delete_reading(first.id)
    assert not store.has_blob(own.mask_sha256)
    assert store.has_blob(shared.mask_sha256)
    assert rows_of(store, "revisions") == 1
    assert store.has_blob(second.mask_sha256)
    store.delete_reading(second.id)
    assert not store.has_blob(shared.mask_sha256)
    assert rows_of(store, "images") == rows_of(store, "revisions") == 0
