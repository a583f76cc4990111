"""Pictures and weights on any store that fsspec speaks to, such as S3, and a cache of them."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cervix_models.errors import StorageError
from cervix_models.settings import Settings
from cervix_models.storage.blobs import (
    WEIGHTS,
    Blobs,
    BlobStore,
    checked,
    copy_file,
    hash_of_file,
    is_sha256,
    key_of,
    missing,
    missing_weights,
    plain,
)

CACHE_BYTES = 4 << 30  # of pictures that were read from elsewhere
CACHE_KEEPS = 0.8  # of that when it was full
LOCAL = ("", "file", "local")
S3 = ("s3", "s3a")
FLAT = (*S3, "gs", "gcs", "abfs", "az", "memory")  # have no folders to be made first

logger = logging.getLogger(__name__)


def open_blobs(settings: Settings) -> Blobs:
    """Where this installation keeps pictures and weights: a folder, or a store elsewhere.
    Raises StorageError where the folder cannot be made, or the kind of store is not known here."""
    url = settings.blobs_url or str(settings.blobs)
    if urlsplit(url).scheme not in LOCAL:
        return RemoteBlobs(url, Cache(settings.cache / "blobs"))
    folder = Path(url.removeprefix("file://").removeprefix("local://")).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be made: {error.strerror}. Expected a place that "
            "can be written. Name another in CERVIX_HOME."
        ) from error
    return BlobStore(folder)


class Cache:
    """Pictures of a store elsewhere, on this machine: what was not asked for longest goes first."""

    def __init__(self, folder: Path, limit: int = CACHE_BYTES) -> None:
        self._store = BlobStore(folder)
        self._limit = limit
        self._since: float = limit  # bytes put since it was last looked at whole

    def get(self, sha256: str) -> bytes | None:
        """The bytes of a picture, if they are here and whole."""
        if not self._store.has(sha256):
            return None
        try:
            data = self._store.get(sha256)
            os.utime(self._store.path(sha256))
        except (StorageError, OSError) as problem:
            logger.warning("A cached picture is fetched again: %s", problem)
            return None
        return data

    def put(self, data: bytes) -> None:
        """Keeps a picture, if there is room."""
        try:
            self._store.put(data)
            self._since += len(data)
            if self._since > self._limit / 10:
                self._since = 0
                self._prune()
        except (StorageError, OSError) as problem:  # whoever asked has the picture all the same
            logger.warning("A picture is not cached: %s", problem)

    def remove(self, sha256: str) -> None:
        """Forgets a picture."""
        self._store.remove(sha256)

    def _prune(self) -> None:
        found = []
        for path in self._store.folder.rglob("*"):
            if is_sha256(path.name):
                stat = path.stat()
                found.append((stat.st_mtime_ns, stat.st_size, path))
        total = sum(size for _, size, _ in found)
        if total <= self._limit:
            return
        for _, size, path in sorted(found):
            path.unlink(missing_ok=True)
            total -= size
            if total <= self._limit * CACHE_KEEPS:
                return


class RemoteBlobs:
    """The objects below one address. One is written by one call, and counts only with all its
    bytes: what was cut off is written anew by the next `put`, and its hash is checked by `get`."""

    def __init__(self, url: str, cache: Cache) -> None:
        """Asks nothing of the store yet. Raises StorageError for a kind that is not known here."""
        import fsspec  # a tenth of a second that an installation with a folder is spared

        self._cache = cache
        kind = urlsplit(url).scheme
        try:
            # A listing that was kept would hide what other machines did since.
            options = {"use_listings_cache": False} if kind in S3 else {}
            found: tuple[Any, str] = fsspec.core.url_to_fs(url, **options)
        except (ImportError, ValueError) as error:
            raise StorageError(
                f"CERVIX_BLOBS names a store of the kind {kind!r}, which cannot be used: {error}. "
                "Expected a folder, or a store whose library is installed: for S3, "
                "pip install -r requirements-s3.txt."
            ) from error
        self._fs, root = found
        self._flat = kind in FLAT
        self._root = root.rstrip("/")
        self.where = f"{kind}://{self._root.lstrip('/')}"

    def put(self, data: bytes) -> str:
        """The sha256 under which `data` is now kept; bytes that are there are not sent again.
        Raises StorageError where the store does not take them."""
        sha256 = hashlib.sha256(data).hexdigest()
        self._send(sha256, data)
        self._cache.put(data)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes kept under `sha256`. Raises StorageError where they are missing or changed, or
        the store does not answer."""
        key = self._key(sha256)
        kept = self._cache.get(sha256)
        if kept is not None:
            return kept
        with self._asking("read from"):
            try:
                data = bytes(self._fs.cat_file(key))
            except FileNotFoundError as error:
                raise missing(sha256, self.where) from error
        self._cache.put(checked(sha256, data))
        return data

    def held(self, sha256: str) -> bytes:
        """The same as `get`, after the store was asked whether it still has them: what another
        machine deleted there, and the cache here has, is put again."""
        data = self.get(sha256)
        self._send(sha256, data)
        return data

    def has(self, sha256: str) -> bool:
        """Whether a picture is kept under `sha256`. Raises StorageError as `get` does."""
        return self._size(self._key(sha256)) is not None

    def remove(self, sha256: str) -> None:
        """Deletes the picture that is kept under `sha256`, if any is. Raises StorageError."""
        key = self._key(sha256)
        with self._asking("deleted from"):
            try:
                self._fs.rm_file(key)
            except FileNotFoundError:
                logger.debug("Nothing to delete under %s", sha256)
        self._cache.remove(sha256)

    def put_file(self, path: Path) -> str:
        """The sha256 under which a file of weights is now kept. Raises StorageError where it cannot
        be read, or the store does not take it."""
        sha256 = hash_of_file(path)
        key = f"{self._root}/{WEIGHTS}/{sha256}"
        if self._size(key) != path.stat().st_size:
            with self._asking("stored in"):
                self._make_folder(key)
                self._fs.put_file(str(path), key)
        return sha256

    def get_file(self, sha256: str, target: Path) -> None:
        """Nothing; the weights kept under `sha256` then are the file `target`, whole or not at all.
        Raises StorageError where they are missing or changed, or `target` cannot be written."""
        key = f"{self._root}/{WEIGHTS}/{plain(sha256)}"
        with tempfile.TemporaryDirectory() as folder:
            fetched = Path(folder) / sha256
            with self._asking("read from"):
                try:
                    self._fs.get_file(key, str(fetched))
                except FileNotFoundError as error:
                    raise missing_weights(sha256, self.where) from error
            copy_file(fetched, target, sha256)

    def files(self) -> list[str]:
        """The sha256 of all weights that are kept. Raises StorageError."""
        with self._asking("listed in"):
            try:
                found = self._fs.ls(f"{self._root}/{WEIGHTS}", detail=False)
            except FileNotFoundError:
                return []
        names = (str(each).rsplit("/", 1)[-1] for each in found)
        return sorted(name for name in names if is_sha256(name))

    def _key(self, sha256: str) -> str:
        return f"{self._root}/{key_of(sha256)}"

    def _send(self, sha256: str, data: bytes) -> None:
        key = self._key(sha256)
        if self._size(key) != len(data):
            with self._asking("stored in"):
                self._make_folder(key)
                self._fs.pipe_file(key, data)

    def _make_folder(self, key: str) -> None:
        if not self._flat:
            self._fs.makedirs(key.rsplit("/", 1)[0], exist_ok=True)

    def _size(self, key: str) -> int | None:
        with self._asking("found in"):
            try:
                return int(self._fs.info(key)["size"])
            except FileNotFoundError:
                return None

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except StorageError:
            raise
        except Exception as error:  # every kind of store has errors of its own
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise StorageError(
                f"A picture or weights cannot be {what} {self.where}: {reason[0]}. Expected the "
                "store that CERVIX_BLOBS names to answer and to let us in. Check its address and "
                "credentials, and that the network is up."
            ) from error
