"""One training from start to end, or from where it was stopped: the Trainer a recipe asks for."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
    Timer,
    TQDMProgressBar,
)
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from safetensors.torch import load_file, save_file
from torch import nn
from torch.utils.data import DataLoader

from cervix_models.cards import file_hash
from cervix_models.classifiers.base import CellClassifier
from cervix_models.contracts import MAKERS
from cervix_models.errors import RecipeError
from cervix_models.recipes import Recipe
from cervix_models.registry import create, find
from cervix_models.settings import load_settings
from cervix_models.training.adversarial import AdversarialTraining
from cervix_models.training.batches import (
    WHOLE,
    CellRows,
    Cells,
    Share,
    SharedBatches,
    ShuffledBatches,
)
from cervix_models.training.classification import ClassifierTraining
from cervix_models.training.contrast import ContrastTraining
from cervix_models.training.cycle import CycleTraining
from cervix_models.training.features import fit_on_features
from cervix_models.training.film import Film, MadeFilm
from cervix_models.training.finding import FinderTraining
from cervix_models.training.flow import FlowTraining
from cervix_models.training.kernel import fit_kernel_machine
from cervix_models.training.segmentation import SegmenterTraining
from cervix_models.training.sharpening import SharpeningTraining
from cervix_models.training.start import first_weights
from cervix_models.training.variational import VariationalTraining
from cervix_models.training.watching import resume_from, stop_here, watching

log = logging.getLogger(__name__)

DONE = "done.json"
FINAL = "final.safetensors"
RECIPE = "recipe.json"
_BY_KIND: dict[str, Callable[..., L.LightningModule]] = {
    "classifier": ClassifierTraining,
    "segmenter": SegmenterTraining,
    "finder": FinderTraining,
}
Loaders = tuple[DataLoader[Any], DataLoader[Any]]  # what is learned from, what is watched


@dataclass(frozen=True)
class Job:
    """What one training learns from, what it is watched on, and where it keeps its files."""

    recipe: Recipe
    cells: Cells
    train: np.ndarray  # positions in `cells`
    watch: np.ndarray  # positions shown as val_* curves; they lead a training that watches
    folder: Path
    epochs: int | None = None  # fewer than the recipe's, for a trial
    shared: Path | None = None  # of what all trainings of the recipe may use; default: its own
    network: nn.Module | None = None  # that it goes on with; default: a fresh one
    filmed: bool = True  # whether pictures are kept of a generator while it learns


def fit(job: Job) -> tuple[nn.Module, str]:
    """The trained network, in evaluation mode, and the origin of its first weights; trained on a
    cluster where the settings name one.

    A training that was killed goes on from its last checkpoint; one that is done is loaded.
    Raises RecipeError where the folder holds a training of another recipe, ClusterError where the
    cluster cannot be joined, StoppedError where it was asked to stop.
    """
    stop_here()
    settings = load_settings()
    if settings.ray_address:
        from cervix_models.training.on_cluster import train_on_cluster

        return train_on_cluster(job, settings)
    return fit_here(job)


def fit_here(job: Job) -> tuple[nn.Module, str]:
    """As `fit`, on this machine."""
    recipe, entry, begun = job.recipe, find(job.recipe.model), time.monotonic()
    network, origin, done = begin(recipe, job.folder, job.epochs)
    if done:
        return network, origin
    if job.network is not None:
        network.load_state_dict(job.network.state_dict())
    if entry.reads == "features":
        fit_on_features(cast(CellClassifier, network), job.cells, job.train, recipe)
        return keep_trained(network, job.folder, 0, time.monotonic() - begun, origin), origin
    if recipe.kernel:
        rows = np.union1d(job.train, job.watch)
        fit_kernel_machine(
            cast(CellClassifier, network), job.cells, rows, job.train, recipe.kernel,
            job.shared or job.folder, recipe.seed,
        )  # fmt: skip
        return keep_trained(network, job.folder, 0, time.monotonic() - begun, origin), origin
    film = film_of(job)
    return learn(network, recipe, loaders_of(job), job.folder, job.epochs, origin, film), origin


def film_of(job: Job) -> list[Callback]:
    """What keeps pictures of a segmenter or a generator while it learns; nothing of others."""
    kind = find(job.recipe.model).kind
    if kind == "segmenter":
        return [Film(job.cells, job.watch, job.folder)]
    if kind == "generator" and job.filmed:
        return [MadeFilm(job.recipe, job.folder, epochs_of(job.recipe, job.epochs))]
    return []


def begin(recipe: Recipe, folder: Path, epochs: int | None) -> tuple[nn.Module, str, bool]:
    """The network with its first weights, their origin, and False; where the training in `folder`
    is done already, the trained network and True.

    Raises RecipeError where the folder holds a training of another recipe.
    """
    claim(folder, recipe, epochs)
    L.seed_everything(recipe.seed, verbose=False)
    network = created(recipe)
    origin = first_weights(network, recipe, load_settings())
    if (folder / DONE).is_file():
        log.info("%s is done already", folder)
        return trained(recipe, folder), origin, True
    return network, origin, False


def learn(
    network: nn.Module, recipe: Recipe, loaders: Loaders, folder: Path, epochs: int | None,
    origin: str, callbacks: Sequence[Callback] = (),
) -> nn.Module:  # fmt: skip
    """The network in evaluation mode, after its training by gradient descent, with notes in
    `folder`; `loaders` give what it learns from and what it is watched on."""
    epochs, timer = epochs_of(recipe, epochs), Timer()  # it goes on where a training goes on
    module = training_of(recipe)(network, recipe, epochs * len(loaders[0]))
    trainer = trainer_of(recipe, folder, epochs, [*callbacks, timer])
    trainer.fit(module, *loaders, ckpt_path=resume_from(folder), weights_only=False)
    if recipe.watches:
        network = _best(module, trainer)
    return keep_trained(network, folder, trainer.current_epoch, timer.time_elapsed(), origin)


def training_of(recipe: Recipe) -> Callable[..., L.LightningModule]:
    """What the recipe's network learns by: made of the network, the recipe and how many steps.

    Raises RecipeError for a generator of which the recipe does not say it.
    """
    if recipe.contrast:
        return ContrastTraining
    if recipe.flow:
        return FlowTraining
    if recipe.adversarial:
        return SharpeningTraining if recipe.variational else AdversarialTraining
    if recipe.variational:
        return VariationalTraining
    if recipe.cycle:
        return CycleTraining
    kind = find(recipe.model).kind
    if kind not in _BY_KIND:
        raise RecipeError(
            f"{recipe.name} trains a {kind}, but has none of the tables [adversarial], "
            "[variational], [flow] and [cycle]. Add the one that its network is made for."
        )
    return _BY_KIND[kind]


def keep_trained(
    network: nn.Module, folder: Path, epochs: int, seconds: float, origin: str,
    on: str | None = None,
) -> nn.Module:  # fmt: skip
    """The network in evaluation mode, after it and a note were written to `folder`; `on` what it
    was trained, by default this machine."""
    save_file({k: v.cpu().contiguous() for k, v in network.state_dict().items()}, folder / FINAL)
    done = {
        "epochs": epochs,
        "seconds": round(seconds, 3),
        "on": on or machine(),
        "first_weights": origin,
        "sha256": file_hash(folder / FINAL),
    }
    (folder / DONE).write_text(json.dumps(done), encoding="utf-8")
    return network.cpu().eval()


def machine() -> str:
    """What trains here, for the card."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    count = torch.get_num_threads()
    return f"{count} processor core{'s' if count > 1 else ''}"


