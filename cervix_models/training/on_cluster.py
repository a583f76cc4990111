"""A training on a Ray cluster: the same recipe, learned by several workers with Ray Train.

Each worker has the same network and learns from its part of every batch; their gradients are
averaged before each step, so that the batches stay the recipe's. After every epoch a checkpoint
goes to the storage of the settings; where a worker is lost, all go on from the last of these.
"""

from __future__ import annotations

import io
import logging
import tarfile
import tempfile
import time
from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import lightning as L
import numpy as np
import torch
from torch import nn

from cervix_models.cluster import at_node, connect, gpus
from cervix_models.errors import CervixError, ClusterError, StoppedError
from cervix_models.recipes import Recipe
from cervix_models.registry import find
from cervix_models.settings import Settings
from cervix_models.training.batches import Cells, Share
from cervix_models.training.fit import (
    Job,
    begin,
    created,
    fit_here,
    keep_trained,
    loaders_of,
    trained,
    training_of,
)
from cervix_models.training.on_worker import Notes, Outcome, Task, learn_share, unpack
from cervix_models.training.watching import Watcher, who_watches

log = logging.getLogger(__name__)

FAILURES = 3  # workers that may be lost before a training is given up
ENDED = 60.0  # seconds that workers may take to end
HEARD = 2.0  # seconds between two looks at how far it is
SHARED = ("classifier", "segmenter")  # kinds whose loss is a mean over the cells of a batch


def train_on_cluster(job: Job, settings: Settings) -> tuple[nn.Module, str]:
    """The trained network, in evaluation mode, and the origin of its first weights, as `fit` gives
    them; trained by `settings.ray_workers` workers, or whole on one machine of the cluster where
    the recipe cannot be shared out.

    Raises RecipeError where the folder holds a training of another recipe or the batches are too
    small, ClusterError where the cluster cannot be joined or the training failed on it, and
    StoppedError where it was asked to stop.
    """
    network, origin, done = begin(job.recipe, job.folder, job.epochs)
    if done:
        return network, origin
    if can_be_shared(job.recipe):
        loaders_of(job, Share(0, settings.ray_workers))  # refuses batches that are too small
    ray = connect(settings)
    if not can_be_shared(job.recipe):
        log.info("%s cannot be shared out: one machine trains it whole", job.recipe.name)
        return _whole(ray, job, settings), origin
    if job.network is not None:
        network.load_state_dict(job.network.state_dict())
    began = time.monotonic()
    task = Task(
        job=replace(job, cells=_no_cells(), network=None),
        cells=ray.put({each.name: getattr(job.cells, each.name).numpy() for each in fields(Cells)}),
        weights=ray.put({key: each.numpy() for key, each in network.state_dict().items()}),
        settings=settings,
        notes=ray.remote(num_cpus=0)(Notes).remote(),
    )
    _say_what_lacks(ray, settings.ray_workers, settings.threads)
    # By a task of the cluster, which sees the storage and can be ended from here.
    work = ray.remote(num_cpus=0, max_retries=FAILURES)(_run).remote(task)
    found: Outcome = _waited(ray, job, work, task.notes)
    if len(found.begun) > 1:
        epochs = ", ".join(map(str, found.begun[1:]))
        log.warning("%s lost workers, and went on at epoch %s", job.recipe.name, epochs)
    network.load_state_dict({key: torch.tensor(each) for key, each in found.weights.items()})
    unpack(found.files, job.folder)
    on, seconds = f"{settings.ray_workers} workers, each of {found.on}", time.monotonic() - began
    return keep_trained(network, job.folder, found.epochs, seconds, origin, on), origin


def can_be_shared(recipe: Recipe) -> bool:
    """Whether several workers can train the recipe's network together, each on a part of every
    batch: not what tells the cells of a batch apart, plays against a critic or has no batches."""
    entry = find(recipe.model)
    other = recipe.contrast or recipe.kernel or entry.reads == "features"
    return entry.kind in SHARED and not other


def _no_cells() -> Cells:
    return Cells(*(torch.empty(0) for _ in range(5)))


def run_name(job: Job, workers: int) -> str:
    """What a training is called in the storage, the same whenever it is begun again: a training
    whose sender was stopped goes on from there."""
    said = [job.recipe.as_dict(), job.epochs, workers, str(job.folder.resolve())]
    digest = sha256(repr(said).encode())
    for rows in (job.train, job.watch):
        digest.update(np.ascontiguousarray(rows, np.int64).tobytes())
    return f"{job.recipe.name}-{digest.hexdigest()[:16]}"


