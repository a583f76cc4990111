"""The image sets of this installation: imported, looked at, deleted."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from cervix_models.cards import load_cards
from cervix_models.data.archive import open_archive, strings
from cervix_models.data.importing import list_datasets, safe_name
from cervix_models.data.index import Index
from cervix_models.data.packed import FORMAT
from cervix_models.data.splits import held_out_hash
from cervix_models.errors import CervixError, DataError
from cervix_models.people import needs
from cervix_models.services.set_imports import (
    UPLOADED,
    UPLOADS,
    ZIP,
    ImportWish,
    free_name,
    source_of,
)
from cervix_models.services.set_quality import REFERENCE, Quality, kept_measures, kept_report
from cervix_models.settings import Settings
from cervix_models.storage.store import Store
from cervix_models.tasks import Job, NewJob, State

log = logging.getLogger(__name__)

KINDS = ("import", "quality")  # of jobs
OPEN: tuple[State, ...] = ("queued", "running", "paused")
MOST = 500  # folders and ZIPs that are offered


@dataclass(frozen=True)
class ImportedSet:
    """An image set of this installation."""

    name: str
    index: Index
    imported_at: datetime
    own: bool  # its pictures were uploaded, and lie beside its index


class DataSets:
    """Imports, reports on and deletes image sets. Threads may share one."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Reads nothing yet."""
        self.store, self.settings = store, settings

    @needs("admin")
    def all(self) -> list[ImportedSet]:
        """The imported sets by name. Raises DataError for a broken index."""
        found = []
        for name, index in list_datasets(self.settings.home).items():
            folder = self.settings.home / "datasets" / name
            when = datetime.fromtimestamp((folder / "dataset.json").stat().st_mtime, UTC)
            own = index.root.is_relative_to(folder.resolve())
            found.append(ImportedSet(name, index, when, own))
        return found

    @needs("admin")
    def sources(self) -> list[str]:
        """The folders and ZIPs that may be imported, the first MOST; none where there is no folder
        of imports."""
        root = self.settings.imports
        if not root.is_dir():
            return []
        found = [
            each.name
            for each in sorted(root.iterdir())
            if not each.name.startswith(".")
            and (each.is_dir() or each.suffix.lower() == ZIP)
            and each.resolve().is_relative_to(root.resolve())
        ]
        return found[:MOST]

    @needs("admin")
    def keep_upload(self, filename: str, content: bytes) -> str:
        """The path by which an uploaded ZIP can be imported. Raises DataError for another file."""
        given = Path(filename)
        if given.suffix.lower() != ZIP or not content.startswith(b"PK"):
            raise DataError(
                f"{filename!r} is no ZIP; a ZIP of images in folders was expected. Pack the set."
            )
        name = f"{safe_name(given.stem)}-{hashlib.sha256(content).hexdigest()[:12]}{ZIP}"
        folder = self.settings.home / UPLOADS
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{name}.part"
        part.write_bytes(content)
        part.replace(folder / name)
        return f"{UPLOADED}{name}"

    @needs("admin")
    def start(self, wish: ImportWish) -> Job:
        """The job that imports a set, which waits for a worker. Raises DataError for a path or a
        name that cannot be, JobError where too many jobs wait."""
        source_of(self.settings, wish.path)
        free_name(self.settings, wish.name)
        asked = NewJob("import", f"Import {safe_name(wish.name)}", wish.as_args())
        return self.store.jobs.add(asked, most=self.settings.queue)

    @needs("admin")
    def measure(self, name: str) -> Job:
        """The job that measures a set anew. Raises DataError, and JobError where too many wait."""
        self._named(name)
        asked = NewJob("quality", f"Measure {name}", {"name": name})
        return self.store.jobs.add(asked, most=self.settings.queue)

    @needs("admin")
    def jobs(self, limit: int = 5) -> list[Job]:
        """The newest jobs that import or measure sets."""
        return self.store.jobs.all(kinds=KINDS, limit=limit)

    @needs("admin")
    def quality(self, name: str) -> Quality | None:
        """What a set is like; None where it was not measured yet."""
        return kept_report(self.settings.home, safe_name(name))

    @needs("admin")
    def measures(self, name: str) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
        """The measures of a set and of the one that the models learned from, a row a picture; None
        where they were not measured here."""
        home = self.settings.home
        return kept_measures(home, safe_name(name)), kept_measures(home, REFERENCE)

    @needs("admin")
    def dependants(self, name: str) -> list[str]:
        """What hangs on a set, or stays without it, in sentences. Raises DataError."""
        one = self._named(name)
        cells = {row.sha256 for row in one.index.rows}
        lies = "go with it" if one.own else f"stay in {one.index.root}"
        found = [
            f"Its {len(one.index.rows):,} pictures {lies}. Readings keep their own pictures: none "
            "depends on it."
        ]
        if name == REFERENCE:
            found.append(
                "The pages The data set, Atlas, Quiz, Classroom and Real or fake show its cells, "
                "and will have none to show."
            )
        if sets := self.store.teaching.sets_with(cells):
            found.append(
                f"Sets for teaching were made of its cells, and keep theirs: {_some(sets)}."
            )
        if packed := _packed_of(self.settings.home, cells):
            found.append(f"Packed files hold its cells, and stay: {_some(packed)}.")
        if models := self._learned_from(one.index):
            found.append(
                f"Models learned from it, and could not be trained again: {_some(models)}."
            )
        return found

    @needs("admin")
    def delete(self, name: str, typed: str) -> None:
        """Deletes a set's index and report, and its pictures where they were uploaded; `typed` is
        its name, as a person typed it. Raises DataError for another, and while a job needs it."""
        one = self._named(name)
        if typed.strip() != name:
            raise DataError(
                f"{typed!r} was typed; the name of the set, {name!r}, was expected. Type it to "
                "delete the set."
            )
        using = [job for job in self.store.jobs.all(states=OPEN, limit=None) if _names(job, name)]
        if using:
            raise DataError(
                f"{len(using)} jobs need {name}, “{using[0].title}” first. Wait until they are "
                "done, or cancel them."
            )
        detail = {"pictures": len(one.index.rows), "index_sha256": one.index.sha256}
        self.store.audit.add("dataset.delete", name, detail)
        shutil.rmtree(self.settings.home / "datasets" / name)

    def _named(self, name: str) -> ImportedSet:
        found = {each.name: each for each in self.all()}
        if name not in found:
            raise DataError(
                f"No image set is named {name!r}; imported: {', '.join(found) or 'none'}. Choose "
                "one of these."
            )
        return found[name]

    def _learned_from(self, index: Index) -> list[str]:
        """The models here and of runs whose card names the set's kind, or exactly its images."""
        images = held_out_hash(row.sha256 for row in index.cells)
        runs = sorted(self.settings.runs.glob("*/weights"))
        found: list[str] = []
        for card in load_cards(*self.settings.shelves, *runs):
            same = index.source != "folder" and index.source in card.data.get("sources", ())
            if same or card.data.get("images_sha256") == images:
                found.append(card.name)
        return found


def _packed_of(home: Path, cells: set[str]) -> list[str]:
    """The packed files in the home that hold some of these pictures."""
    found = []
    for path in sorted(home.glob("*.npz")):
        try:
            archive, _ = open_archive(path, FORMAT)
        except CervixError as problem:
            log.debug("%s holds no cells: %s", path, problem)
            continue
        with archive:
            if cells & set(strings(archive["sha256"])):
                found.append(path.name)
    return found


def _names(job: Job, name: str) -> bool:
    """Whether a job needs the set of this name."""
    return job.args.get("name") == name or f"set:{name}" in (job.args.get("data") or ())


def _some(names: Sequence[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
