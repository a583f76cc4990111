"""Pictures are kept by their hash, whole, and what is missing or changed is said."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from cervix_models.errors import StorageError
from cervix_models.storage import open_store
from cervix_models.storage.blobs import BlobStore
from tests.storage.conftest import settings_for

DATA = b"some bytes"
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def blobs(tmp_path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def files(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file())


def test_bytes_lie_under_their_hash_and_come_back(blobs) -> None:
    assert blobs.put(DATA) == SHA
    assert files(blobs.folder) == [f"{SHA[:2]}/{SHA[2:4]}/{SHA}"]
    assert blobs.get(SHA) == DATA
    assert blobs.has(SHA)


def test_putting_again_changes_nothing(blobs) -> None:
    blobs.put(DATA)
    before = blobs.path(SHA).stat()
    assert blobs.put(DATA) == SHA
    after = blobs.path(SHA).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_missing_picture_is_said(blobs) -> None:
    assert not blobs.has(SHA)
    with pytest.raises(StorageError, match=f"The picture {SHA} is not in the store .* backup"):
        blobs.get(SHA)


def test_a_changed_picture_is_refused_and_mended_by_putting_it_again(blobs) -> None:
    blobs.put(DATA)
    blobs.path(SHA).write_bytes(b"some other!")
    with pytest.raises(StorageError, match=f"{SHA} was changed since it was stored"):
        blobs.get(SHA)
    blobs.put(DATA)
    assert blobs.get(SHA) == DATA


@pytest.mark.parametrize("name", ["", "../../etc/passwd", SHA.upper(), SHA + "0", SHA + "\n"])
def test_a_name_that_is_no_hash_is_refused(blobs, name) -> None:
    for asked in (blobs.get, blobs.has, blobs.remove):
        with pytest.raises(StorageError, match="is no sha256; expected 64 digits"):
            asked(name)


def test_nothing_half_written_stays_behind(blobs, monkeypatch) -> None:
    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(StorageError, match=r"cannot be stored in .*: No space left on device"):
        blobs.put(DATA)
    assert files(blobs.folder) == []


def test_removing_twice_is_no_fault(blobs) -> None:
    blobs.put(DATA)
    blobs.remove(SHA)
    blobs.remove(SHA)
    assert not blobs.has(SHA)


def test_threads_put_the_same_bytes(blobs) -> None:
    found: list[str] = []
    data = b"x" * 200_000
    threads = [threading.Thread(target=lambda: found.append(blobs.put(data))) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=30)
    assert found == [hashlib.sha256(data).hexdigest()] * 8
    assert len(files(blobs.folder)) == 1
    assert blobs.get(found[0]) == data


def test_a_home_that_cannot_be_made_is_said(tmp_path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match=r"cannot be made: .* Name another in CERVIX_HOME"):
        open_store(settings_for(f"sqlite:///{tmp_path}/a.sqlite3", tmp_path))
