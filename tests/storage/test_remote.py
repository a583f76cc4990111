"""Pictures and weights elsewhere: the same promises, a cache that is never believed blindly."""

from __future__ import annotations

import hashlib
import os
import uuid
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest

from cervix_models.errors import StorageError
from cervix_models.storage import open_store
from cervix_models.storage.blobs import BlobStore
from cervix_models.storage.remote import Cache, RemoteBlobs, open_blobs
from tests.storage.conftest import settings_for
from tests.storage.samples import pictures, stored

DATA = b"some bytes"
SHA = hashlib.sha256(DATA).hexdigest()
SECRETS = {
    "AWS_ACCESS_KEY_ID": "somebody",
    "AWS_SECRET_ACCESS_KEY": "a word",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="session")
def s3_server():
    """The address of an S3 server of its own; without moto and s3fs the test is skipped."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["memory", "s3"])
def address(request, monkeypatch) -> str:
    """An empty store of either kind."""
    name = f"pictures-{uuid.uuid4().hex}"
    if request.param == "memory":
        return f"memory://{name}/below"
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3_server"))
    for key, value in SECRETS.items():
        monkeypatch.setenv(key, value)
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir(name)
    return f"s3://{name}/below"


@pytest.fixture
def open_at(address, tmp_path):
    """Opens the store as one machine sees it, each with a cache of its own."""

    def opened(machine: str = "here") -> RemoteBlobs:
        return RemoteBlobs(address, Cache(tmp_path / machine))

    return opened


@pytest.fixture
def blobs(open_at) -> RemoteBlobs:
    return open_at()


def put_there(blobs: RemoteBlobs, data: bytes, sha256: str = SHA) -> None:
    """Writes other bytes past the store's own ways."""
    blobs._fs.pipe_file(blobs._key(sha256), data)


def test_bytes_come_back_here_and_on_another_machine(blobs, open_at) -> None:
    assert not blobs.has(SHA)
    assert blobs.put(DATA) == blobs.put(DATA) == SHA
    other = open_at("there")
    assert (blobs.has(SHA), other.has(SHA)) == (True, True)
    assert blobs.get(SHA) == other.get(SHA) == blobs.held(SHA) == DATA
    blobs.remove(SHA)
    blobs.remove(SHA)
    assert (blobs.has(SHA), other.has(SHA)) == (False, False)
    with pytest.raises(StorageError, match=f"The picture {SHA} is not in the store .*://pictures"):
        blobs.get(SHA)


def test_what_another_machine_deleted_is_put_again_from_the_cache(blobs, open_at) -> None:
    blobs.put(DATA)
    open_at("there").remove(SHA)
    assert blobs.held(SHA) == DATA
    assert open_at("third").get(SHA) == DATA


def test_half_a_picture_does_not_count_and_is_mended(blobs, open_at) -> None:
    blobs.put(DATA)
    put_there(blobs, DATA[:4])
    with pytest.raises(StorageError, match=f"{SHA} was changed since it was stored"):
        open_at("there").get(SHA)
    blobs.put(DATA)
    assert open_at("there").get(SHA) == DATA


def test_a_changed_picture_in_the_cache_is_fetched_anew(blobs, tmp_path) -> None:
    blobs.put(DATA)
    BlobStore(tmp_path / "here").path(SHA).write_bytes(b"some other!")
    assert blobs.get(SHA) == DATA
    assert BlobStore(tmp_path / "here").get(SHA) == DATA


def test_a_picture_is_read_from_the_cache(blobs) -> None:
    blobs.put(DATA)
    blobs._fs.rm_file(blobs._key(SHA))
    assert blobs.get(SHA) == DATA


def test_a_cache_that_cannot_be_written_hinders_nothing(address, tmp_path, caplog) -> None:
    (tmp_path / "file").write_text("no folder")
    blobs = RemoteBlobs(address, Cache(tmp_path / "file"))
    blobs.put(DATA)
    assert blobs.get(SHA) == DATA
    assert "A picture is not cached" in caplog.text


def test_the_cache_loses_what_was_not_asked_for_longest(tmp_path) -> None:
    cache = Cache(tmp_path / "cache", limit=1000)
    content = [bytes([number]) * 250 for number in range(6)]
    names = [hashlib.sha256(each).hexdigest() for each in content]
    for number, (data, name) in enumerate(zip(content[:4], names, strict=False)):
        cache.put(data)
        os.utime(BlobStore(tmp_path / "cache").path(name), (number, number))
    assert cache.get(names[0]) == content[0]  # asked for: now the newest
    cache.put(content[4])
    assert [cache.get(name) is not None for name in names] == [
        True,
        False,
        False,
        True,
        True,
        False,
    ]


