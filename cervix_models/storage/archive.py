"""The file of a backup: a tar whose manifest, its last part, has the sha256 of all others."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from cervix_models.errors import StorageError
from cervix_models.storage.blobs import whole_file

FORMAT = "cervix-backup-1"
MANIFEST = "manifest.json"
DATABASE = "database.sqlite3"
HEADS = "audit.heads"
FOLDERS = ("models", "runs", "datasets", "licences")  # of the home, kept as they are
TAR = tarfile.PAX_FORMAT


class Writer:
    """An archive that is being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: dict[str, str] = {}

    def add(self, name: str, data: bytes) -> None:
        """Adds bytes under a name."""
        info = tarfile.TarInfo(name)
        info.size = len(data)
        self._tar.addfile(info, io.BytesIO(data))
        self.files[name] = hashlib.sha256(data).hexdigest()

    def add_file(self, name: str, path: Path) -> None:
        """Adds a file under a name. Raises StorageError where it changes meanwhile."""
        with path.open("rb") as file:
            info = tarfile.TarInfo(name)
            info.size = path.stat().st_size
            hashing = _Hashing(file)
            self._tar.addfile(info, cast("IO[bytes]", hashing))
            if hashing.count != info.size or file.read(1):
                raise StorageError(
                    f"The file {path} changed while it was copied; expected one that stays as it "
                    "is. Try again when whatever writes it is done."
                )
            self.files[name] = hashing.digest.hexdigest()

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Adds the manifest, which says these facts beside the hashes."""
        manifest = {"format": FORMAT, **facts, "files": self.files}
        data = json.dumps(manifest, indent=1, sort_keys=True).encode()
        self.add(MANIFEST, data)


class _Hashing:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        self.count += len(data)
        return data


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """An archive that is at `path` when the block ends without an error, and else is not.
    Raises StorageError where a file is there already, or none can be written."""
    if path.exists():
        raise StorageError(
            f"{path} is there already; expected a new name. Name another file, or take that away."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file, tarfile.open(fileobj=file, mode="w", format=TAR) as tar:
            yield Writer(tar)
    except OSError as error:
        raise StorageError(
            f"The backup {path} cannot be written: {error.strerror or error}. Expected a folder "
            "that can be written, with room. Name another, or free some."
        ) from error