def claim(folder: Path, recipe: Recipe, epochs: int | None) -> None:
    """Notes in `folder` how it is trained there. Raises RecipeError where that was otherwise."""
    wanted = _heeded(json.loads(json.dumps(recipe.as_dict())))
    wanted["epochs"] = epochs
    note = folder / RECIPE
    if not note.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(wanted, indent=1), encoding="utf-8")
        return
    found = _heeded(json.loads(note.read_text(encoding="utf-8")))
    if found != wanted:
        odd = ", ".join(sorted(key for key in wanted if wanted[key] != found.get(key)))
        raise RecipeError(
            f"{folder} holds a training of {recipe.name} with other settings ({odd}); its figures "
            "are not those of this recipe. Move the folder away, or give another with --runs."
        )


def _heeded(recipe: dict[str, Any]) -> dict[str, Any]:
    """A recipe as plain data, without what no training goes otherwise by."""
    said = ("name", "version", "about", "bits", "against")
    return {key: value for key, value in recipe.items() if key not in said}


def created(recipe: Recipe) -> nn.Module:
    """The network of the recipe, for its classes, with random weights."""
    return create(recipe.model, len(recipe.told_apart)).to(memory_format=torch.channels_last)


def trained(recipe: Recipe, folder: Path) -> nn.Module:
    """The network of a training that is done, in evaluation mode."""
    network = created(recipe)
    network.load_state_dict(load_file(folder / FINAL))
    return network.eval()


