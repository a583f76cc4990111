"""Which model reads by default: what a run made is kept, promoted, and rolled back again."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

from cervix_models.cards import CARD, load_card, load_cards
from cervix_models.contracts import Card, DefaultKind, Promotion
from cervix_models.errors import PromotionError, StorageError, WeightsError
from cervix_models.people import acting, needs
from cervix_models.services.comparing import lacking, worse
from cervix_models.services.defaults import SHIPPED, Defaults, defaults_of
from cervix_models.services.keeping_models import keep_model, whole
from cervix_models.settings import Settings
from cervix_models.storage.store import Store

log = logging.getLogger(__name__)

KINDS: tuple[DefaultKind, ...] = get_args(DefaultKind)
Source = Literal["run", "kept", "shipped"]
REASON = 2000  # characters


@dataclass(frozen=True)
class Candidate:
    """A model that may be made the default of its kind."""

    key: str  # its address on the page
    source: Source
    card: Card
    shelf: Path  # the folder that holds its folder
    origin: Mapping[str, Any]  # of a run: its id, and who started it, when and as what
    lacks: tuple[str, ...]  # why it may not, in sentences
    default: bool  # it is the default now

    @property
    def title(self) -> str:
        """What it is called on pages."""
        run = f" of run {str(self.origin['id'])[:8]}" if self.source == "run" else ""
        return f"{self.card.name} {self.card.version}{run}"


class Promotions:
    """Promotes models and rolls back. Threads may share one."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Reads nothing yet."""
        self.store, self.settings = store, settings

    @needs("admin")
    def defaults(self) -> Defaults:
        """The models that read now. Raises StorageError."""
        return defaults_of(self.store.promotions.newest())

    @needs("admin")
    def candidates(self, kind: DefaultKind) -> list[Candidate]:
        """Every model of a kind: those of runs, the newest first, those that were kept, and those
        that come with the project. Raises WeightsError for a broken card of the latter two."""
        default = getattr(self.defaults(), kind)
        found = [each for each in self._of_runs() if each.card.kind == kind]
        found.sort(key=lambda each: each.card.created_at, reverse=True)
        shelves: tuple[tuple[Source, Path], ...] = (
            ("kept", self.settings.models), ("shipped", self.settings.weights),
        )  # fmt: skip
        for source, shelf in shelves:
            cards = [card for card in load_cards(shelf) if card.kind == kind]
            found += [
                Candidate(
                    f"{source}/{card.name}", source, card, shelf, card.data.get("run", {}),
                    tuple(lacking(card, kind, shelf, *self.settings.shelves)), card.name == default,
                )
                for card in cards
            ]  # fmt: skip
        return found

    @needs("admin")
    def present(self, kind: DefaultKind) -> Card:
        """The card of the present default. Raises WeightsError and StorageError."""
        name = getattr(self.defaults(), kind)
        return load_card(name, self.settings.shelf(name))

    @needs("admin")
    def concerns(self, candidate: Candidate) -> list[str]:
        """What speaks against a model, in sentences: it is promoted only once that was read.
        Raises WeightsError."""
        kind = cast("DefaultKind", candidate.card.kind)
        return worse(candidate.card, self.present(kind), self.defaults().segmenter)

    @needs("admin")
    def promote(self, candidate: Candidate, reason: str, *, confirmed: bool = False) -> Promotion:
        """The promotion that now holds: what is read next is read by this model.

        A model of a run, or one that comes with the project and is not its default, is kept first
        as it is. Raises PromotionError where it lacks something, is the default already, or where
        something speaks against it and nobody `confirmed`; WeightsError and StorageError.
        """
        kind = cast("DefaultKind", candidate.card.kind)
        _check_reason(reason)
        if candidate.lacks:
            raise PromotionError(
                f"{candidate.title} cannot be the default {kind}: {' '.join(candidate.lacks)}"
            )
        if candidate.default:
            raise PromotionError(
                f"{candidate.title} is the default {kind} already. Choose another to promote."
            )
        against = self.concerns(candidate)
        if against and not confirmed:
            raise PromotionError(
                f"{candidate.title} would read worse than the present default, or cannot be set "
                f"against it: {' '.join(against)} Confirm that it shall read nevertheless."
            )
        return self._hold(kind, self._kept(candidate, kind), reason)

    @needs("admin")
    def before(self, kind: DefaultKind) -> str | None:
        """The name of the model that a roll back would promote again; None where there is none."""
        history = self.store.promotions.history(kind)
        if not history:
            return None
        now = history[0].name
        earlier = (each.name for each in history[1:] if each.name != now)
        return next(earlier, SHIPPED[kind] if now != SHIPPED[kind] else None)

    @needs("admin")
    def roll_back(self, kind: DefaultKind, reason: str) -> Promotion:
        """The promotion, again, of the model before the present default.

        Raises PromotionError where none was before; WeightsError where it is not here any more, or
        is another than it was; StorageError.
        """
        _check_reason(reason)
        name = self.before(kind)
        if name is None:
            raise PromotionError(
                f"No {kind} was the default before the present one, so nothing can be rolled back. "
                "Promote another."
            )
        card = whole(name, self.settings.shelf(name))
        wanted = [p for p in self.store.promotions.history(kind) if p.name == name]
        if name != SHIPPED[kind] and wanted and wanted[0].weights_sha256 != card.weights_sha256:
            raise WeightsError(
                f"{name} has other weights than when it was the default: "
                f"{card.weights_sha256[:12]} instead of {wanted[0].weights_sha256[:12]}. Bring it "
                "back from a backup, or promote another."
            )
        return self._hold(kind, card, reason)

    @needs("admin")
    def history(self, kind: DefaultKind) -> list[Promotion]:
        """The promotions of a kind, the newest first."""
        return self.store.promotions.history(kind)

    def _hold(self, kind: DefaultKind, card: Card, reason: str) -> Promotion:
        made = Promotion(
            kind, card.name, card.version, card.weights_sha256, reason.strip(), acting().name,
            datetime.now(UTC),
        )  # fmt: skip
        self.store.promotions.add(made)
        return made

    def _kept(self, candidate: Candidate, kind: DefaultKind) -> Card:
        card = candidate.card
        if candidate.source == "kept" or card.name == SHIPPED[kind]:
            return whole(card.name, candidate.shelf)
        kept = {"kept_by": acting().name, "kept_at": datetime.now(UTC).isoformat("T", "seconds")}
        return keep_model(card.name, candidate.shelf, self.settings, {**candidate.origin, **kept})

    def _of_runs(self) -> Iterator[Candidate]:
        for path in sorted(self.settings.runs.glob(f"*/weights/[!.]*/{CARD}")):
            shelf, run = path.parents[1], path.parents[2].name
            try:
                card = load_card(path.parent.name, shelf)
            except WeightsError as problem:
                log.warning("A run is left out: %s", problem)
                continue
            if card.kind in KINDS:
                origin, going = self._origin(run)
                kind: DefaultKind = card.kind
                lacks = (*going, *lacking(card, kind, shelf, *self.settings.shelves))
                key = f"run/{run}/{card.name}"
                yield Candidate(key, "run", card, shelf, origin, lacks, default=False)

    def _origin(self, run: str) -> tuple[dict[str, Any], tuple[str, ...]]:
        """What is known of a run, and what it lacks where it is not done."""
        try:
            job = self.store.jobs.get(run)
        except StorageError:  # it was deleted, or trained by hand: its card tells enough
            return {"id": run}, ()
        told = {
            "id": run,
            "title": job.title,
            "started_by": job.created_by,
            "started_at": job.created_at.isoformat("T", "seconds"),
        }
        going = () if job.state == "done" else (f"Its run is not done: it is {job.state}.",)
        return told, going


def _check_reason(reason: str) -> None:
    if not 1 <= len(reason.strip()) <= REASON:
        raise PromotionError(
            f"The reason has {len(reason.strip())} characters; 1 to {REASON} were expected. Say "
            "why this model shall read."
        )
