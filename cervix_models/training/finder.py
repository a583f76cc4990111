"""From fields to `weights/<name>/`: a finder of nuclei, cross-validated over fields."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import KFold
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler

from cervix_models.cards import OUTPUTS, WEIGHTS, load_card
from cervix_models.checkpoints import save_card, save_weights
from cervix_models.contracts import Card
from cervix_models.data.fields import FieldSet
from cervix_models.data.splits import held_out_hash
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from cervix_models.errors import DataError
from cervix_models.evaluation.finding import (
    WITHIN,
    FoundField,
    finding_figures,
    kept_fields,
    stored_fields,
)
from cervix_models.evaluation.held_out import HELD_OUT
from cervix_models.finding import Sight, peaks_of, score_map
from cervix_models.inference import Batch
from cervix_models.recipes import Recipe
from cervix_models.segmenters.nucleus_finder import STRIDE
from cervix_models.training.finding import FieldWindows
from cervix_models.training.finish import training_curves, training_facts
from cervix_models.training.fit import Loaders, begin, learn
from cervix_models.training.inputs import side_of

log = logging.getLogger(__name__)

_LIMITS = (
    "Learned and measured on fields of conventional smears of one laboratory. CRIC names no slides "
    "and no patients: fields of one slide may lie on both sides of the folds.",
    "Not every nucleus of those fields is annotated: some that are counted as false are nuclei.",
    "It looks for nuclei of some 20 to 60 pixels across; a field of another magnification must be "
    "brought to that scale.",
    "Leukocytes, bare nuclei and dirt are left out as far as the annotators left them out.",
)


@dataclass(frozen=True)
class FieldPlan:
    """A recipe on packed fields, and where its runs are kept."""

    recipe: Recipe
    fields: FieldSet
    runs: Path
    weights: Path
    epochs: int | None = None
    made: FieldSet | None = None  # composed fields that every fold learns from, and none is shown

    @property
    def folder(self) -> Path:
        """Where the runs are; those with composed fields apart from those without."""
        if self.made is None:
            return self.runs / self.recipe.name
        return self.runs / f"{self.recipe.name}_{held_out_hash(self.made.sha256)[:12]}"

    def folds(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Positions of the fields learned from and held out, a pair a fold. Raises DataError."""
        if len(self.fields) < self.recipe.folds:
            raise DataError(
                f"{len(self.fields)} fields were given for {self.recipe.folds} folds; at least one "
                "a fold was expected. Import more fields of CRIC, and pack them again."
            )
        split = KFold(self.recipe.folds, shuffle=True, random_state=self.recipe.seed)
        return list(split.split(np.arange(len(self.fields))))


def finish_finder(plan: FieldPlan) -> Path:
    """The folder of the finder's weights and card, after all folds and the final run."""
    recipe, folder = plan.recipe, plan.weights / plan.recipe.name
    seen = [each for n in range(recipe.folds) for each in find_fold(plan, n)]
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / HELD_OUT["cluster"], allow_pickle=False, **stored_fields(seen))
    every = np.arange(len(plan.fields))
    network, origin = _fit(plan, every, every[:1], plan.folder / "final")
    runs = [plan.folder / f"fold{n}" for n in range(recipe.folds)]
    sha256, metrics = save_weights(network, folder, recipe.bits), _metrics(seen)
    card = Card(
        name=recipe.name,
        version=recipe.version,
        kind="finder",
        classes=OUTPUTS["finder"],
        input={
            "reads": "image",
            "size": side_of(recipe),
            "scale": plan.fields.scale,
            "stride": STRIDE,
            "views": recipe.views,
            "mean": list(IMAGENET_MEAN),
            "std": list(IMAGENET_STD),
        },
        data={
            "sources": list(recipe.images),
            "fields": len(plan.fields),
            "nuclei": sum(len(each) for each in plan.fields.centres),
            **_made_facts(plan.made),
            "images_sha256": held_out_hash(plan.fields.sha256),
            "held_out_sha256": [
                held_out_hash(plan.fields.sha256[at] for at in held) for _, held in plan.folds()
            ],
            "first_weights": origin,
            "training": training_facts(runs),
            "parameters": sum(each.numel() for each in network.parameters()),
            "megabytes": round((folder / WEIGHTS).stat().st_size / 1e6, 2),
        },
        metrics={**metrics, "curves": training_curves(runs)},
        calibration=_calibration(metrics),
        recipe=recipe.as_dict(),
        licence="Apache-2.0",
        weights_sha256=sha256,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        intended_use="Finding the cells of a whole field, to be read one by one. Not for "
        "diagnosis.",
        limits=_LIMITS,
    )
    save_card(card, folder)
    log.info("%s", card.summary)
    return folder


