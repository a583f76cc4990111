"""Checks every file of a data set and keeps its index; the images stay where they are."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from PIL import Image as PilImage
from PIL import UnidentifiedImageError

from cervix_models.errors import DataError

from .index import Index, IndexRow, read_index, write_index
from .masks import contour_mask, herlev_mask, read_contour
from .sources import Found, Listing, recognise

Progress = Callable[[int, int], None]  # files done, files in all

LISTED = 20  # broken files named in an error; the rest are counted
WORKERS = 4


@dataclass(frozen=True)
class ImportReport:
    """What an import found and where its index is kept."""

    name: str
    folder: Path
    index: Index
    warnings: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()  # what is wrong with the files that were left out


def _silent(done: int, total: int) -> None:
    """Shows nothing."""


def scan(path: Path, *, groups: str | None = None, progress: Progress = _silent) -> Index:
    """The index of the data set at `path`, every image, mask and outline of it opened and checked.

    Raises DataError, listing what is broken, where anything is.
    """
    return _scanned(path, groups, progress, leave_out=False)[0]


def _scanned(
    path: Path, groups: str | None, progress: Progress, *, leave_out: bool
) -> tuple[Index, list[str]]:
    """The index, and what is wrong with the files that were left out of it."""
    listing = recognise(path, groups)
    rows: list[IndexRow] = []
    problems = list(listing.problems)
    with ThreadPoolExecutor(WORKERS) as pool:
        checked = pool.map(lambda found: _checked(listing.root, found), listing.found)
        for done, result in enumerate(checked, 1):
            if isinstance(result, IndexRow):
                rows.append(result)
            else:
                problems.append(result)
            progress(done, len(listing.found))
    if (problems and not leave_out) or not rows:
        raise DataError(_sentence(path, listing, problems))
    if listing.source == "folder":
        rows = _join_copies(rows)
    return Index(listing.source, listing.root, tuple(rows)), problems


def import_dataset(
    path: Path, home: Path, *, name: str | None = None, groups: str | None = None,
    progress: Progress = _silent, leave_out: bool = False,
) -> ImportReport:  # fmt: skip
    """What was found in `path`, its index kept under `<home>/datasets/<name>/`.

    `name` defaults to the kind of the data set, or for any folder of classes to the folder's own
    name. Raises DataError, with nothing written, where any file is broken, unless such files shall
    be left out (`leave_out`).
    """
    index, broken = _scanned(path, groups, progress, leave_out=leave_out)
    name = safe_name(name or (index.source if index.source != "folder" else index.root.name))
    folder = home / "datasets" / name
    write_index(index, folder)
    return ImportReport(name, folder, index, _remarks(index), tuple(broken))


def list_datasets(home: Path) -> dict[str, Index]:
    """The indexes kept under `home`, by name."""
    folders = sorted((home / "datasets").glob("*/dataset.json"))
    return {each.parent.name: read_index(each.parent) for each in folders}


def find_sipakmed(home: Path) -> Index | None:
    """The index of SIPaKMeD kept under `home`, or None where it is not imported; the same one until
    it is imported again."""
    about = home / "datasets" / "sipakmed" / "dataset.json"
    return _kept(about.parent, about.stat().st_mtime_ns) if about.is_file() else None


@lru_cache(maxsize=4)
def _kept(folder: Path, _when: int) -> Index:
    return read_index(folder)


def read_sipakmed(home: Path) -> Index:
    """The index of SIPaKMeD kept under `home`. Raises DataError where it is not imported."""
    index = find_sipakmed(home)
    if index is None:
        raise DataError(
            "SIPaKMeD is not imported, and its cells are what is measured. "
            "Import it first: python -m cervix_models data import PATH"
        )
    return index


def _checked(root: Path, found: Found) -> IndexRow | str:
    """The row of one image, or what is wrong with it."""
    inside = root.resolve()
    for file in filter(None, (found.path, found.mask, found.cytoplasm, found.nucleus, found.field)):
        if not file.resolve().is_relative_to(inside):
            return f"{file}: is a link out of the data set; the file itself was expected there"
    try:
        size, sha256 = _open_whole(found.path)
        _check_annotation(found, size)
    except DataError as error:
        return str(error)

    def below(path: Path | None) -> str | None:
        return path.relative_to(root).as_posix() if path else None

    return IndexRow(
        path=found.path.relative_to(root).as_posix(),
        kind=found.kind,
        label=found.label,
        cluster=found.cluster,
        width=size[0],
        height=size[1],
        sha256=sha256,
        mask=below(found.mask),
        cytoplasm=below(found.cytoplasm),
        nucleus=below(found.nucleus),
        field=below(found.field),
    )


def _open_whole(path: Path) -> tuple[tuple[int, int], str]:
    """Size `(width, height)` and sha256 of an image that decodes to its end."""
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    try:
        with PilImage.open(path) as image:
            image.load()
            return image.size, sha256
    except UnidentifiedImageError:
        raise DataError(f"{path}: is no image") from None
    except (OSError, SyntaxError, ValueError, PilImage.DecompressionBombError) as error:
        raise DataError(f"{path}: does not decode ({error})") from error


def _check_annotation(found: Found, size: tuple[int, int]) -> None:
    if found.mask:
        _open_whole(found.mask)
        shape = herlev_mask(found.mask).shape
        if shape != size[::-1]:
            raise DataError(
                f"{found.mask}: is {shape[1]} x {shape[0]}, its image {size[0]} x {size[1]}"
            )
    if found.cytoplasm and found.nucleus:
        contour_mask(read_contour(found.cytoplasm), read_contour(found.nucleus), size)


def _sentence(path: Path, listing: Listing, problems: list[str]) -> str:
    if not problems:
        return (
            f"{path} holds no image; a data set was expected. See data/README.md for the layouts."
        )
    lines = [f"  {each}" for each in problems[:LISTED]]
    if len(problems) > LISTED:
        lines.append(f"  and {len(problems) - LISTED} more")
    return (
        f"{len(problems)} of {len(listing.found)} files of {path} ({listing.source}) are broken; "
        "every file must be sound, so nothing was imported. Repair or remove these:\n"
        + "\n".join(lines)
    )


def _join_copies(rows: list[IndexRow]) -> list[IndexRow]:
    """The rows with every copy of one image in one cluster, so that no split can part them."""
    first: dict[str, str] = {}
    return [replace(row, cluster=first.setdefault(row.sha256, row.cluster)) for row in rows]


def _remarks(index: Index) -> tuple[str, ...]:
    copies = Counter(row.sha256 for row in index.rows)
    twice = sum(count - 1 for count in copies.values())
    if not twice:
        return ()
    return (f"{twice} images are copies of another one, byte for byte; splits keep them together.",)


def safe_name(name: str) -> str:
    """The name as folders take it. Raises DataError for one without letter or digit."""
    cleaned = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-").lower()
    if not cleaned:
        raise DataError(
            f"The data set name {name!r} has no letter or digit; letters, digits, - and _ were "
            "expected. Choose another with --name."
        )
    return cleaned