def test_weights_go_there_and_back(blobs, open_at, tmp_path) -> None:
    source = tmp_path / "model.safetensors"
    source.write_bytes(DATA * 1000)
    assert blobs.files() == []
    sha256 = blobs.put_file(source)
    assert sha256 == blobs.put_file(source) == hashlib.sha256(DATA * 1000).hexdigest()
    assert blobs.files() == [sha256]
    target = tmp_path / "fetched"
    open_at("there").get_file(sha256, target)
    assert target.read_bytes() == DATA * 1000
    with pytest.raises(StorageError, match=f"The weights {SHA} are not in the store"):
        blobs.get_file(SHA, target)
    blobs._fs.pipe_file(f"{blobs._root}/weights/{sha256}", b"others")
    with pytest.raises(StorageError, match="does not have the hash"):
        blobs.get_file(sha256, target)
    assert target.read_bytes() == DATA * 1000


@pytest.mark.parametrize("name", ["", "../../etc/passwd", SHA.upper(), SHA + "0"])
def test_a_name_that_is_no_hash_is_refused(blobs, name) -> None:
    for asked in (blobs.get, blobs.has, blobs.remove, blobs.held):
        with pytest.raises(StorageError, match="is no sha256; expected 64 digits"):
            asked(name)


def test_a_store_that_fails_is_told_in_a_sentence(blobs, monkeypatch, tmp_path) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Nobody there.\nA long story.")

    for name in ("info", "cat_file", "pipe_file", "rm_file", "ls", "put_file", "get_file"):
        monkeypatch.setattr(blobs._fs, name, fail)
    for asked in (
        lambda: blobs.put(DATA),
        lambda: blobs.get(SHA),
        lambda: blobs.remove(SHA),
        blobs.files,
        lambda: blobs.get_file(SHA, tmp_path / "target"),
    ):
        with pytest.raises(StorageError, match=r"://pictures.*: Nobody there\.\. Expected the st"):
            asked()


def test_an_s3_server_that_is_not_there_or_has_no_such_bucket_is_told(
    s3_server, monkeypatch, tmp_path
) -> None:
    for key, value in (SECRETS | {"AWS_ENDPOINT_URL": s3_server}).items():
        monkeypatch.setenv(key, value)
    url = f"s3://none-{uuid.uuid4().hex}/below"
    with pytest.raises(StorageError, match=r"in s3://none-.*: The specified bucket does not"):
        RemoteBlobs(url, Cache(tmp_path)).put(DATA)


@pytest.mark.parametrize("url", ["gopher://somewhere/", "wrong-kind://somewhere"])
def test_a_kind_of_store_that_is_not_known_is_refused(url, tmp_path) -> None:
    with pytest.raises(
        StorageError, match=r"CERVIX_BLOBS names a store of the kind .* pip install"
    ):
        RemoteBlobs(url, Cache(tmp_path))


@pytest.mark.parametrize("before", ["", "file://", "local://"])
def test_a_folder_is_a_folder_however_it_is_named(tmp_path, before) -> None:
    settings = settings_for("sqlite:///x", tmp_path)
    opened = open_blobs(replace(settings, blobs_url=f"{before}{tmp_path / 'other'}"))
    assert isinstance(opened, BlobStore)
    assert opened.folder == tmp_path / "other"
    assert opened.folder.is_dir()
    assert open_blobs(settings).folder == settings.blobs


def test_two_machines_share_readings_and_pictures(address, tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'shared' / 'cervix.sqlite3'}"
    here, there = (
        open_store(replace(settings_for(url, tmp_path / name), blobs_url=address))
        for name in ("here", "there")
    )
    reading = stored(here)
    assert there.blob(reading.image_sha256) == pictures()["image_sha256"]
    # One machine has a picture at hand and adds a reading, after the other deleted the last one.
    names = {name: here.put_blob(data) for name, data in pictures().items()}
    there.delete_reading(reading.id)
    here.add_reading(replace(reading, id="another", **names))
    for path in (tmp_path / "there" / "cache").rglob("*"):
        if path.is_file():
            path.unlink()
    assert there.blob(reading.image_sha256) == pictures()["image_sha256"]
    assert not list(Path(here._blobs._cache._store.folder).glob(".new-*"))
    here.close()
    there.close()
