"""What a cluster is worth: cells read and a fold trained by one process and by its machines."""

from __future__ import annotations

import json
import platform
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cervix_models.benches.single import single
from cervix_models.cluster import connect, processors
from cervix_models.data.packed import PackedSet, load_all
from cervix_models.errors import ClusterError
from cervix_models.services.bulk import Job as Bulk
from cervix_models.services.bulk import read_folder
from cervix_models.services.defaults import QUICK
from cervix_models.settings import Settings
from cervix_models.training.fit import Job, fit_here
from cervix_models.training.on_cluster import run_name, train_on_cluster
from cervix_models.training.protocol import Plan, folds_of, inner, predict

WORKER = "RayTrainWorker"  # what a process that trains is called
LOSS_AFTER = 2  # epochs that have ended when a worker is taken away
SEEN = 3.0  # seconds in which Ray takes note of a checkpoint that lies in the storage


@dataclass
class Trial:
    """What is tried, where, and what came of it; kept after every step, beside what the file holds
    of what is not tried now."""

    settings: Settings
    out: Path
    pictures: int = 3000
    recipe: str = "mobilenetv3_small"
    epochs: int = 6
    database: str | None = None  # a URL, of one that may be written to; default: a new SQLite file
    found: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Takes what the file holds."""
        if self.out.is_file():
            self.found = json.loads(self.out.read_text("utf-8"))

    def keep(self, **found: Any) -> None:
        """Writes what was found so far."""
        self.found |= found
        self.out.write_text(json.dumps(self.found, indent=1) + "\n", encoding="utf-8")


def tried(trial: Trial) -> Iterator[str]:
    """Lines of figures, as they come; all of them stand in the file of the trial at the end."""
    ray = connect(trial.settings)
    packed = load_all([trial.settings.home / "cells160.npz"])
    most = processors(ray, trial.settings.threads)
    trial.keep(
        ray=ray.__version__, machines=sum(bool(each["Alive"]) for each in ray.nodes()),
        threads=trial.settings.threads, processor=platform.machine(),
    )  # fmt: skip
    trial.keep(single=single(trial.settings, packed, trial.database))
    yield (
        f"one reading: {trial.found['single']['processor_seconds']:.2f} s of a processor, "
        f"{trial.found['single']['kilobytes']:.0f} kB kept; the database takes "
        f"{trial.found['single']['writes_a_second']:.0f} a second"
    )
    if trial.pictures:
        yield from _read(trial, packed, most)
    if trial.epochs:
        yield from _trained(trial, packed)


def _read(trial: Trial, packed: PackedSet, most: int) -> Iterator[str]:
    """The same cells read by this process, and by one to all processors of the cluster."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written(packed, trial.pictures, folder / "cells")
        rows: list[dict[str, Any]] = []
        for readers in range(most + 1):
            table = folder / f"{readers}.parquet"
            rows.append({"readers": readers, **_timed(trial.settings, folder, table, readers)})
            rows[-1]["same"] = table.read_bytes() == (folder / "0.parquet").read_bytes()
            trial.keep(bulk={"pictures": trial.pictures, "classifier": QUICK, "runs": rows})
            yield (
                f"{readers} readers on the cluster: {rows[-1]['a_second']:.1f} pictures/s, once "
                f"begun {rows[-1]['a_second_once_begun']:.1f}, "
                f"{'the same' if rows[-1]['same'] else 'other'} table"
            )


def written(packed: PackedSet, count: int, folder: Path) -> None:
    """Writes the first cells of a packed file as pictures."""
    from PIL import Image

    folder.mkdir()
    for at in range(min(count, len(packed))):
        Image.fromarray(packed.images[at]).save(folder / f"{at:05}.png")


def _timed(settings: Settings, folder: Path, table: Path, readers: int) -> dict[str, float]:
    """How long reading takes, in this process where no readers are asked for."""
    steps: list[tuple[float, int]] = []
    where = settings if readers else replace(settings, ray_address=None)
    started, worked = time.perf_counter(), time.process_time()
    read_folder(
        Bulk(folder / "cells", table, QUICK, max(1, readers)), where,
        lambda done, _all: steps.append((time.perf_counter() - started, done)),
    )  # fmt: skip
    (first, some), (last, all_of) = steps[1], steps[-1]
    return {
        "seconds": round(last, 2),
        # Of a machine that does nothing else the same; others' work does not count in it.
        "processor_seconds": round(time.process_time() - worked, 2),
        "a_second": round(all_of / last, 2),
        "a_second_once_begun": round((all_of - some) / max(last - first, 1e-9), 2),
    }


