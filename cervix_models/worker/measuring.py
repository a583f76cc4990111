"""What a training will take, by a few of its own steps on this machine."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import psutil
import torch
from lightning.pytorch.callbacks import Callback

from cervix_models.contracts import MAKERS
from cervix_models.recipes import Recipe
from cervix_models.registry import find
from cervix_models.training.fit import (
    Job,
    created,
    epochs_of,
    loaders_of,
    trainer_of,
    training_of,
)
from cervix_models.training.inputs import cells_for
from cervix_models.training.parts import first_part, second_part
from cervix_models.training.protocol import Plan, folds_of, outlined

WARM, STEPS = 2, 6  # steps that are not counted, and that are
FORWARD = 1 / 3  # of the time of a step: a pass without gradients, forward 1 and backward 2
MAC = sys.platform == "darwin"  # where it is counted in bytes, elsewhere in kilobytes
AROUND = 0.1  # of the time: starting, saving and measuring


@dataclass(frozen=True)
class Measured:
    """Time and memory that a training takes here."""

    seconds: float
    seconds_a_step: float
    steps: int  # of all trainings
    memory: int  # bytes, at most
    free: int  # bytes that are free now
    on: str

    @property
    def how(self) -> str:
        """How it was found, in a sentence."""
        return (
            f"Measured on this machine: {STEPS} steps of {self.seconds_a_step:.2f} s, for "
            f"{self.steps} steps in all, with a third of a step for each batch that is only "
            f"watched, and {AROUND:.0%} around them."
        )


class _Clock(Callback):
    """The times at which steps ended."""

    def __init__(self) -> None:
        self.ended: list[float] = []

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any,
        batch_idx: int,
    ) -> None:  # fmt: skip
        self.ended.append(time.monotonic())


def measurable(recipe: Recipe) -> bool:
    """Whether the recipe learns step by step from cells, so that a few of them tell of the rest."""
    given = recipe.kernel is None and recipe.perceptron is None and recipe.lora is None
    return given and find(recipe.model).kind != "finder" and find(recipe.model).reads != "features"


def measure(plan: Plan, trainings: int) -> Measured:
    """What so many trainings of a plan take here, by some steps of its first. Raises as a training
    does where it cannot begin."""
    whole = outlined(plan)
    fold = folds_of(whole)[0]
    with tempfile.TemporaryDirectory() as folder:
        recipe = _steady(first_part(whole.recipe))
        job = Job(recipe, cells_for(whole.packed, recipe), fold.train, fold.held_out, Path(folder))
        train, watch = loaders_of(job)
        epochs = epochs_of(plan.recipe, plan.epochs)
        seconds = _steps(job, recipe)
    watched = len(watch) * FORWARD / (1 if plan.recipe.watches else 3)
    second = second_part(plan.recipe)
    more = second.optimiser.epochs if second else 0  # as long a step, which is a guess
    folds = plan.recipe.folds
    wholes = int(trainings > folds)  # one more, of all cells
    batches = len(train) * (trainings - wholes + wholes * folds / (folds - 1))
    steps = round(epochs * batches + more * len(train) * (find(recipe.model).kind in MAKERS))
    around = (1 + watched / max(1, len(train))) * (1 + AROUND)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if MAC else 1024)
    return Measured(
        seconds * steps * around, seconds, steps, peak, psutil.virtual_memory().available, _where()
    )


def _steps(job: Job, recipe: Recipe) -> float:
    """The seconds of a step: the median of a few."""
    clock, place = _Clock(), "gpu" if torch.cuda.is_available() else "cpu"
    train, watch = loaders_of(job)
    network = created(recipe)
    module = training_of(recipe)(network, recipe, max(WARM + STEPS, len(train)))
    options = {
        "accelerator": place, "devices": 1, "enable_checkpointing": False,
        "enable_progress_bar": False, "limit_train_batches": WARM + STEPS, "limit_val_batches": 0,
    }  # fmt: skip
    epochs = -(-(WARM + STEPS) // len(train))
    trainer = trainer_of(recipe, job.folder, epochs, [clock], placed=options)
    trainer.fit(module, train, watch)
    passed = np.diff(clock.ended)
    return float(np.median(passed[WARM - 1 :]))


def _steady(recipe: Recipe) -> Recipe:
    """The recipe without what looks at watched cells, which are not shown here."""
    return replace(
        recipe, optimiser=replace(recipe.optimiser, patience=0, schedule="constant", ema_decay=0.0)
    )


def _where() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{torch.get_num_threads()} threads"
