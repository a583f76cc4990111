"""What is backed up comes back the same, on either kind of database, and nothing else comes in."""

from __future__ import annotations

import shutil
import threading
import uuid
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from cervix_models.errors import StorageError
from cervix_models.storage import backup, open_store
from cervix_models.storage.backup import back_up
from cervix_models.storage.blobs import BlobStore
from cervix_models.storage.database import make_engine
from cervix_models.storage.restore import restore
from tests.storage.conftest import settings_for
from tests.storage.samples import (
    make_revision,
    make_verdict,
    pictures,
    stored,
    stored_field,
)


@pytest.fixture
def full(store, settings, tmp_path):
    """A store with readings, a field, weights and the files that a home holds."""
    reading = stored(store)
    store.add_verdict(reading.id, make_verdict(remark="sure, „entirely“"))
    store.add_revision(reading.id, make_revision(store))
    stored(store, 2)
    store.delete_reading("reading-0002")
    stored_field(store)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"numbers" * 100)
    store.put_file(weights)
    for name in (
        "models/cnn/card.json",
        "runs/a/weights/cnn/card.json",
        "datasets/x/index.parquet",
    ):
        path = settings.home / name
        path.parent.mkdir(parents=True)
        path.write_text(f"{name} holds this")
    for name in ("runs/a/last.ckpt", "models/.new-1"):  # too large, or half written
        (settings.home / name).write_text("not this")
    return store


def contents(store) -> dict[str, object]:
    """All that a store and its home say."""
    rows = store.readings(limit=None)
    named = {row.reading.image_sha256 for row in rows} | {
        each.mask_sha256 for row in rows for each in store.revisions(row.reading.id)
    }
    return {
        "rows": rows,
        "verdicts": [store.verdicts(row.reading.id) for row in rows],
        "revisions": [store.revisions(row.reading.id) for row in rows],
        "cells": [store.cells(field.id) for field in store.fields(limit=None)],
        "pictures": {sha256: store.blob(sha256) for sha256 in named},
        "weights": store._blobs.files(),
        "entries": store.audit.entries(limit=None),
        "chain": store.audit.verify(),
    }


def destroy(settings) -> None:
    """Leaves nothing of an installation."""
    shutil.rmtree(settings.home)
    if settings.database_url.startswith("postgresql"):
        engine = make_engine(settings.database_url)
        with engine.begin() as connection:
            schema = connection.execute(sa.text("SELECT current_schema()")).scalar_one()
            connection.execute(sa.text(f"DROP SCHEMA {schema} CASCADE"))
            connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
        engine.dispose()


def test_what_was_destroyed_comes_back_the_same(full, settings, tmp_path) -> None:
    made = back_up(settings, tmp_path / "one.tar")
    before = contents(full)
    full.close()
    destroy(settings)
    restored = restore(settings, tmp_path / "one.tar")
    again = open_store(settings)
    assert contents(again) == before
    assert before["chain"].whole
    assert (restored.chain.count, restored.chain.head) == (
        before["chain"].count,
        before["chain"].head,
    )
    assert (restored.rows, restored.pictures, restored.missing) == (made.rows, made.pictures, ())
    assert (settings.home / "models/cnn/card.json").read_text() == "models/cnn/card.json holds this"
    assert (settings.home / "runs/a/weights/cnn/card.json").is_file()
    assert (settings.home / "datasets/x/index.parquet").is_file()
    assert not (settings.home / "runs/a/last.ckpt").exists()
    assert not (settings.home / "models/.new-1").exists()
    assert not list(settings.home.glob(".restore-*"))
    stored(again, 7)  # numbers that the database gives go on
    again.add_verdict("reading-0007", make_verdict())
    assert again.audit.verify().whole
    again.close()


@pytest.mark.postgres
def test_a_backup_of_either_kind_is_restored_into_the_other(
    full, settings, server, tmp_path
) -> None:
    back_up(settings, tmp_path / "one.tar")
    name = f"cervix_test_{uuid.uuid4().hex}"
    other = settings_for(f"sqlite:///{tmp_path}/other/home/x.sqlite3", tmp_path / "other")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        if settings.database_url.startswith("sqlite"):
            url = f"{server}?options=-csearch_path%3D{name}"
            other = replace(other, database_url=url)
        restore(other, tmp_path / "one.tar")
        opened = open_store(other)
        assert contents(opened) == contents(full)
        opened.add_verdict("reading-0000", make_verdict("refer"))
        opened.close()
        connection.execute(f"DROP SCHEMA {name} CASCADE")


def test_a_home_that_is_not_empty_is_left_alone_unless_forced(full, settings, tmp_path) -> None:
    back_up(settings, tmp_path / "one.tar")
    before = contents(full)
    full.delete_reading("reading-0000")
    stored(full, 3)
    (settings.home / "models/cnn/card.json").write_text("newer")
    with pytest.raises(
        StorageError, match=r"holds a database with rows and pictures and models and"
    ):
        restore(settings, tmp_path / "one.tar")
    assert full.reading("reading-0003")
    restore(settings, tmp_path / "one.tar", force=True)
    assert contents(full) == before
    assert (settings.home / "models/cnn/card.json").read_text() == "models/cnn/card.json holds this"
    aside = {each.name.split("-")[0] for each in settings.home.glob("*.before-*")}
    assert aside == {f"{name}.before" for name in ("models", "runs", "datasets", "audit.heads")}
    with (
        pytest.raises(StorageError, match="added and never changed"),
        full._session(write=True) as session,
    ):
        session.execute(sa.text("DELETE FROM audit"))