def _trained(trial: Trial, packed: PackedSet) -> Iterator[str]:
    """The first fold of a recipe, trained by this process, by the workers, and by workers of which
    one is lost."""
    import torch

    from cervix_models.recipes import load_recipe

    torch.set_num_threads(trial.settings.threads)
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        recipe = load_recipe(trial.recipe)
        plan = Plan(recipe, packed, Path(name), trial.settings.weights, epochs=trial.epochs)
        for way in ("here", "cluster", "lost"):
            runs.append({"way": way, **_fold(trial, plan, way)})
            trial.keep(training={"recipe": trial.recipe, "epochs": trial.epochs, "runs": runs})
            right = runs[-1]["accuracy"]
            yield (
                f"{runs[-1]['on']}{', one lost' if way == 'lost' else ''}: "
                f"{right['value']:.3f} ({right['low']:.3f} to {right['high']:.3f}) right in "
                f"{runs[-1]['seconds']:.0f} s"
            )


def _fold(trial: Trial, plan: Plan, way: str) -> dict[str, Any]:
    from cervix_models.evaluation.classification import interval_of
    from cervix_models.training.inputs import cells_for

    fold = folds_of(plan)[0]
    train, watch = inner(plan, fold.train) if plan.recipe.watches else (fold.train, fold.held_out)
    cells = cells_for(plan.packed, plan.recipe)
    job = Job(plan.recipe, cells, train, watch, plan.runs / way, plan.epochs)
    settings = replace(trial.settings, ray_storage=str(plan.runs / "ray"))
    started = time.perf_counter()
    if way == "here":
        network, _ = fit_here(job)
    elif way == "cluster":
        network, _ = train_on_cluster(job, settings)
    else:
        network, _ = _with_a_loss(job, settings)
    seconds = time.perf_counter() - started
    said = predict(network, plan, cells, fold.held_out)["probabilities"].argmax(1)
    right = said == plan.packed.labels[fold.held_out]
    done = json.loads((job.folder / "done.json").read_text("utf-8"))
    clusters = [plan.packed.clusters[at] for at in fold.held_out]
    return {
        "on": done["on"],
        "seconds": round(seconds, 1),
        "epochs": done["epochs"],
        "cells": len(train),
        "held_out": len(right),
        "accuracy": interval_of(right, clusters),
    }


def _with_a_loss(job: Job, settings: Settings) -> tuple[Any, str]:
    """The training, of which a worker is taken away once some epochs have ended."""
    name, lost = run_name(job, settings.ray_workers), list[str]()
    storage = Path(str(settings.ray_storage)) / name
    taker = threading.Thread(target=_lose, args=(settings, storage, lost), daemon=True)
    taker.start()
    found = train_on_cluster(job, settings)
    if not lost:
        raise ClusterError(
            f"The training {name} ended before a worker could be taken away; one that lasts longer "
            "was expected. Ask for more --epochs."
        )
    return found


def _lose(settings: Settings, storage: Path, lost: list[str]) -> None:
    """Ends one worker of the training, once the storage holds enough checkpoints."""
    ray = connect(settings)
    while len(list(storage.glob("checkpoint_*/"))) < LOSS_AFTER:
        time.sleep(0.5)
    time.sleep(SEEN)
    for node in (each for each in ray.nodes() if each["Alive"]):
        pinned = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            node["NodeID"], soft=False
        )
        work = ray.remote(num_cpus=0, scheduling_strategy=pinned)(end_worker)
        if ray.get(work.remote(storage.name)):
            lost.append(str(node["NodeID"]))
            return


def end_worker(name: str) -> bool:
    """Whether a worker of the training of this name ran on this machine; it was killed."""
    import psutil

    for process in psutil.process_iter(["cmdline", "cwd"]):
        said = " ".join(process.info["cmdline"] or ())
        if WORKER in said and name in (process.info["cwd"] or ""):
            process.kill()
            return True
    return False
