"""The job `train`: a recipe as it was wished, trained as by the command, and watched."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from cervix_models.cards import here_of, load_card
from cervix_models.checkpoints import save_card
from cervix_models.contracts import Card
from cervix_models.data.importing import list_datasets
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.packed import load_all, pack
from cervix_models.errors import DataError
from cervix_models.recipes import Recipe
from cervix_models.recipes.wishes import PACKED, Wish
from cervix_models.registry import find
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from cervix_models.tasks import Metric, duration
from cervix_models.training.asked import Asked, plan_of, trainings_of
from cervix_models.training.asked import train as train_asked
from cervix_models.training.fit import DONE
from cervix_models.training.gate import fit_gate, try_gate
from cervix_models.training.watching import watched_by
from cervix_models.worker.doing import Doing
from cervix_models.worker.leaks import leaks_in, refuse
from cervix_models.worker.shelf import Shelf

log = logging.getLogger(__name__)

SIZE = 160  # pixels a side of a set that is packed for a job
EPOCH = "epoch/"  # before a metric whose steps are epochs
HEADLINES = ("accuracy", "macro_f1", "roc_auc", "calibration_error")


def train(doing: Doing) -> Mapping[str, Any]:
    """What came of a training: the folder of the model within the home, its version and hash, and
    its figures in short. Raises what `train` of `training.asked` does, StoppedError, and DataError
    where the split leaks."""
    settings, wish = doing.settings, Wish.of(doing.job.args)
    torch.set_num_threads(settings.threads)
    shelf = Shelf(doing.folder, settings, wish.name or wish.recipe)
    if shelf.done is None:
        asked = asked_for(wish, doing, shelf.folder)
        leaks = checked(asked, wish, doing)
        telling = Telling(doing, doing.folder / "runs", trainings_of(asked.recipe, asked))
        with watched_by(telling):
            made = train_asked(asked, settings)
        doing.may_save()
        if wish.extent == "fold":
            return {"name": asked.recipe.name, "folder": _within(made, settings.home), **_facts()}
        _fit_gate(asked, shelf, doing)
        _note_leaks(shelf, leaks)
        shelf.keep()
    card = load_card(shelf.name, shelf.kept)
    return {
        "name": card.name,
        "folder": _within(shelf.kept / card.name, settings.home),
        **_facts(card),
    }


def asked_for(wish: Wish, doing: Doing, weights: Path) -> Asked:
    """The training that is wished, its data set read. Raises RecipeError and DataError."""
    recipe = wish.made()
    files = files_of(wish, doing)
    asked = Asked(
        recipe,
        runs=doing.folder / "runs",
        weights=weights,
        judges=(CLASSIFIER, SEGMENTER),
        files=files,
        fold=wish.fold if wish.extent == "fold" else None,
        folds_only=wish.extent == "folds",
    )
    if find(recipe.model).kind == "finder":
        return asked
    doing.tell(message="Reading the data set")
    packed = load_all(files)
    if packed.names == recipe.told_apart and set(recipe.images) <= set(packed.source):
        return replace(asked, packed=packed)
    # Of other classes or sources: a model of its own, for what is in the file.
    name = recipe.name if wish.name else ""
    return replace(asked, recipe=_as_it_comes(recipe, wish), packed=packed, name=name or None)


def checked(asked: Asked, wish: Wish, doing: Doing) -> list[str]:
    """The leaks that were accepted, in sentences. Raises DataError where one stands against it."""
    if find(asked.recipe.model).kind == "finder":
        return []  # its folds are of whole fields, which no other field holds
    doing.tell(message="Looking for leaks")
    leaks = leaks_in(plan_of(asked, doing.settings), doing.settings)
    refuse(leaks, accepts=wish.accepts)
    doing.check()
    return [each.sentence for each in leaks]


def files_of(wish: Wish, doing: Doing) -> tuple[Path, ...]:
    """The packed files of what is wished; an imported set is packed once for the job. Raises
    DataError where there is no such file or set."""
    home, found = doing.settings.home, []
    for each in wish.data:
        kind, _, name = each.partition(":")
        path = home / name if f"{kind}:" == PACKED else doing.folder / f"{name}.npz"
        if not path.is_file() and f"{kind}:" != PACKED:
            sets = list_datasets(home)
            if name in sets:
                doing.tell(message=f"Packing {name}")
                part = doing.folder / f"part-{name}.npz"
                pack([sets[name]], part, size=SIZE).replace(path)
        if not path.is_file():
            raise DataError(
                f"There is no data set {each} in {home.name}/; a packed file or an imported set "
                "was expected. Choose another, or import it anew."
            )
        found.append(path)
    return tuple(found)


class Telling:
    """Tells a job how far its trainings are, all of them together."""

    def __init__(self, doing: Doing, runs: Path, count: int) -> None:
        """Counts the trainings in `runs`, of which there are to be so many."""
        self.doing, self.runs, self.count = doing, runs, max(1, count)
        self._first: tuple[float, float] | None = None  # time and part done when it was first told
        self._ended, self._part = 0, ""

    def told(self, part: str, done: float, step: int, values: Mapping[str, float]) -> None:
        """Takes the numbers of a step or an epoch."""
        if part != self._part:
            self._part, self._ended = part, len(list(self.runs.rglob(DONE)))
        whole = min(1.0, (self._ended + done) / self.count)
        metrics = [
            Metric(name.removeprefix(EPOCH), step, value, part)
            for name, value in values.items()
            if value == value and abs(value) != float("inf")
        ]
        message = f"{part}: training {min(self._ended + 1, self.count)} of {self.count}"
        self.doing.tell(whole, f"{message}{self._left(whole)}", metrics)

    def stops(self) -> bool:
        """Whether the job shall stop."""
        return self.doing.stops()

    def may_save(self) -> None:
        """Nothing, where the lease holds. Raises LeaseError where it does not."""
        self.doing.may_save()

    def _left(self, whole: float) -> str:
        """How long it still takes at the pace so far, in words."""
        now = time.monotonic()
        if self._first is None:
            self._first = now, whole
        began, first = self._first
        if whole <= first or now - began < 1:
            return ""
        return f", {duration((now - began) / (whole - first) * (1 - whole))} left"


def _as_it_comes(recipe: Recipe, wish: Wish) -> Recipe:
    """The recipe under the name that it comes with; another is given to it with its classes."""
    return replace(recipe, name=wish.recipe)


def _fit_gate(asked: Asked, shelf: Shelf, doing: Doing) -> None:
    """Has a classifier of cells know pictures that are no cell, without which it may not read by
    default. One that reads outlines, or other classes, has no gate."""
    card = load_card(shelf.name, shelf.folder)
    plan = plan_of(asked, doing.settings)
    reads_cells = card.kind == "classifier" and card.classes == CLASS_NAMES
    if not reads_cells or find(plan.recipe.model).reads != "image" or asked.folds_only:
        return
    here = replace(doing.settings, weights=shelf.folder)
    if SEGMENTER not in {each.name for each in here_of(("segmenter",), here.weights)}:
        log.warning("%s is not here: no gate was fitted, which needs outlines", SEGMENTER)
        return
    doing.tell(message="Fitting what refuses pictures that are no cell")
    fit_gate(plan, shelf.name, SEGMENTER, here)
    try_gate(shelf.name, SEGMENTER, here)
    doing.may_save()


def _note_leaks(shelf: Shelf, leaks: list[str]) -> None:
    """Has the card say which leaks were accepted."""
    if leaks:
        card = load_card(shelf.name, shelf.folder)
        limits = (*card.limits, "Figures may be too good: " + " ".join(leaks))
        save_card(replace(card, limits=limits), shelf.folder / shelf.name)


def _facts(card: Card | None = None) -> dict[str, Any]:
    """What of a card stands in the result of a job."""
    if card is None:
        return {"version": None, "kind": None, "weights_sha256": None, "metrics": {}}
    figures = card.metrics.get("cluster_split", {})
    headlines = {
        name: figures[name].get("value") if isinstance(figures[name], Mapping) else figures[name]
        for name in HEADLINES
        if name in figures
    }
    return {
        "version": card.version,
        "kind": card.kind,
        "weights_sha256": card.weights_sha256,
        "metrics": {"summary": card.metrics.get("summary", ""), **headlines},
    }


def _within(path: Path, home: Path) -> str:
    return path.resolve().relative_to(home.resolve()).as_posix()
