"""Image sets from the server's own folder or an uploaded ZIP: checked, indexed, measured."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cervix_models.data.importing import import_dataset, safe_name
from cervix_models.data.unzipping import unpack
from cervix_models.errors import DataError
from cervix_models.services.set_quality import report_on
from cervix_models.settings import Settings

Tell = Callable[[float, str], None]  # the part done, 0..1, and what is being done

UPLOADED = "upload:"  # before the name of a file that was uploaded
UPLOADS, FILES = "uploads", "files"  # folders: of the home, and of a set that was a ZIP
ZIP = ".zip"


@dataclass(frozen=True)
class ImportWish:
    """An image set that is to be imported."""

    path: str  # below the folder of imports; or UPLOADED and the name of an uploaded file
    name: str
    groups: str | None = None  # finds the patient or slide in a file's name
    leave_out: bool = False  # broken files are left out, instead of ending the import

    @classmethod
    def of(cls, args: Mapping[str, Any]) -> ImportWish:
        """The wish that the arguments of a job tell."""
        return cls(args["path"], args["name"], args.get("groups"), bool(args.get("leave_out")))

    def as_args(self) -> dict[str, Any]:
        """The wish as the arguments of a job."""
        return asdict(self)


def import_set(settings: Settings, wish: ImportWish, tell: Tell) -> dict[str, Any]:
    """What was found in a set that is now imported and measured.

    Raises DataError, with nothing imported, for a path beyond the folder of imports, for a name
    that is taken, and for a set that cannot be read or is broken.
    """
    source, name = source_of(settings, wish.path), free_name(settings, wish.name)
    folder = settings.home / "datasets" / name
    try:
        root = source
        if source.suffix.lower() == ZIP:
            root = folder / FILES
            shutil.rmtree(root, ignore_errors=True)  # of a process that ended before
            unpack(source, root, lambda done, total: tell(0.3 * done / total, "Unpacking"))
        else:
            _refuse_links(source)
        made = import_dataset(
            root, settings.home, name=name, groups=wish.groups, leave_out=wish.leave_out,
            progress=lambda done, total: tell(0.3 + 0.3 * done / total, "Checking every file"),
        )  # fmt: skip
    except BaseException:
        if not (folder / "dataset.json").is_file():
            shutil.rmtree(folder, ignore_errors=True)
        raise
    quality = report_on(
        settings.home, name, lambda done, total: tell(0.6 + 0.4 * done / total, "Measuring"),
        made.broken,
    )  # fmt: skip
    if wish.path.startswith(UPLOADED):
        source.unlink(missing_ok=True)
    return {
        "name": name,
        "cells": len(made.index.cells),
        "fields": len(made.index.fields),
        "broken": len(made.broken),
        "copies": quality.copies_count,
        "near": quality.near_count,
        "known": quality.known_count,
    }


def source_of(settings: Settings, path: str) -> Path:
    """The folder or ZIP that a path names. Raises DataError for one that leads out of the folder of
    imports, also by a link, and for one that is not there."""
    uploaded = path.startswith(UPLOADED)
    root = settings.home / UPLOADS if uploaded else settings.imports
    given = path.removeprefix(UPLOADED)
    parts = Path(given).parts
    found = root / given
    bad = not parts or Path(given).is_absolute() or any(p.startswith(".") for p in parts)
    if bad or "\x00" in given or not found.resolve().is_relative_to(root.resolve()):
        raise DataError(
            f"{given!r} leads out of the folder of imports, or is hidden; a folder or a ZIP below "
            f"{root} was expected. Choose one of the list."
        )
    if not (found.is_dir() or (found.is_file() and found.suffix.lower() == ZIP)):
        raise DataError(
            f"{given!r} is not in {root}; a folder or a ZIP there was expected. Choose one of the "
            "list."
        )
    return found


def free_name(settings: Settings, name: str) -> str:
    """A name as folders take it, under which no set is imported. Raises DataError."""
    safe = safe_name(name)
    if (settings.home / "datasets" / safe / "dataset.json").is_file():
        raise DataError(
            f"A set is imported as {safe!r} already; a new name was expected. Choose another, or "
            "delete that set first."
        )
    return safe


def _refuse_links(folder: Path) -> None:
    for place, folders, files in os.walk(folder):
        for each in (*folders, *files):
            if (Path(place) / each).is_symlink():
                raise DataError(
                    f"{folder.name} holds the link {each!r}; files and folders of its own were "
                    "expected. Take it out, or put the file itself there."
                )