def _waited(ray: Any, job: Job, work: Any, notes: Any = None) -> Any:
    """What a task of the cluster gives; whoever watches is told how far it is, and may stop it.

    Raises StoppedError, what the training raises, and ClusterError where it failed otherwise.
    """
    watcher = who_watches()
    try:
        while not ray.wait([work], timeout=HEARD)[0]:
            _tell(ray, watcher, notes)
            if watcher is not None and watcher.stops():
                ray.cancel(work)  # Ray Train then ends its workers, and gives back their machines
                ray.wait([work], timeout=ENDED)
                raise StoppedError(
                    "The training on the cluster was asked to stop, and has. Resume it: it goes "
                    "on from the last epoch that it ended."
                )
        _tell(ray, watcher, notes)
        return ray.get(work)
    except ray.exceptions.RayError as problem:
        cause = getattr(problem, "cause", None)
        if isinstance(cause, CervixError):
            raise cause from problem
        raise ClusterError(
            f"The training of {job.recipe.name} failed on the cluster ({cause or problem}); it was "
            "expected to end. See what the workers say in the logs of Ray, and train again: it "
            "goes on from the last epoch that all of them ended."
        ) from problem


def _tell(ray: Any, watcher: Watcher | None, notes: Any) -> None:
    if watcher is not None and notes is not None:
        for note in ray.get(notes.heard.remote()):
            watcher.told(*note)


def _run(task: Task) -> Outcome:
    """What the workers end with; where the recipe watches, the weights of the best epoch."""
    import ray
    from ray.train import CheckpointConfig, FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    settings, workers = task.settings, task.settings.ray_workers
    watches = task.job.recipe.watches
    trainer = TorchTrainer(
        learn_share,  # what it gives comes back from the first worker
        train_loop_config={"task": task},
        scaling_config=ScalingConfig(
            num_workers=workers,
            use_gpu=gpus(ray) >= workers,
            resources_per_worker={"CPU": settings.threads},
        ),
        run_config=RunConfig(
            name=run_name(task.job, workers),
            storage_path=settings.ray_storage or str(settings.home / "ray"),
            failure_config=FailureConfig(max_failures=FAILURES),
            checkpoint_config=CheckpointConfig(
                num_to_keep=2,
                checkpoint_score_attribute="val_loss" if watches else None,
                checkpoint_score_order="min",
            ),
        ),
    )
    result = cast(Any, trainer.fit())
    outcome = cast(Outcome, result.return_value)
    if not watches:
        return outcome
    best = result.get_best_checkpoint("val_loss", "min")
    return replace(outcome, weights=_network_of(best, task.job.recipe))


def _network_of(checkpoint: Any, recipe: Recipe) -> dict[str, np.ndarray]:
    """The weights of the recipe's network, of a checkpoint of the module that trains it."""
    from ray.train.lightning import RayTrainReportCallback

    kind = cast(type[L.LightningModule], training_of(recipe))
    with checkpoint.as_directory() as folder:
        module = kind.load_from_checkpoint(
            Path(folder) / RayTrainReportCallback.CHECKPOINT_NAME, map_location="cpu",
            weights_only=False, network=created(recipe), recipe=recipe, steps=1,
        )  # fmt: skip
    state = module.get_submodule("network").state_dict()
    return {key: each.numpy() for key, each in state.items()}


def _say_what_lacks(ray: Any, workers: int, threads: int) -> None:
    """Logs where the cluster is too small now: Ray waits until it has grown."""
    here = int(ray.cluster_resources().get("CPU", 0))
    if here < workers * threads:
        log.warning(
            "The training waits: %s workers of %s processors each are asked for, and the cluster "
            "has %s. Add machines to it, or ask for fewer with CERVIX_RAY_WORKERS or "
            "CERVIX_THREADS.", workers, threads, here,
        )  # fmt: skip


def _whole(ray: Any, job: Job, settings: Settings) -> nn.Module:
    """The network trained by one machine of the cluster, as this one would train it.

    Raises as `train_on_cluster` does.
    """
    asked = {"num_cpus": settings.threads, "num_gpus": 1 if gpus(ray) else 0}
    work = ray.remote(**asked, max_retries=FAILURES)(_train_whole)
    unpack(_waited(ray, job, work.remote(job, settings)), job.folder)
    return trained(job.recipe, job.folder)


def _train_whole(job: Job, settings: Settings) -> bytes:
    """The folder of a training on a machine of the cluster, as one archive."""
    torch.set_num_threads(at_node(settings).threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fit_here(replace(job, folder=folder, shared=None))
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            archive.add(folder, ".", filter=_without_checkpoints)
        return out.getvalue()


def _without_checkpoints(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if entry.name.endswith(".ckpt") else entry
