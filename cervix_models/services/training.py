"""Training from the admin page: what can be trained, asked for, watched and stopped. The worker
does it; a page imports no training loop."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cervix_models.cards import load_cards
from cervix_models.contracts import Card
from cervix_models.people import needs
from cervix_models.recipes import load_recipe
from cervix_models.recipes.forms import FormField, form_of, registered, trainable
from cervix_models.recipes.wishes import PACKED, SET, Extent, Wish
from cervix_models.settings import Settings
from cervix_models.storage.store import Store
from cervix_models.tasks import Job, Line, Metric, NewJob, State, WorkerSeen

TRAIN, CHECK = "train", "check"  # kinds of jobs
WORDS: dict[Extent, str] = {
    "whole": "all folds and weights", "folds": "all folds", "fold": "one fold",
}  # fmt: skip
SHOWN = 4  # pictures of a film


@dataclass(frozen=True)
class RecipeChoice:
    """A recipe that can be trained."""

    name: str
    about: str
    kind: str  # of the model that its shipped card is of; empty where there is none


@dataclass(frozen=True)
class DataChoice:
    """A data set that can be trained on."""

    key: str  # as a wish names it
    words: str


@dataclass(frozen=True)
class Expected:
    """How long a training took before."""

    seconds: float
    how: str  # in a sentence


@dataclass(frozen=True)
class Picture:
    """What a model drew or made while it learned."""

    part: str  # such as fold0
    epoch: int
    png: bytes


@dataclass(frozen=True)
class Watched:
    """A job as it stands at one moment."""

    job: Job
    metrics: Sequence[Metric]
    lines: Sequence[Line]
    pictures: Sequence[Picture]


class Training:
    """Trainings and checks of the store's jobs. Every method is for administrators alone."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Asks nothing yet."""
        self.store, self.settings = store, settings

    @needs("admin")
    def recipes(self) -> list[RecipeChoice]:
        """The recipes that train a network of their own, by name."""
        kinds = {card.name: card.kind for card in load_cards(*self.settings.shelves)}
        recipes = [load_recipe(name) for name in trainable()]
        return [RecipeChoice(r.name, r.about, kinds.get(r.name, "")) for r in recipes]

    @needs("admin")
    def form(self, recipe: str) -> list[FormField]:
        """The settings that can be changed. Raises RecipeError for a name that is no recipe's."""
        return form_of(registered(recipe))

    @needs("admin")
    def data(self) -> list[DataChoice]:
        """The packed files in the home, then the imported sets, which are packed for a job."""
        packed = sorted(self.settings.home.glob("*.npz"))
        found = [
            DataChoice(f"{PACKED}{each.name}", f"{each.name}, packed {_megabytes(each)}")
            for each in packed
        ]
        for path in sorted((self.settings.home / "datasets").glob("*/dataset.json")):
            cells = json.loads(path.read_text("utf-8")).get("cells", 0)
            if cells:
                words = f"{path.parent.name}, imported: {cells} cells"
                found.append(DataChoice(f"{SET}{path.parent.name}", words))
        return found

    @needs("admin")
    def expected(self, wish: Wish) -> Expected | None:
        """How long it takes by what was recorded: of the last training of this recipe here, or of
        that of the shipped card; None where neither is known."""
        recipe = wish.made()
        card = next((c for c in load_cards(self.settings.weights) if c.name == wish.recipe), None)
        if card is None:
            return None
        recorded = card.data.get("training", {})
        seconds, epochs = recorded.get("seconds_a_fold"), recorded.get("epochs")
        if not seconds:
            return None
        trainings = 1 if wish.extent == "fold" or _is_one(card) else recipe.folds
        trainings += wish.extent == "whole" and not _is_one(card)
        longer = recipe.optimiser.epochs / epochs if epochs else 1.0
        where = recorded.get("on", "another machine")
        return Expected(
            seconds * longer * trainings,
            f"As the card of {wish.recipe} recorded on {where}: {seconds:.0f} s a training of "
            f"{epochs or 'no'} epochs; here {trainings} of {recipe.optimiser.epochs} are asked "
            "for. This machine may be faster or slower: a check measures it.",
        )

    @needs("admin")
    def check(self, wish: Wish) -> Job:
        """The job that looks for leaks and measures some steps. Raises RecipeError where the wish
        is none, JobError where too many jobs wait."""
        wish.made()
        asked = NewJob(CHECK, f"Check {wish.name or wish.recipe}", wish.as_args(), attempts=1)
        return self.store.jobs.add(asked, most=self.settings.queue)

    @needs("admin")
    def start(self, wish: Wish) -> Job:
        """The job that trains. Raises as `check` does."""
        wish.made()
        title = f"Train {wish.name or wish.recipe}: {WORDS[wish.extent]}"
        return self.store.jobs.add(NewJob(TRAIN, title, wish.as_args()), most=self.settings.queue)

    @needs("admin")
    def jobs(self, states: Sequence[State] = (), limit: int = 30) -> list[Job]:
        """Trainings and checks, the newest first."""
        return self.store.jobs.all(states=states, kinds=(TRAIN, CHECK), limit=limit)

    @needs("admin")
    def job(self, job_id: str) -> Job:
        """One of them. Raises StorageError where there is none."""
        return self.store.jobs.get(job_id)

    @needs("admin")
    def watch(self, job_id: str) -> Watched:
        """A job with its curves, its last lines and pictures. Raises StorageError."""
        job = self.store.jobs.get(job_id)
        jobs = self.store.jobs
        return Watched(job, jobs.metrics(job_id), jobs.lines(job_id), self._pictures(job_id))

    @needs("admin")
    def workers(self) -> list[WorkerSeen]:
        """The workers that are there."""
        return self.store.jobs.workers()

    @needs("admin")
    def pause(self, job_id: str) -> None:
        """Asks a job to stop so that it can go on. Raises StorageError and JobError."""
        self.store.jobs.ask(job_id, "pause")

    @needs("admin")
    def cancel(self, job_id: str) -> None:
        """Asks a job to stop. Raises StorageError and JobError."""
        self.store.jobs.ask(job_id, "cancel")

    @needs("admin")
    def resume(self, job_id: str) -> None:
        """Has a job that was paused, cancelled or failed go on from its last checkpoint. Raises
        StorageError and JobError."""
        self.store.jobs.resume(job_id)

    @needs("admin")
    def delete(self, job_id: str) -> None:
        """Deletes a job that has ended, with its files; a model that was promoted stays, as it was
        copied. Raises StorageError and JobError."""
        self.store.jobs.delete(job_id)
        shutil.rmtree(self.settings.runs / job_id, ignore_errors=True)

    def _pictures(self, job_id: str) -> list[Picture]:
        """The newest picture of each part, the newest part first."""
        newest: dict[str, Path] = {}
        for path in sorted((self.settings.runs / job_id / "runs").rglob("film/epoch_*.png")):
            newest[path.parents[1].name] = path
        order = sorted(newest.items(), key=lambda item: item[1].stat().st_mtime, reverse=True)
        return [
            Picture(part, int(path.stem.rpartition("_")[2]), path.read_bytes())
            for part, path in order[:SHOWN]
        ]


def _is_one(card: Card) -> bool:
    """Whether a model is trained once, and not by folds."""
    return card.kind in ("generator", "translator", "encoder")


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.0f} MB"
