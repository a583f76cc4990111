from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from cervix_models.data import unzipping
from cervix_models.data.unzipping import unpack
from cervix_models.errors import DataError
from tests.data.made import pixels
from tests.fakes import png

PICTURE = png(pixels(0))


def silent(_done: int, _total: int) -> None:
    """Hears nothing."""


def zipped(folder: Path, files: dict[str, bytes], *, packed: int = zipfile.ZIP_STORED) -> Path:
    path = folder / "set.zip"
    with zipfile.ZipFile(path, "w", packed) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def with_entry(folder: Path, info: zipfile.ZipInfo, content: bytes = PICTURE) -> Path:
    path = folder / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, content)
    return path


def refused(path: Path, folder: Path, match: str) -> None:
    target = folder / "out"
    with pytest.raises(DataError, match=match):
        unpack(path, target, silent)
    assert not target.exists()
    assert sorted(each.name for each in folder.iterdir()) == ["set.zip"]


def test_images_and_what_belongs_to_them_are_unpacked(tmp_path: Path) -> None:
    files = {"set/a/1.png": PICTURE, "set/a/1.dat": b"1,2\n", "set/README.md": b"About"}
    beside = {"__MACOSX/set/a/._1.png": b"x", "set/.DS_Store": b"x"}
    told: list[tuple[int, int]] = []
    path = zipped(tmp_path, {**files, **beside})
    assert unpack(path, tmp_path / "out", lambda *done: told.append(done)) == 3
    found = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")}
    assert found == set(files)
    assert (tmp_path / "out" / "set" / "a" / "1.png").read_bytes() == PICTURE
    assert told[-1] == (3, 3)


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("../1.png", "lead out of its folder"),
        ("a/../../1.png", "lead out of its folder"),
        ("/etc/1.png", "lead out of its folder"),
        ("C:/1.png", "lead out of its folder"),
        ("a\\..\\1.png", "lead out of its folder"),
        ("a//1.png", "lead out of its folder"),
        (".hidden/1.png", "is hidden"),
        ("a/.1.png", "is hidden"),
        ("a/more.zip", "an archive within the archive"),
        ("a/more.tar.gz", "an archive within the archive"),
        ("a/run.sh", "is no image"),
        ("a/page.html", "is no image"),
    ],
)
def test_odd_names_are_refused(tmp_path: Path, name: str, match: str) -> None:
    refused(zipped(tmp_path, {"a/0.png": PICTURE, name: PICTURE}), tmp_path, match)


def test_a_link_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("a/1.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    refused(with_entry(tmp_path, info, b"/etc/passwd"), tmp_path, "is a link or a device")


def test_names_that_differ_by_case_alone_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a/1.png": PICTURE, "A/1.PNG": PICTURE})
    refused(path, tmp_path, "comes twice")


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a/1.png": PICTURE})
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1  # the flag in the list at the end
    path.write_bytes(raw)
    refused(path, tmp_path, "is encrypted")


def test_what_is_packed_too_tightly_is_refused(tmp_path: Path) -> None:
    bomb = zipped(tmp_path, {"a/1.png": bytes(5_000_000)}, packed=zipfile.ZIP_DEFLATED)
    refused(bomb, tmp_path, "no more than 100 times what is packed")


def test_a_picture_of_one_colour_may_be_packed_tightly(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a/1.bmp": bytes(500_000)}, packed=zipfile.ZIP_DEFLATED)
    assert unpack(path, tmp_path / "out", silent) == 1


def test_more_files_than_allowed_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unzipping, "MOST_FILES", 2)
    path = zipped(tmp_path, {f"a/{n}.png": PICTURE for n in range(3)})
    refused(path, tmp_path, "at most 2 files")


def test_without_room_nothing_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unzipping, "SPARE", 1 << 62)
    refused(zipped(tmp_path, {"a/1.png": PICTURE}), tmp_path, "the disk has no room")


def test_what_is_no_zip_or_is_cut_off_or_changed_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a/1.png": PICTURE})
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[whole.index(PICTURE) + 60] ^= 0xFF
    for content in (b"words", whole[:-30], bytes(changed)):
        path.write_bytes(content)
        refused(path, tmp_path, "a whole ZIP was expected")


def test_a_file_that_is_larger_than_it_says_is_refused(tmp_path: Path) -> None:
    big = io.BytesIO()
    with zipfile.ZipFile(big, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.png", bytes(200_000))
    raw = bytearray(big.getvalue())
    at = raw.index(b"PK\x01\x02") + 24  # its size, in the list at the end
    raw[at : at + 4] = (1000).to_bytes(4, "little")
    path = tmp_path / "set.zip"
    path.write_bytes(raw)
    refused(path, tmp_path, "a whole ZIP was expected")