def _best(module: L.LightningModule, trainer: L.Trainer) -> nn.Module:
    """The network of the epoch that did best on the watched cells."""
    path = trainer.checkpoint_callback.best_model_path  # type: ignore[union-attr]
    keep = {key: getattr(module, key) for key in ("network", "recipe", "steps")}
    best = type(module).load_from_checkpoint(path, weights_only=False, **keep)
    return best.get_submodule("network")


def epochs_of(recipe: Recipe, epochs: int | None) -> int:
    """How many epochs a training has: the recipe's, or fewer for a trial."""
    return min(epochs or recipe.optimiser.epochs, recipe.optimiser.epochs)


def loaders_of(job: Job, share: Share = WHOLE) -> Loaders:
    """What the job's network learns from and is watched on; of several workers, the share of one:
    a part of every batch, so that all of them together see the recipe's batches."""
    settings, loss = job.recipe.optimiser, job.recipe.loss
    rows, outlined = job.train, job.cells.has_mask[torch.as_tensor(job.train)].numpy()
    if find(job.recipe.model).kind in ("classifier", *MAKERS):
        outlined = np.zeros(len(rows), bool)
    elif not (loss.box or loss.consistency):  # it learns from outlines alone
        rows, outlined = rows[outlined], outlined[outlined]
    batches = ShuffledBatches(outlined, settings.batch_size, job.recipe.seed)
    mine = batches if share == WHOLE else SharedBatches(batches, share)
    train = DataLoader(CellRows(job.cells, rows), sampler=mine, batch_size=None, num_workers=0)
    watched = _watched(job, share)
    chunks = [list(range(i, min(i + 64, len(watched)))) for i in range(0, len(watched), 64)]
    watch = DataLoader(CellRows(job.cells, watched), sampler=chunks, batch_size=None)
    return train, watch


def _watched(job: Job, share: Share) -> np.ndarray:
    """The rows that one of several workers watches: those that say something, so that none of the
    workers waits for the others' figures in vain."""
    if share == WHOLE:
        return job.watch
    known = job.cells.has_mask[torch.as_tensor(job.watch)].numpy()
    return share.of(job.watch[known] if find(job.recipe.model).kind == "segmenter" else job.watch)


def trainer_of(
    recipe: Recipe, folder: Path, epochs: int, more: Sequence[Callback] = (),
    placed: Mapping[str, Any] | None = None,
) -> L.Trainer:  # fmt: skip
    """What trains a recipe's module for so many epochs, with its notes in `folder`; `placed` are
    options of the Trainer for another place than this process, which keeps its own checkpoints."""
    settings = recipe.optimiser
    kept: list[Callback] = [
        *watching(folder),
        ModelCheckpoint(
            folder,
            filename="best",
            monitor="val_loss" if recipe.watches else None,
            save_last="link",
            save_on_train_epoch_end=not recipe.watches,
        ),
        TQDMProgressBar(refresh_rate=10),
    ]
    callbacks = [*more, *([] if placed else kept)]
    if settings.patience:
        callbacks.append(EarlyStopping("val_loss", patience=settings.patience))
    if settings.ema_decay:
        callbacks.append(EMAWeightAveraging(decay=settings.ema_decay))
    where = placed or {"accelerator": "gpu" if torch.cuda.is_available() else "cpu", "devices": 1}
    return L.Trainer(
        max_epochs=epochs,
        precision="bf16-mixed" if _has_bfloat16() else "32-true",
        callbacks=callbacks,
        logger=[CSVLogger(folder, "csv"), TensorBoardLogger(folder, "tensorboard", "")],
        gradient_clip_val=None if recipe.adversarial or recipe.cycle else settings.clip_norm,
        check_val_every_n_epoch=1 if recipe.watches else 3,
        num_sanity_val_steps=0,
        log_every_n_steps=10,
        enable_model_summary=False,
        **where,
    )


def _has_bfloat16() -> bool:
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
