"""A training that is watched from outside: it tells how far it is, and can be stopped at any step
so that it goes on from there."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol

import lightning as L
from lightning.pytorch.callbacks import Callback

from cervix_models.errors import StoppedError

log = logging.getLogger(__name__)

GOING = "going.ckpt"  # saved in the midst of an epoch
EVERY = 60.0  # seconds between two of them
TOLD = 300  # losses a training that are told step by step, about


class Watcher(Protocol):
    """Whoever watches a training."""

    def told(self, part: str, done: float, step: int, values: Mapping[str, float]) -> None:
        """Takes the numbers of a step of a part such as `fold0`, of which so much is done."""
        ...

    def stops(self) -> bool:
        """Whether the training shall stop now."""
        ...

    def may_save(self) -> None:
        """Nothing, where something may be kept now. Raises LeaseError where it may not."""
        ...


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Within it every training is watched."""
    before = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(before)


def who_watches() -> Watcher | None:
    """Whoever watches the trainings of now, or None."""
    return _watcher.get()


def watching(folder: Path) -> list[Callback]:
    """What a training in `folder` needs to be watched; nothing where nobody does."""
    watcher = _watcher.get()
    return [] if watcher is None else [Watched(watcher, folder)]


def stop_here() -> None:
    """Nothing, where the training shall go on. Raises StoppedError where it shall stop."""
    watcher = _watcher.get()
    if watcher is not None and watcher.stops():
        raise StoppedError("The training was asked to stop between two parts, and has. Resume it.")


def resume_from(folder: Path) -> Path | None:
    """The checkpoint that a training goes on from: the newest of those that were saved in the midst
    of an epoch and at the end of one; None where there is none."""
    found = [path for path in (folder / GOING, folder / "last.ckpt") if path.is_file()]
    best = folder / "best.ckpt"  # `last.ckpt` is gone for a moment whenever it is linked anew
    found = found or [path for path in (best,) if path.is_file()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


class Watched(Callback):
    """Tells a watcher of one training, saves a checkpoint now and then, and one before it stops."""

    def __init__(self, watcher: Watcher, folder: Path) -> None:
        """Tells of the training whose files are in `folder`."""
        self.watcher, self.folder, self.saved = watcher, folder, time.monotonic()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any,
        batch_idx: int,
    ) -> None:  # fmt: skip
        """Tells the loss. Raises StoppedError, with a checkpoint saved, where it shall stop."""
        whole = int(trainer.num_training_batches) * (trainer.max_epochs or 1)
        step = trainer.current_epoch * int(trainer.num_training_batches) + batch_idx + 1
        if step % max(1, whole // TOLD) == 0 or step == whole:
            loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
            values = {} if loss is None else {"loss": float(loss)}
            self.watcher.told(self.folder.name, step / whole, step, values)
        stops = self.watcher.stops()
        if stops or time.monotonic() - self.saved > EVERY:
            self._save(trainer)
        if stops:
            raise StoppedError(
                f"The training was asked to stop, and has at step {step} of {whole}. Resume it."
            )

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Tells the numbers of the epoch that has ended."""
        self.watcher.may_save()  # Lightning saves its own checkpoint after this
        values = {
            name: float(value)
            for name, value in trainer.callback_metrics.items()
            if not name.endswith(("_step", "_epoch"))
        }
        epoch = trainer.current_epoch + 1
        done = epoch / (trainer.max_epochs or epoch)
        self.watcher.told(self.folder.name, done, epoch, _by_epoch(values))

    def _save(self, trainer: L.Trainer) -> None:
        self.watcher.may_save()
        part = self.folder / f"part-{GOING}"
        trainer.save_checkpoint(part)
        self.watcher.may_save()  # saving takes a while
        part.replace(self.folder / GOING)
        self.saved = time.monotonic()
        log.info("Saved a checkpoint at step %d", trainer.global_step)


def _by_epoch(values: Mapping[str, float]) -> dict[str, float]:
    """Numbers by names that say that their steps are epochs."""
    return {f"epoch/{name}": value for name, value in values.items()}
