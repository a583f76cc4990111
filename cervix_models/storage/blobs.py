"""Pictures and weights under the sha256 of their bytes: pictures as `<folder>/ab/cd/<sha256>`,
weights as `<folder>/weights/<sha256>`."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from cervix_models.errors import BlobError, StorageError

WEIGHTS = "weights"  # their folder
PIECE = 1 << 20  # bytes of a file that are read at once


class Blobs(Protocol):
    """What keeps pictures and weights, wherever that is. Threads and processes may share one."""

    def put(self, data: bytes) -> str:
        """The sha256 under which `data` is now kept. Raises StorageError where it cannot be."""

    def get(self, sha256: str) -> bytes:
        """The bytes kept under `sha256`. Raises StorageError where they are missing or changed."""

    def held(self, sha256: str) -> bytes:
        """The same, sure that they are kept where all look, not only in a cache of this machine."""

    def has(self, sha256: str) -> bool:
        """Whether a picture is kept under `sha256`."""

    def remove(self, sha256: str) -> None:
        """Deletes the picture that is kept under `sha256`, if any is."""

    def put_file(self, path: Path) -> str:
        """The sha256 under which a file of weights is now kept. Raises StorageError."""

    def get_file(self, sha256: str, target: Path) -> None:
        """Nothing; the weights kept under `sha256` then are the file `target`, whole or not at all.
        Raises StorageError where they are missing or changed, or `target` cannot be written."""

    def files(self) -> list[str]:
        """The sha256 of all weights that are kept."""


class BlobStore:
    """The files below one folder. Safe for threads and processes: a file appears whole or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes) -> str:
        """The sha256 under which `data` is now kept; keeping the same bytes again changes nothing.
        Raises StorageError where the folder cannot be written."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path(sha256)
        try:
            if not (path.is_file() and path.read_bytes() == data):
                path.parent.mkdir(parents=True, exist_ok=True)
                with whole_file(path) as file:
                    file.write(data)
        except OSError as error:
            raise StorageError(
                f"A picture cannot be stored in {self.folder}: {error.strerror}. Expected a folder "
                "that can be written, with room. Free some, or name another in CERVIX_HOME."
            ) from error
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes kept under `sha256`. Raises StorageError where they are missing or changed."""
        try:
            data = self.path(sha256).read_bytes()
        except OSError as error:
            raise missing(sha256, str(self.folder)) from error
        return checked(sha256, data)

    def held(self, sha256: str) -> bytes:
        """The same as `get`: there is no other place."""
        return self.get(sha256)

    def has(self, sha256: str) -> bool:
        """Whether something is kept under `sha256`."""
        return self.path(sha256).is_file()

    def remove(self, sha256: str) -> None:
        """Deletes what is kept under `sha256`, if anything is."""
        self.path(sha256).unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Where `sha256` lies or would lie. Raises StorageError for what is no sha256."""
        return self.folder / key_of(sha256)

    def put_file(self, path: Path) -> str:
        """The sha256 under which a file of weights is now kept. Raises StorageError where it cannot
        be read, or the folder cannot be written."""
        sha256 = hash_of_file(path)
        target = self.folder / WEIGHTS / sha256
        if not (target.is_file() and hash_of_file(target) == sha256):
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_file(path, target, sha256)
        return sha256

    def get_file(self, sha256: str, target: Path) -> None:
        """Nothing; the weights kept under `sha256` then are the file `target`, whole or not at all.
        Raises StorageError where they are missing or changed, or `target` cannot be written."""
        path = self.folder / WEIGHTS / plain(sha256)
        if not path.is_file():
            raise missing_weights(sha256, str(self.folder))
        copy_file(path, target, sha256)

    def files(self) -> list[str]:
        """The sha256 of all weights that are kept."""
        found = (self.folder / WEIGHTS).glob("*")
        return sorted(each.name for each in found if is_sha256(each.name))


def is_sha256(name: str) -> bool:
    """Whether a name is 64 digits and letters a to f."""
    return re.fullmatch(r"[0-9a-f]{64}", name) is not None


def plain(sha256: str) -> str:
    """The hash as it was given. Raises StorageError for what is no sha256."""
    if not is_sha256(sha256):
        raise StorageError(
            f"{sha256!r} is no sha256; expected 64 digits and letters a to f. "
            "Take it from a reading."
        )
    return sha256


def key_of(sha256: str) -> str:
    """Where a picture lies in its store. Raises StorageError for what is no sha256."""
    return f"{plain(sha256)[:2]}/{sha256[2:4]}/{sha256}"


def checked(sha256: str, data: bytes) -> bytes:
    """The data, whose hash is `sha256`. Raises StorageError where it is another."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BlobError(
            f"The picture {sha256} was changed since it was stored: its bytes no longer have "
            "that hash. Restore it from a backup, or read the image again."
        )
    return data


def missing(sha256: str, where: str) -> BlobError:
    """There is no such picture."""
    return BlobError(
        f"The picture {sha256} is not in the store ({where}). "
        "Restore the folder from a backup, or read the image again."
    )


def missing_weights(sha256: str, where: str) -> BlobError:
    """There are no such weights."""
    return BlobError(
        f"The weights {sha256} are not in the store ({where}). "
        "Restore the folder from a backup, or train the model again."
    )


def hash_of_file(path: Path) -> str:
    """The sha256 of a file. Raises StorageError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StorageError(
            f"The file {path} cannot be read: {error.strerror}. Expected a file that this user may "
            "read. Check its name and rights."
        ) from error


def copy_file(path: Path, target: Path, sha256: str) -> None:
    """Nothing; `target` then holds the bytes of `path`, whole or not at all.
    Raises StorageError where it cannot be written, or its bytes do not have this hash."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as source, whole_file(target) as file:
            while piece := source.read(PIECE):
                digest.update(piece)
                file.write(piece)
            if digest.hexdigest() != sha256:
                raise BlobError(
                    f"The file {path} does not have the hash {sha256} that names it; it was "
                    "changed since it was stored. Restore it from a backup."
                )
    except OSError as error:
        raise StorageError(
            f"The file {target} cannot be written: {error.strerror}. Expected a folder that can be "
            "written, with room. Free some, or set its rights."
        ) from error


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path`, on the disk, when the block ends without an error, and
    else leaves it as it is. Only its owner may read it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
