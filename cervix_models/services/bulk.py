"""A folder of cell pictures read into one table, by several processes, going on after a stop.

What was read is kept as it goes, in parts beside the table. A run that was stopped, even killed,
takes up those parts and reads only what they lack; a finished table is added to in the same way.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from cervix_models.cluster import connect, processors
from cervix_models.contracts import NOTICE
from cervix_models.data.intake import Taken, refuse_generated, take_pixels
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.sources import SUFFIXES
from cervix_models.errors import DataError, IntakeError
from cervix_models.morphology import FEATURES
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER, Defaults
from cervix_models.services.reader import Finding, Reader, uses_of
from cervix_models.settings import Settings, set_thread_policy

Row = dict[str, Any]
Progress = Callable[[int, int], None]  # pictures done, pictures in all

BATCH = 32  # pictures a part
MOST = 4  # processes, where none are asked for: each holds all models
BETWEEN = "; "  # several texts in one cell
COLUMNS = (  # of every row, in their order, before those of the gate and of the models
    "file", "file_sha256", "width", "height", "micrometres_per_pixel", "decision", "label",
    *(f"probability_{name}" for name in CLASS_NAMES),
    "conformal_set", "reasons", "warnings", *(each.name for each in FEATURES),
)  # fmt: skip
NEEDED = ("file", "file_sha256", "decision", "models")  # columns of every table of ours


@dataclass(frozen=True)
class Job:
    """What is read, into which table, by which classifier, in how many processes."""

    folder: Path
    out: Path
    classifier: str = CLASSIFIER
    processes: int = 1
    defaults: Defaults = field(default_factory=Defaults)  # whose outlines and gate are taken

    @property
    def parts(self) -> Path:
        """The folder of what was read so far."""
        return self.out.with_name(self.out.name + ".parts")


@dataclass(frozen=True)
class Counted:
    """How many pictures there were, by what came of them."""

    read: int  # now; the others had been read before
    named: int  # of all: given a class
    referred: int  # that a person should read
    refused: int  # that could not be taken


def at_hand(settings: Settings) -> int:
    """How many processes may read at once here, or readers on the cluster of the settings. Raises
    ClusterError."""
    if not settings.ray_address:
        return min(MOST, os.cpu_count() or 1)
    return processors(connect(settings), settings.threads)


def read_folder(job: Job, settings: Settings, progress: Progress) -> Counted:
    """Reads every picture below a folder that the table lacks, and writes the table.

    A row a picture: its place below the folder, hash, class or referral with its reasons,
    probabilities, and the features in pixels. What cannot be taken gets a row with the reason.
    Raises DataError for a folder without pictures, for another kind of table and for one by other
    weights; WeightsError where a model has no weights.
    """
    _check(job)
    files = {path.relative_to(job.folder).as_posix(): path for path in _pictures(job.folder)}
    if not files:
        raise DataError(
            f"{job.folder} holds no picture; {', '.join(sorted(SUFFIXES))} files, in it or in "
            "folders below, were expected. Give another folder."
        )
    models = models_of(job.classifier, settings, job.defaults.segmenter)
    read = _stored(job, models)
    unchanged = {
        name
        for name, sha256 in zip(read["file"], read["file_sha256"], strict=True)
        if name in files and _sha256(files[name].read_bytes()) == sha256
    }
    lacking = [path for name, path in files.items() if name not in unchanged]
    job.parts.mkdir(parents=True, exist_ok=True)
    done = len(unchanged)
    progress(done, len(files))
    for count in _read_all(job, settings, models, lacking):
        done += count
        progress(done, len(files))
    table = _stored(job, models)
    table = table[table["file"].isin(files.keys())].sort_values("file", ignore_index=True)
    part = job.out.with_name(job.out.name + ".part")
    table.to_parquet(part, index=False)
    part.replace(job.out)
    shutil.rmtree(job.parts)
    counts = table["decision"].value_counts()
    return Counted(len(lacking), *(int(counts.get(d, 0)) for d in ("class", "refer", "refused")))


def models_of(classifier: str, settings: Settings, segmenter: str = SEGMENTER) -> str:
    """The weights that speak, as the column `models` names them. Raises WeightsError."""
    uses = uses_of(classifier, segmenter, settings)
    return BETWEEN.join(f"{use.role} {use.weights}" for use in uses)


def _check(job: Job) -> None:
    if not job.folder.is_dir():
        raise DataError(
            f"{job.folder} is not a folder; a folder of cell pictures was expected. Give one."
        )
    if job.out.suffix != ".parquet":
        raise DataError(
            f"The table was to be written to {job.out}; a name that ends in .parquet was expected. "
            "Give one with --out."
        )
    if job.processes < 1:
        raise DataError(
            f"{job.processes} processes were asked for; at least one was expected. Give a number "
            "from 1 on with --processes."
        )


def _pictures(folder: Path) -> list[Path]:
    """The picture files in a folder and those below it, by name; hidden ones are left out."""
    found = (each for each in folder.rglob("*") if each.suffix.lower() in SUFFIXES)
    return sorted(
        each
        for each in found
        if each.is_file() and not any(p.startswith(".") for p in each.relative_to(folder).parts)
    )


def _stored(job: Job, models: str) -> pd.DataFrame:
    """What was read before, of each file what was read last."""
    parts = sorted(job.parts.glob("*.parquet"), key=lambda p: p.stat().st_mtime_ns, reverse=True)
    tables = [_table(path, models) for path in [*parts, *([job.out] if job.out.is_file() else [])]]
    if not tables:
        return pd.DataFrame(columns=list(NEEDED))
    return pd.concat(tables, ignore_index=True).drop_duplicates("file", ignore_index=True)


def _table(path: Path, models: str) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as problem:  # pyarrow's ArrowInvalid is a ValueError
        raise DataError(
            f"{path} cannot be read as a table ({problem}); a Parquet file that this command wrote "
            "was expected. Remove it, or give a new name with --out."
        ) from problem
    if lacking := sorted(set(NEEDED) - set(table)):
        raise DataError(
            f"{path} is no table of readings: it lacks {', '.join(lacking)}. Give a new name with "
            "--out."
        )
    if others := set(table["models"]) - {models}:
        raise DataError(
            f"{path} was read by other weights ({others.pop()}) than are asked now ({models}). "
            "Give a new name with --out, or name the same classifier."
        )
    return table


def _read_all(job: Job, settings: Settings, models: str, lacking: list[Path]) -> Iterator[int]:
    """How many pictures each part brought, as the parts are written."""
    parts = [lacking[at : at + BATCH] for at in range(0, len(lacking), BATCH)]
    if settings.ray_address:
        yield from _read_on_cluster(job, settings, models, parts)
        return
    if job.processes == 1 or len(parts) < 2:
        if parts:
            _begin(settings, job, models)
        for part in parts:
            yield _read_part(part)
        return
    threads = max(1, settings.threads // job.processes)
    spawn = multiprocessing.get_context("spawn")  # a fork after torch was loaded may hang
    with ProcessPoolExecutor(
        min(job.processes, len(parts)), spawn, _begin,
        (replace(settings, threads=threads), job, models),
    ) as pool:  # fmt: skip
        futures = [pool.submit(_read_part, part) for part in parts]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as problem:
            raise DataError(
                "A process that reads was stopped from outside, perhaps for want of memory; what "
                "was read is kept. Run the same command again, with fewer --processes."
            ) from problem
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _read_on_cluster(
    job: Job, settings: Settings, models: str, parts: list[list[Path]]
) -> Iterator[int]:
    from cervix_models.services.bulk_cluster import read_on_cluster

    for table, count in read_on_cluster(job, settings, models, parts):
        _keep(table, job)
        yield count


@dataclass(frozen=True)
class Worker:
    """What one process reads with."""

    reader: Reader
    job: Job
    models: str


_WORKERS: list[Worker] = []  # of this process: one


def _begin(settings: Settings, job: Job, models: str) -> None:
    """Loads the models of this process."""
    set_thread_policy()
    _WORKERS[:] = [ready(settings, job, models)]


def ready(settings: Settings, job: Job, models: str) -> Worker:
    """What reads the pictures of a job, with its models loaded. Raises WeightsError."""
    reader = Reader(settings, job.defaults)
    reader.voice(job.classifier)
    return Worker(reader, job, models)


def _read_part(files: Sequence[Path]) -> int:
    """How many pictures were read into a part of their own."""
    (worker,) = _WORKERS
    _keep(part_of(worker, [sent(worker.job, path) for path in files]), worker.job)
    return len(files)


def _keep(table: bytes, job: Job) -> None:
    path = job.parts / f"{uuid.uuid4().hex}.parquet"
    path.with_suffix(".part").write_bytes(table)
    path.with_suffix(".part").replace(path)  # whole or not at all


def sent(job: Job, path: Path) -> tuple[str, bytes]:
    """The name of a picture below the job's folder, and what the file holds."""
    return path.relative_to(job.folder).as_posix(), path.read_bytes()