@pytest.mark.parametrize("left", ["models", "blobs", "rows"])
def test_any_one_thing_that_is_there_is_named(full, settings, tmp_path, left) -> None:
    back_up(settings, tmp_path / "one.tar")
    other = settings_for(f"sqlite:///{tmp_path}/other/home/x.sqlite3", tmp_path / "other")
    name = {"models": "models", "blobs": "pictures", "rows": "a database with rows"}[left]
    if left == "rows":
        opened = open_store(other)
        opened.audit.add("test.do", "thing")
        opened.close()
        (other.home / "audit.heads").unlink()
    elif left == "blobs":
        BlobStore(other.blobs).put(b"a picture")
    else:
        (other.home / "models/cnn").mkdir(parents=True)
    with pytest.raises(StorageError, match=f"holds {name} already; expected an empty home"):
        restore(other, tmp_path / "one.tar")


def test_it_is_whole_while_the_application_goes_on(store, settings, tmp_path) -> None:
    stop, errors = threading.Event(), []

    def work() -> None:
        number = 0
        try:
            while not stop.is_set():
                stored(store, number)
                if number % 3:
                    store.delete_reading(f"reading-{number:04}")
                number += 1
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        made = [back_up(settings, tmp_path / f"{number}.tar") for number in range(3)]
    finally:
        stop.set()
        thread.join()
    assert errors == []
    for number, each in enumerate(made):
        assert each.missing == ()
        folder = tmp_path / f"other{number}"
        other = settings_for(f"sqlite:///{folder}/x.sqlite3", folder)
        restore(other, tmp_path / f"{number}.tar")
        opened = open_store(other)
        found = contents(opened)
        opened.close()
        assert (found["chain"].problem, found["chain"].head) == (None, each.chain.head)
        assert len(found["rows"]) == each.rows["readings"]


def test_a_picture_that_is_deleted_meanwhile_is_not_missed(store, settings, tmp_path, monkeypatch):
    stored(store, 1)
    stored(store, 2)
    taken = backup._snapshot

    def slow(url: str, target: Path) -> None:
        taken(url, target)
        if target.name == "0.sqlite3":
            store.delete_reading("reading-0001")

    monkeypatch.setattr(backup, "_snapshot", slow)
    made = back_up(settings, tmp_path / "one.tar")
    assert (made.rows["readings"], made.missing) == (1, ())


def test_a_picture_that_is_lost_is_told_and_the_rest_is_kept(store, settings, tmp_path, caplog):
    reading = stored(store)
    store._blobs.path(reading.image_sha256).unlink()
    store._blobs.path(reading.heat_sha256).write_bytes(b"damaged")
    made = back_up(settings, tmp_path / "one.tar")
    assert set(made.missing) == {reading.image_sha256, reading.heat_sha256}
    assert f"{reading.image_sha256} is named by the database and not in the store" in caplog.text
    other = settings_for(f"sqlite:///{tmp_path}/other/home/x.sqlite3", tmp_path / "other")
    assert restore(other, tmp_path / "one.tar").missing == made.missing
    opened = open_store(other)
    assert opened.reading(reading.id) == reading
    assert opened.blob(reading.mask_sha256) == pictures()["mask_sha256"]
    opened.close()


def test_what_was_deleted_is_not_in_a_backup(store, settings, tmp_path) -> None:
    stored(store)
    store.add_verdict("reading-0000", make_verdict(remark="a remark that goes"))
    store.delete_reading("reading-0000")
    back_up(settings, tmp_path / "one.tar")
    assert b"a remark that goes" not in (tmp_path / "one.tar").read_bytes()


def test_a_file_that_is_there_is_not_written_over(store, settings, tmp_path) -> None:
    (tmp_path / "one.tar").write_text("something dear")
    with pytest.raises(StorageError, match=r"one.tar is there already; expected a new name"):
        back_up(settings, tmp_path / "one.tar")
    assert (tmp_path / "one.tar").read_text() == "something dear"


def test_a_backup_that_fails_leaves_no_file(store, settings, tmp_path, monkeypatch) -> None:
    stored(store)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tarfile.TarFile.addfile", fail)
    with pytest.raises(StorageError, match=r"one.tar cannot be written: No space left on device"):
        back_up(settings, tmp_path / "there" / "one.tar")
    assert list((tmp_path / "there").iterdir()) == []


def test_only_its_owner_may_read_it(store, settings, tmp_path) -> None:
    back_up(settings, tmp_path / "one.tar")
    assert (tmp_path / "one.tar").stat().st_mode & 0o777 == 0o600


def test_a_restore_that_fails_in_the_database_keeps_what_was_there(
    full, settings, tmp_path, monkeypatch
) -> None:
    back_up(settings, tmp_path / "one.tar")
    full.delete_reading("reading-0000")
    before = full.readings(limit=None)
    monkeypatch.setattr(
        "cervix_models.storage.rows._same", lambda *_: (_ for _ in ()).throw(StorageError("no"))
    )
    with pytest.raises(StorageError, match="no"):
        restore(settings, tmp_path / "one.tar", force=True)
    assert full.readings(limit=None) == before
    assert full.audit.verify().whole


def test_rows_go_in_parts(store, settings, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("cervix_models.storage.rows.AT_ONCE", 4)
    for number in range(9):
        stored(store, number)
    back_up(settings, tmp_path / "one.tar")
    other = settings_for(f"sqlite:///{tmp_path}/other/home/x.sqlite3", tmp_path / "other")
    assert restore(other, tmp_path / "one.tar").rows["readings"] == 9
    opened = open_store(other)
    assert opened.readings(limit=None) == store.readings(limit=None)
    opened.close()
