"""Many pictures in one NumPy archive without pickles: blobs of bytes, and texts."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from cervix_models.contracts import Image
from cervix_models.errors import DataError

WORKERS = min(4, os.cpu_count() or 1)

Blob = tuple[NDArray[np.uint8], NDArray[np.int64]]


def webp(pixels: Image, quality: int) -> bytes:
    """A picture `(height, width, 3)` as WebP."""
    out = io.BytesIO()
    PilImage.fromarray(pixels).save(out, "WEBP", quality=quality, method=6)
    return out.getvalue()


def joined(parts: list[bytes]) -> Blob:
    """All parts as one array of bytes, and where each begins and ends."""
    ends = np.concatenate([[0], np.cumsum([len(each) for each in parts])]).astype(np.int64)
    return np.frombuffer(b"".join(parts), np.uint8), ends


def each_opened(
    blob: NDArray[np.uint8], at: NDArray[np.int64], take: Callable[[int, Any], None]
) -> None:
    """Calls `take` with the position and the pixels of every picture of a blob that is not empty,
    from several threads."""

    def decode(position: int) -> None:
        piece = blob[at[position] : at[position + 1]]
        if len(piece):
            with PilImage.open(io.BytesIO(piece.tobytes())) as opened:
                take(position, np.asarray(opened))

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(decode, range(len(at) - 1)))


def text(values: list[str]) -> NDArray[np.bytes_]:
    """Texts as an array of bytes, which needs no pickle."""
    return np.array([value.encode() for value in values], np.bytes_)


def strings(values: NDArray[np.bytes_]) -> tuple[str, ...]:
    """What `text` was given."""
    return tuple(value.decode() for value in values.tolist())


def write_archive(out: Path, about: Mapping[str, Any], **arrays: NDArray[Any]) -> Path:
    """The path of the archive written to `out`, whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    with part.open("wb") as stream:
        np.savez_compressed(
            stream, allow_pickle=False, about=text([json.dumps(dict(about))]), **arrays
        )
    part.replace(out)
    return out


def open_archive(path: Path, form: str) -> tuple[np.lib.npyio.NpzFile, dict[str, Any]]:
    """The archive at `path`, of the format `form`, and what it says of itself.

    Raises DataError where it is another file.
    """
    try:
        archive = np.load(path, allow_pickle=False)
    except (OSError, ValueError, BadZipFile) as error:
        raise DataError(
            f"{path} cannot be read as a packed data file ({error}); a file written by 'data pack' "
            "was expected. Run: python -m cervix_models data pack"
        ) from error
    try:
        about = json.loads(strings(archive["about"])[0])
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise DataError(
            f"{path} is a NumPy file of another kind; a file written by 'data pack' was expected. "
            "Run: python -m cervix_models data pack"
        ) from error
    if about["format"] != form:
        archive.close()
        raise DataError(f"{path} is a {about['format']}; {form} was expected. Pack it again.")
    return archive, about
