"""The commands that check the audit log, back up, restore and move."""

from __future__ import annotations

import csv
import shutil

import pytest

from cervix_models.__main__ import main
from cervix_models.settings import load_settings
from cervix_models.storage import open_store
from tests.storage.samples import make_verdict, stored


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The store that the commands find, with one reading."""
    for name in ("CERVIX_DATABASE_URL", "CERVIX_BLOBS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CERVIX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CERVIX_CACHE", str(tmp_path / "cache"))
    opened = open_store(load_settings())
    stored(opened)
    yield opened
    opened.close()


def test_the_log_is_checked_and_its_head_printed(store, capsys) -> None:
    assert main(["audit", "verify"]) == 0
    said = capsys.readouterr().out
    head = f"1:{store.audit.entries()[0].sha256}"
    assert said == f"1 entries, all whole; 1 heads that were noted agree.\nHead: {head}\n"
    store.add_verdict("reading-0000", make_verdict())
    assert main(["audit", "verify", "--head", head]) == 0
    assert main(["audit", "verify", "--head", f"2:{'a' * 64}"]) == 2
    said = capsys.readouterr().err
    assert "The audit log is not whole. The entry 2 is not the one that was noted" in said
    with pytest.raises(SystemExit):
        main(["audit", "verify", "--head", "something"])
    assert "is no NUMBER:SHA256" in capsys.readouterr().err


def test_the_log_is_written_as_a_table_once(store, tmp_path, capsys) -> None:
    path = tmp_path / "log.csv"
    assert main(["audit", "export", str(path)]) == 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        (line,) = csv.DictReader(file)
    assert (line["action"], line["subject"]) == ("reading.add", "reading-0000")
    assert main(["audit", "export", str(path)]) == 2
    assert "is there already; expected a new name" in capsys.readouterr().err
    assert main(["audit", "export", str(tmp_path / "none" / "log.csv")]) == 2
    assert "cannot be written: No such file" in capsys.readouterr().err


def test_a_backup_is_restored(store, tmp_path, capsys) -> None:
    path = tmp_path / "one.tar"
    assert main(["backup", str(path)]) == 0
    told = capsys.readouterr().out.removeprefix(f"{path}: ")
    assert told.startswith("1 readings, 3 pictures, ")
    head = store.audit.entries()[0].sha256
    assert told.endswith(f"Head of the audit log: 2:{head}\n")
    store.close()
    shutil.rmtree(load_settings().home)
    assert main(["restore", str(path)]) == 0
    assert capsys.readouterr().out == f"Restored: {told}"
    assert main(["restore", str(path)]) == 2
    assert "or say --force to replace all of it" in capsys.readouterr().err
    assert main(["restore", str(path), "--force"]) == 0
    again = open_store(load_settings())
    assert again.reading("reading-0000")
    assert again.audit.verify().head == head
    again.close()


def test_records_are_moved(store, tmp_path, monkeypatch, capsys) -> None:
    url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    assert main(["move", "--to", url]) == 0
    assert f"2:{store.audit.entries()[0].sha256}" in capsys.readouterr().out
    assert main(["move", "--to", url]) == 2
    assert "holds rows already" in capsys.readouterr().err
    monkeypatch.setenv("CERVIX_DATABASE_URL", url)
    moved = open_store(load_settings())
    assert moved.reading("reading-0000") == store.reading("reading-0000")
    moved.close()
