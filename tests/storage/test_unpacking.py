"""A file that is no whole backup is refused before anything of it is kept."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from cervix_models.errors import StorageError
from cervix_models.storage import open_store
from cervix_models.storage.backup import back_up
from cervix_models.storage.database import make_engine
from cervix_models.storage.restore import restore
from cervix_models.storage.rows import has_rows
from tests.storage.conftest import settings_for
from tests.storage.samples import stored


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A backup of a store with one reading."""
    folder = tmp_path_factory.mktemp("whole")
    settings = settings_for(f"sqlite:///{folder}/x.sqlite3", folder)
    store = open_store(settings)
    stored(store)
    store.close()
    back_up(settings, folder / "one.tar")
    return folder / "one.tar"


@pytest.fixture
def other(tmp_path):
    """An installation that holds nothing."""
    return settings_for(f"sqlite:///{tmp_path}/other/home/x.sqlite3", tmp_path / "other")


def rewritten(path: Path, folder: Path, change) -> Path:
    """The backup with other members: `change` gets them by name, and the manifest."""
    with tarfile.open(path) as tar:
        parts = {each.name: tar.extractfile(each).read() for each in tar}
    manifest = json.loads(parts.pop("manifest.json"))
    change(parts, manifest)
    return packed(folder / "changed.tar", parts | {"manifest.json": json.dumps(manifest).encode()})


def packed(path: Path, parts: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def honestly(parts: dict[str, bytes], manifest: dict) -> None:
    manifest["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}


def drop_picture(parts, manifest) -> None:
    del parts[next(name for name in parts if name.startswith("blobs/"))]
    honestly(parts, manifest)


def change_audit(parts, manifest) -> None:
    manifest["audit"]["head"] = "0" * 64


def damage_database(parts, manifest) -> None:
    data = parts["database.sqlite3"]
    parts["database.sqlite3"] = data[:4096] + b"\xff" * 8192 + data[12288:]
    honestly(parts, manifest)


def put_other_bytes(parts, manifest) -> None:
    name = next(name for name in parts if name.startswith("blobs/"))
    parts[name] = b"other"


def add_unknown(parts, manifest) -> None:
    parts["models/more"] = b"more"


def forget_one(parts, manifest) -> None:
    del parts["audit.heads"]


def change_format(parts, manifest) -> None:
    manifest["format"] = "cervix-backup-9"


def outside(name: str):
    def change(parts, manifest) -> None:
        parts[name] = b"owned"
        honestly(parts, manifest)

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (drop_picture, "it lacks 1 pictures that its database names"),
        (change_audit, "its audit log is not the one that its manifest says"),
        (damage_database, "its database is damaged"),
        (put_other_bytes, "does not have the hash that its manifest says"),
        (add_unknown, "models/more is in its manifest or in the file, but not in both"),
        (forget_one, "audit.heads is in its manifest or in the file, but not in both"),
        (change_format, "its manifest does not say that it is a cervix-backup-1"),
        (outside("../outside"), "which no backup does"),
        (outside("models/../../outside"), "which no backup does"),
        (outside("/outside"), "which no backup does"),
        (outside("models//x"), "which no backup does"),
        (outside("models\\x"), "which no backup does"),
        (outside("cervix.sqlite3"), "which no backup does"),
        (outside(f"blobs/aa/aa/{'b' * 64}"), "which no backup does"),
    ],
)
def test_what_is_no_whole_backup_is_refused_before_anything_changes(
    whole, other, tmp_path, change, sentence
) -> None:
    path = rewritten(whole, tmp_path, change)
    with pytest.raises(StorageError, match=f"{sentence}.*Nothing was restored"):
        restore(other, path)
    assert not has_rows(other.database_url)
    assert {each.name for each in other.home.iterdir()} <= {"x.sqlite3", "blobs"}
    assert not [each for each in other.blobs.rglob("*") if each.is_file()]
    assert not list(tmp_path.glob("**/outside"))


def member(kind: bytes, name: str = "models/x", **values) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in values.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize(
    "info",
    [
        member(tarfile.SYMTYPE, linkname="/etc/passwd"),
        member(tarfile.LNKTYPE, linkname="database.sqlite3"),
        member(tarfile.CHRTYPE),
        member(tarfile.FIFOTYPE),
        member(tarfile.DIRTYPE),
        member(tarfile.REGTYPE, pax_headers={"GNU.sparse.map": "0,0", "GNU.sparse.size": "9" * 15,
               "GNU.sparse.major": "0", "GNU.sparse.minor": "1"}),
    ],
)  # fmt: skip
def test_links_devices_and_holes_are_refused(other, tmp_path, info) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(info)
    with pytest.raises(StorageError, match="holds 'models/x', which no backup does"):
        restore(other, tmp_path / "bad.tar")


def test_a_file_that_is_cut_off_packed_or_none_is_refused(whole, other, tmp_path) -> None:
    data = whole.read_bytes()
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz") as tar:
        tar.add(whole, "models/x")
    for name, content in {
        "half.tar": data[: len(data) // 2],
        "text.tar": b"This is no archive.",
        "packed.tar": (tmp_path / "bomb.tar.gz").read_bytes(),
        "empty.tar": b"\0" * 10240,
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(StorageError, match=f"{name} is not a whole backup.*Nothing was res"):
            restore(other, tmp_path / name)
    with pytest.raises(StorageError, match=r"cannot be unpacked.*No such file"):
        restore(other, tmp_path / "none.tar")
    assert not has_rows(other.database_url)


def test_a_backup_larger_than_the_disk_is_refused(whole, other, tmp_path, monkeypatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=(64 << 20) + 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match=r"no room for the backup .* Free some"):
        restore(other, whole)


def test_a_backup_of_a_newer_version_is_refused(whole, other, tmp_path) -> None:
    def change(parts, manifest) -> None:
        path = tmp_path / "newer.sqlite3"
        path.write_bytes(parts["database.sqlite3"])
        engine = make_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        engine.dispose()
        parts["database.sqlite3"] = path.read_bytes()
        honestly(parts, manifest)

    path = rewritten(whole, tmp_path, change)
    with pytest.raises(StorageError, match="another version"):
        restore(other, path)


def test_what_a_database_does_besides_does_not_come_in(whole, other, tmp_path) -> None:

    def change(parts, manifest) -> None:
        path = tmp_path / "odd.sqlite3"
        path.write_bytes(parts["database.sqlite3"])
        engine = make_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE more (a)"))
            connection.execute(sa.text(
                "CREATE TRIGGER bad AFTER INSERT ON readings BEGIN INSERT INTO more VALUES (1); END"
            ))  # fmt: skip
        engine.dispose()
        parts["database.sqlite3"] = path.read_bytes()
        honestly(parts, manifest)

    path = rewritten(whole, tmp_path, change)
    restore(other, path)
    engine = make_engine(other.database_url)
    assert "more" not in sa.inspect(engine).get_table_names()
    engine.dispose()
