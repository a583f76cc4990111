"""Unpacks the ZIP of an image set, and believes nothing in it before it was checked."""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from cervix_models.errors import DataError

from .sources import SUFFIXES

Progress = Callable[[int, int], None]  # files done, files in all

MOST_FILES = 200_000
MOST_BYTES = 50_000_000_000
RATIO = 100  # of bytes unpacked to bytes packed; images hardly come near
SMALL = 1_000_000  # bytes, up to which an even picture may be packed more tightly
SPARE = 1 << 30  # bytes that stay free on the disk
CHUNK = 1 << 20
BESIDE = frozenset({".dat", ".csv", ".txt", ".json", ".md", ".xml"})  # what sets have with images
NESTED = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst"})
LEFT_BY_DESKTOPS = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"})
_PART = re.compile(r"[^\\:\x00-\x1f\x7f]{1,200}")


def unpack(path: Path, folder: Path, progress: Progress) -> int:
    """How many files of the ZIP at `path` now lie below `folder`, which is made for them.

    Raises DataError, with nothing left behind, for a file that is no ZIP, and for one with links,
    hidden or encrypted files, archives within it, other files than image sets have, names that
    leave the folder or come twice, or more than can be unpacked here.
    """
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(path) as archive:
            chosen = _checked(archive, path, folder)
            for done, info in enumerate(chosen):
                _extract(archive, info, folder)
                progress(done + 1, len(chosen))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as problem:
        shutil.rmtree(folder, ignore_errors=True)
        raise DataError(
            f"{path.name} cannot be unpacked ({problem}); a whole ZIP was expected. Pack it again."
        ) from problem
    except (DataError, OSError) as problem:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(problem, DataError):
            raise
        raise DataError(
            f"{path.name} cannot be unpacked: {problem.strerror or problem}. Expected a file that "
            "can be read and a disk with room. Check both."
        ) from problem
    return len(chosen)


def _checked(archive: zipfile.ZipFile, path: Path, folder: Path) -> list[zipfile.ZipInfo]:
    """The files of a ZIP, all of which may be unpacked."""
    chosen, names = [], set()
    for info in archive.infolist():
        parts = info.filename.rstrip("/").split("/")
        if set(parts) & LEFT_BY_DESKTOPS:
            continue
        problem = _odd(info, parts)
        if not problem and info.filename.casefold() in names:
            problem = "comes twice"
        if problem:
            raise DataError(
                f"{path.name} holds {info.filename[:200]!r}, which {problem}; images in folders, "
                "with what belongs to them, were expected. Take it out, and pack again."
            )
        names.add(info.filename.casefold())
        if not info.is_dir():
            chosen.append(info)
    _check_size(chosen, path, folder)
    return chosen


def _odd(info: zipfile.ZipInfo, parts: list[str]) -> str:
    """What is wrong with an entry; "" where nothing is."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if info.flag_bits & 1:
        return "is encrypted"
    if any(not _PART.fullmatch(each) or each in (".", "..") for each in parts):
        return "has a name that may lead out of its folder"
    if any(each.startswith(".") for each in parts):
        return "is hidden"
    suffix = Path(parts[-1]).suffix.lower()
    if info.is_dir():
        return ""
    if suffix in NESTED:
        return "is an archive within the archive"
    return "" if suffix in SUFFIXES | BESIDE else "is no image, and nothing that belongs to one"


def _check_size(chosen: list[zipfile.ZipInfo], path: Path, folder: Path) -> None:
    total = sum(each.file_size for each in chosen)
    packed = sum(each.compress_size for each in chosen)
    tight = [
        each.filename
        for each in chosen
        if each.file_size > SMALL and each.file_size > RATIO * each.compress_size
    ]
    if len(chosen) > MOST_FILES or total > MOST_BYTES or tight or total > RATIO * packed + SMALL:
        raise DataError(
            f"{path.name} would unpack to {len(chosen):,} files of {total / 1e9:.2f} GB from "
            f"{packed / 1e9:.3f} GB; at most {MOST_FILES:,} files of {MOST_BYTES / 1e9:.0f} GB, "
            f"and no more than {RATIO} times what is packed, were expected. Import it as a folder "
            "on the server, if it is what it seems."
        )
    if total > shutil.disk_usage(folder).free - SPARE:
        raise DataError(
            f"{path.name} would unpack to {total / 1e9:.1f} GB, for which the disk has no room. "
            "Free some."
        )


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / info.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    left = info.file_size
    with archive.open(info) as source, target.open("xb") as out:
        while chunk := source.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                raise zipfile.BadZipFile(f"{info.filename} is larger than it says")
            out.write(chunk)