def remeasure_finder(name: str, weights: Path) -> dict[str, Any]:
    """The metrics of a finder, worked out anew from what is kept of its folds, and put into its
    card with the threshold.

    Raises WeightsError where there is no card, DataError where it was not measured.
    """
    card, path = load_card(name, weights), weights / name / HELD_OUT["cluster"]
    if not path.is_file():
        raise DataError(
            f"{path} is missing; what the folds of {name} found in the fields held out from them "
            f"was expected. Train them: python -m cervix_models train {name}"
        )
    with np.load(path, allow_pickle=False) as stored:
        metrics = {**card.metrics, **_metrics(kept_fields(stored))}
    save_card(replace(card, metrics=metrics, calibration=_calibration(metrics)), weights / name)
    return metrics


def _made_facts(made: FieldSet | None) -> dict[str, Any]:
    """What a card says of the composed fields that were learned from."""
    if made is None:
        return {}
    nuclei = sum(len(each) for each in made.centres)
    return {"composed": {"by": made.made_by, "fields": len(made), "nuclei": nuclei}}


def _metrics(seen: list[FoundField]) -> dict[str, Any]:
    figures = finding_figures(seen)
    return {"summary": _summary(figures), "held_out_fields": figures}


def _calibration(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What reading needs: from which score on, and how far apart, peaks are nuclei."""
    return {"threshold": metrics["held_out_fields"]["threshold"], "apart": WITHIN}


def find_fold(plan: FieldPlan, number: int) -> list[FoundField]:
    """What the network of one fold found in the fields held out from it; trained where it was not.

    Raises DataError for a fold that is none, and RecipeError as `begin` does.
    """
    folds = plan.folds()
    if not 0 <= number < len(folds):
        raise DataError(
            f"Fold {number} was asked for; {plan.recipe.name} has the folds 0 to "
            f"{len(folds) - 1}. Give one of these."
        )
    learned, held = folds[number]
    folder = plan.folder / f"fold{number}"
    network, _ = _fit(plan, learned, held, folder)
    kept = folder / "found.npz"
    if not kept.is_file():
        seen = [_searched(plan, network, int(at), number) for at in held]
        np.savez_compressed(kept, allow_pickle=False, **stored_fields(seen))
    with np.load(kept, allow_pickle=False) as stored:
        return kept_fields(stored)


def _fit(
    plan: FieldPlan, rows: NDArray[np.int64], watch: NDArray[np.int64], folder: Path
) -> tuple[nn.Module, str]:
    network, origin, done = begin(plan.recipe, folder, plan.epochs)
    if done:
        return network, origin
    loaders = _loaders(plan, rows, watch)
    return learn(network, plan.recipe, loaders, folder, plan.epochs, origin), origin


def _loaders(plan: FieldPlan, rows: NDArray[np.int64], watch: NDArray[np.int64]) -> Loaders:
    recipe, side = plan.recipe, side_of(plan.recipe)
    size = recipe.optimiser.batch_size
    fields = plan.fields
    if plan.made:
        rows = np.concatenate([rows, len(fields) + np.arange(len(plan.made))])
        fields += plan.made
    learned = FieldWindows(fields, rows, side, recipe.seed)
    watched = FieldWindows(plan.fields, watch, side, recipe.seed)
    order = torch.Generator().manual_seed(recipe.seed)
    train = BatchSampler(RandomSampler(learned, generator=order), size, len(learned) >= size)
    still = BatchSampler(SequentialSampler(watched), size, drop_last=False)
    return (
        DataLoader(learned, sampler=train, batch_size=None, num_workers=0),
        DataLoader(watched, sampler=still, batch_size=None, num_workers=0),
    )


def _searched(plan: FieldPlan, network: nn.Module, at: int, fold: int) -> FoundField:
    fields = plan.fields
    recipe = plan.recipe
    sight = Sight(side_of(recipe), fields.scale, STRIDE, IMAGENET_MEAN, IMAGENET_STD, recipe.views)
    found = peaks_of(score_map(fields.images[at], _logits(network), sight), sight, WITHIN)
    return FoundField(found, fields.centres[at], fields.labels[at], fold, fields.sha256[at])


def _logits(network: nn.Module) -> Any:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = network.to(device).eval()

    @torch.inference_mode()
    def run(batch: Batch) -> Batch:
        out: Batch = network(torch.from_numpy(batch).to(device)).cpu().numpy()
        return out

    return run


def _summary(figures: dict[str, Any]) -> str:
    recall, false = figures["recall"], figures["false_for_each_true"]
    return (
        f"found {recall['value']:.1%} ({recall['low']:.1%} to {recall['high']:.1%}) of "
        f"{figures['nuclei']:,} annotated nuclei within {WITHIN:.0f} px, with {false['value']:.2f} "
        f"({false['low']:.2f} to {false['high']:.2f}) others for each; {figures['fields']} fields, "
        "held out"
    )