def part_of(worker: Worker, pictures: Sequence[tuple[str, bytes]]) -> bytes:
    """A Parquet file with a row for each of these pictures, by name and content, read together.

    Linear algebra runs on one thread: on more, sums are taken in another order, and the last digits
    would depend on the machine.
    """
    with threadpool_limits(1, "blas"):
        rows = read_rows(worker, pictures)
    table = pd.DataFrame(rows).assign(models=worker.models, notice=NOTICE)
    return table.to_parquet(index=False)


def read_rows(worker: Worker, pictures: Sequence[tuple[str, bytes]]) -> list[Row]:
    """A row for each of these pictures, by name and content, read together."""
    rows: list[Row] = []
    taken: dict[int, Taken] = {}
    for at, (name, content) in enumerate(pictures):
        row = {"file": name, "file_sha256": _sha256(content), "decision": "refused"}
        rows.append(row)
        try:
            taken[at] = _real(take_pixels(content, name), Path(name).name)
        except IntakeError as problem:
            row["reasons"] = str(problem)
    pixels = [each.pixels for each in taken.values()]
    said = worker.reader.read_many(pixels, classifier=worker.job.classifier) if pixels else []
    for (at, each), finding in zip(taken.items(), said, strict=True):
        rows[at] |= _answer(each, finding)
    return [{**dict.fromkeys(COLUMNS), **row} for row in rows]


def _real(taken: Taken, name: str) -> Taken:
    if taken.synthetic:
        refuse_generated(name, "cell")
    return taken


def _answer(taken: Taken, finding: Finding) -> Row:
    seen = finding.classification
    height, width = taken.pixels.shape[:2]
    return {
        "width": width,
        "height": height,
        "micrometres_per_pixel": taken.micrometres_per_pixel,
        "decision": finding.decision,
        "label": finding.label,
        **{f"probability_{n}": p for n, p in (seen.probabilities if seen else {}).items()},
        "conformal_set": BETWEEN.join(finding.conformal_set),
        "reasons": BETWEEN.join(finding.reasons),
        "warnings": BETWEEN.join(taken.warnings),
        **{f"gate_{name}": value for name, value in finding.gate.items()},
        **finding.features,
    }


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
