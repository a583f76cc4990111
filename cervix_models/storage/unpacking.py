"""Reads the file of a backup, and believes nothing in it before it was checked."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cervix_models.errors import StorageError
from cervix_models.storage.archive import DATABASE, FOLDERS, FORMAT, HEADS, MANIFEST
from cervix_models.storage.blobs import hash_of_file

SPARE = 64 << 20  # bytes that stay free on the disk
MANIFEST_BYTES = 1 << 30

_PICTURE = re.compile(r"blobs/([0-9a-f]{2})/([0-9a-f]{2})/\1\2[0-9a-f]{60}")
_WEIGHTS = re.compile(r"weights/[0-9a-f]{64}")
_PART = re.compile(r"[^/\\\x00-\x1f\x7f]+")


@dataclass(frozen=True)
class Unpacked:
    """A backup whose files have the hashes that its manifest says, in a folder of their own."""

    folder: Path
    facts: Mapping[str, Any]
    names: tuple[str, ...]

    @property
    def pictures(self) -> list[str]:
        """The sha256 of the pictures in it."""
        return [each.rsplit("/", 1)[1] for each in self.names if _PICTURE.fullmatch(each)]

    @property
    def weights(self) -> list[str]:
        """The sha256 of the weights in it."""
        return [each.rsplit("/", 1)[1] for each in self.names if _WEIGHTS.fullmatch(each)]

    @property
    def kept(self) -> list[str]:
        """The names of what goes below the home as it is."""
        return [each for each in self.names if each.split("/", 1)[0] in FOLDERS]


def unpack(path: Path, folder: Path) -> Unpacked:
    """The backup at `path`, unpacked below `folder`, an empty one, and checked whole.

    Nothing is written outside of that folder, and no more than the file itself has. Raises
    StorageError where it cannot be read, is cut off, or holds anything but what a backup holds.
    """
    try:
        with tarfile.open(path, "r:") as tar:  # never a packed one, whose size says nothing
            names = _extract(tar, path, folder)
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise _no_backup(path, f"it cannot be read as a tar ({error})") from error
    except OSError as error:
        raise StorageError(
            f"The backup {path} cannot be unpacked to {folder}: {error.strerror or error}. "
            "Expected a file that can be read and a folder with room. Check both."
        ) from error
    if MANIFEST not in names:
        raise _no_backup(path, "it has no manifest at its end, so it was cut off or is another tar")
    facts = _manifest(path, folder / MANIFEST)
    hashes = facts["files"]
    given = set(names) - {MANIFEST}
    if given != set(hashes):
        odd = sorted(given ^ set(hashes))[0]
        raise _no_backup(path, f"{odd} is in its manifest or in the file, but not in both")
    for name in sorted(given):
        if hash_of_file(folder / name) != hashes[name]:
            raise _no_backup(path, f"{name} does not have the hash that its manifest says")
    return Unpacked(folder, facts, tuple(sorted(given)))


def _extract(tar: tarfile.TarFile, path: Path, folder: Path) -> list[str]:
    names: set[str] = set()
    room = shutil.disk_usage(folder).free - SPARE
    for member in tar:
        # A sparse file has holes: it may be of any size in a small archive.
        if not member.isreg() or member.issparse() or not _is_ours(member.name):
            raise _no_backup(path, f"it holds {member.name!r}, which no backup does")
        if member.name in names:
            raise _no_backup(path, f"it holds {member.name!r} twice")
        names.add(member.name)
        room -= member.size
        if room < 0:
            raise StorageError(
                f"There is no room for the backup {path} in {folder}; expected as much as its "
                "size, and as much again for what is kept. Free some."
            )
        tar.extract(member, folder, set_attrs=False, filter="data")
    return sorted(names)


def _is_ours(name: str) -> bool:
    if name in (MANIFEST, DATABASE, HEADS) or _PICTURE.fullmatch(name) or _WEIGHTS.fullmatch(name):
        return True
    first, *parts = name.split("/")
    return first in FOLDERS and bool(parts) and all(map(_is_part, parts))


def _is_part(part: str) -> bool:
    return _PART.fullmatch(part) is not None and part not in (".", "..")


def _manifest(path: Path, file: Path) -> dict[str, Any]:
    try:
        facts = json.loads(file.read_bytes()) if file.stat().st_size < MANIFEST_BYTES else None
    except ValueError as error:
        raise _no_backup(path, f"its manifest is no JSON ({error})") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise _no_backup(path, f"its manifest does not say that it is a {FORMAT}")
    files = facts.get("files")
    if not isinstance(files, dict) or DATABASE not in files:
        raise _no_backup(path, "its manifest names no database")
    missing = facts.get("missing")
    if not isinstance(missing, list) or not all(isinstance(each, str) for each in missing):
        raise _no_backup(path, "its manifest does not say which pictures were missing")
    return facts


def _no_backup(path: Path, why: str) -> StorageError:
    return StorageError(
        f"{path} is not a whole backup: {why}. Expected a file that python -m cervix_models backup "
        "wrote, unchanged. Nothing was restored: take another copy of it."
    )
