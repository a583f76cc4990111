"""One worker of a training on a Ray cluster: what it is told, what it does, what it ends with."""

from __future__ import annotations

import io
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback

from cervix_models.cluster import at_node
from cervix_models.registry import find
from cervix_models.settings import Settings
from cervix_models.training.batches import Cells, Share
from cervix_models.training.fit import (
    Job,
    created,
    epochs_of,
    film_of,
    loaders_of,
    machine,
    trainer_of,
    training_of,
)
from cervix_models.training.watching import Watched

# Besides event files, what a training leaves beside its weights.
KEPT = (".csv", ".png", ".webp", ".yaml")


@dataclass(frozen=True)
class Task:
    """What every worker is told; the large parts stand once in the store of the cluster."""

    job: Job  # without cells and network
    cells: Any  # a reference to arrays, by the name of their field
    weights: Any  # a reference to the first weights, by name
    settings: Settings
    notes: Any  # an actor that hears how far the training is


@dataclass(frozen=True)
class Outcome:
    """What the first of the workers ends with."""

    weights: dict[str, np.ndarray]  # of the network after the last epoch, by name
    files: bytes  # what it left in its folder, as one archive
    epochs: int
    begun: list[int]  # the epochs at which workers began: the first, and after each loss of one
    on: str  # the machine


def learn_share(config: dict[str, Any]) -> Outcome:
    """One worker's part, on a machine of the cluster, and what it ends with."""
    import ray
    from ray.train import get_checkpoint, get_context
    from ray.train import lightning as on_ray

    task: Task = config["task"]
    share = Share(get_context().get_world_rank(), get_context().get_world_size())
    torch.set_num_threads(at_node(task.settings).threads)
    with tempfile.TemporaryDirectory() as folder:
        arrays = {key: torch.tensor(each) for key, each in ray.get(task.cells).items()}
        job = replace(task.job, cells=Cells(**arrays), folder=Path(folder))
        first = {key: torch.tensor(each) for key, each in ray.get(task.weights).items()}
        module, loaders = _module(job, first, share)
        on_gpu = torch.cuda.is_available()
        carried = Carried(job.folder)
        trainer = trainer_of(
            job.recipe, job.folder, epochs_of(job.recipe, job.epochs),
            [*(_by_first(task, job) if share.rank == 0 else []), carried],
            {
                "strategy": on_ray.RayDDPStrategy(
                    find_unused_parameters=find(job.recipe.model).kind == "segmenter"
                ),
                "plugins": [on_ray.RayLightningEnvironment()],
                "accelerator": "auto",
                "devices": "auto",
                "sync_batchnorm": on_gpu,  # torch has it for GPUs alone
                "use_distributed_sampler": False,  # the batches are shared out already
                "enable_progress_bar": False,
                "enable_checkpointing": False,
            },
        )  # fmt: skip
        trainer.callbacks.append(on_ray.RayTrainReportCallback())  # type: ignore[attr-defined]
        trainer = on_ray.prepare_trainer(trainer)
        checkpoint = get_checkpoint()
        if checkpoint is None:
            trainer.fit(module, *loaders)
        else:
            with checkpoint.as_directory() as last:
                path = Path(last) / on_ray.RayTrainReportCallback.CHECKPOINT_NAME
                trainer.fit(module, *loaders, ckpt_path=path, weights_only=False)
        weights = module.get_submodule("network").cpu().state_dict()
        return Outcome(
            {key: each.numpy() for key, each in weights.items()},
            packed(job.folder), trainer.current_epoch, carried.begun, machine(),
        )  # fmt: skip


def _module(
    job: Job, first: Mapping[str, torch.Tensor], share: Share
) -> tuple[L.LightningModule, Any]:
    """What one worker trains, and what it learns from: the same network on every worker, and of
    each its own draw of disturbances."""
    network = created(job.recipe)
    network.load_state_dict(dict(first))
    loaders = loaders_of(job, share)
    epochs = epochs_of(job.recipe, job.epochs)
    L.seed_everything(job.recipe.seed + share.rank, verbose=False)
    module = training_of(job.recipe)(network, job.recipe, epochs * len(loaders[0]))
    draw = cast(torch.Generator, module.draw)
    draw.manual_seed(job.recipe.seed + share.rank)
    return module, loaders


def _by_first(task: Task, job: Job) -> list[Callback]:
    """What the first of the workers does besides: pictures, and telling how far it is."""
    return [*film_of(job), Telling(Listened(task.notes), Path(task.job.folder.name))]


class Notes:
    """On the cluster, what a training told and nobody heard yet."""

    def __init__(self) -> None:
        """Begins without any."""
        self.notes: list[tuple[str, float, int, dict[str, float]]] = []

    def told(self, part: str, done: float, step: int, values: dict[str, float]) -> None:
        """Keeps a note."""
        self.notes.append((part, done, step, values))

    def heard(self) -> list[tuple[str, float, int, dict[str, float]]]:
        """The notes since the last time."""
        notes, self.notes = self.notes, []
        return notes


@dataclass(frozen=True)
class Listened:
    """A watcher in a worker: what it is told goes to the notes. Who asked ends the whole."""

    notes: Any

    def told(self, part: str, done: float, step: int, values: Mapping[str, float]) -> None:
        """Sends the numbers on."""
        self.notes.told.remote(part, done, step, dict(values))

    def stops(self) -> bool:
        """Never by itself."""
        return False

    def may_save(self) -> None:
        """Nothing: checkpoints are Ray's."""


class Telling(Watched):
    """Tells a watcher of a training, of which Ray keeps the checkpoints."""

    def _save(self, trainer: L.Trainer) -> None:
        """Nothing: a checkpoint takes all workers at once."""


class Carried(Callback):
    """What a training leaves in its folder, curves and pictures, carried in its checkpoints: the
    folder is lost with the worker, and another goes on."""

    def __init__(self, folder: Path) -> None:
        """Carries the notes in `folder`."""
        self.folder, self.begun = folder, list[int]()

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Notes at which epoch the workers begin."""
        self.begun.append(trainer.current_epoch)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Has the curves written, which loggers keep back."""
        for each in trainer.loggers:
            each.save()

    @property
    def state_key(self) -> str:
        """The name that it is found by."""
        return type(self).__name__

    def state_dict(self) -> dict[str, Any]:
        """The notes so far."""
        return {"files": packed(self.folder), "begun": self.begun}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Lays the notes of before the stop into the folder; those of curves under another name, as
        loggers begin a file anew, and add to none of other columns."""
        self.begun = list(state_dict["begun"])
        with tempfile.TemporaryDirectory() as name:
            before = Path(name)
            unpack(state_dict["files"], before)
            curves = before / "csv/version_0"
            if curves.is_dir():
                curves.rename(before / f"csv/version_0_{len(self.begun)}")
            shutil.copytree(before, self.folder, dirs_exist_ok=True)


def packed(folder: Path) -> bytes:
    """The notes in a folder as one archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.suffix in KEPT or path.name.startswith("events.out"):
                archive.add(path, path.relative_to(folder).as_posix())
    return out.getvalue()


def unpack(files: bytes, folder: Path) -> None:
    """Lays the files of an archive into a folder."""
    with tarfile.open(fileobj=io.BytesIO(files)) as archive:
        archive.extractall(folder, filter="data")
