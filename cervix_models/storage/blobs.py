"""Pictures in files named by the sha256 of their bytes: `<folder>/ab/cd/<sha256>`."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from cervix_models.errors import StorageError


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
                _write_whole(path, data)
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
            raise StorageError(
                f"The picture {sha256} is not in the store ({self.folder}). "
                "Restore the folder from a backup, or read the image again."
            ) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StorageError(
                f"The picture {sha256} was changed since it was stored: its bytes no longer have "
                "that hash. Restore it from a backup, or read the image again."
            )
        return data

    def has(self, sha256: str) -> bool:
        """Whether something is kept under `sha256`."""
        return self.path(sha256).is_file()

    def remove(self, sha256: str) -> None:
        """Deletes what is kept under `sha256`, if anything is."""
        self.path(sha256).unlink(missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Where `sha256` lies or would lie. Raises StorageError for what is no sha256."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise StorageError(
                f"{sha256!r} is no sha256; expected 64 digits and letters a to f. "
                "Take it from a reading."
            )
        return self.folder / sha256[:2] / sha256[2:4] / sha256


def _write_whole(path: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
