"""From a run to `weights/<name>/`: a generator that never saw the first fold, measured against
it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cervix_models.cards import FILM, WEIGHTS, load_card
from cervix_models.checkpoints import load_network, save_card, save_weights
from cervix_models.contracts import Card
from cervix_models.data.splits import Fold, check_disjoint, held_out_hash
from cervix_models.errors import DataError, RecipeError
from cervix_models.evaluation.generation import (
    kernel_distance_by_class,
    kernel_distance_gap,
    likeness,
    memorised,
    summarised,
    summarised_translation,
)
from cervix_models.evaluation.notes import notes_of
from cervix_models.generators.base import CellGenerator, VariationalGenerator
from cervix_models.generators.cellflux import CellFlux
from cervix_models.generators.controls import sizes_of
from cervix_models.generators.cyclegan import CycleGan, Translator
from cervix_models.inference import Batch
from cervix_models.making import maker_of, noise_of
from cervix_models.nearness import Learned
from cervix_models.registry import find
from cervix_models.training.batches import Cells, cells_at
from cervix_models.training.card_words import limits, use_words
from cervix_models.training.film import made_film
from cervix_models.training.finish import training_curves, training_facts
from cervix_models.training.fit import Job, fit
from cervix_models.training.heeding import heeded
from cervix_models.training.inputs import cells_for, side_of
from cervix_models.training.judging import Judges, as_tensor, as_whole, likenesses
from cervix_models.training.parts import first_part, second_part
from cervix_models.training.protocol import Plan, folds_of, outlined
from cervix_models.training.turning import all_ways

log = logging.getLogger(__name__)

PICTURES = 12  # of the film that is kept beside the weights


def finish_generator(plan: Plan, judges: Judges) -> Path:
    """The folder of weights and card of what makes cells, after its run and its measures.

    It learns from all folds but the first, whose clusters it is measured against.
    """
    plan = outlined(plan)
    recipe, folder = plan.recipe, plan.weights / plan.recipe.name
    fold = kept_apart(plan)
    check_disjoint(plan.packed.cells, fold.train, fold.held_out)
    cells = cells_for(plan.packed, recipe)
    earlier = load_card(recipe.name, plan.weights) if plan.goes_on else None
    network, origin, runs = _learned(plan, fold, cells)
    curves = _after(earlier.metrics.get("curves", []) if earlier else [], _curves(runs))
    metrics: dict[str, Any] = {"summary": "not measured yet", "curves": curves}
    if isinstance(network, VariationalGenerator):
        shown = _shown(cells, fold.held_out)
        metrics["again"] = _again(network, *shown, len(recipe.told_apart))
    kind, sha256 = find(recipe.model).kind, save_weights(network, folder, recipe.bits)
    data = {
        "sources": list(recipe.images),
        "cells": len(fold.train),
        "clusters": len({plan.packed.clusters[at] for at in fold.train}),
        "images_sha256": held_out_hash(plan.packed.sha256[at] for at in fold.train),
        "held_out_sha256": [fold.sha256],
        "first_weights": origin,
        "training": _with(earlier.data["training"], _facts(runs)) if earlier else _facts(runs),
        "parameters": sum(each.numel() for each in network.parameters()),
        "megabytes": round((folder / WEIGHTS).stat().st_size / 1e6, 2),
    }
    seen: dict[str, Any] = {"size": side_of(recipe), "resize": recipe.resize}
    if isinstance(network, CellGenerator):
        seen["latent"] = network.latent
    card = Card(
        name=recipe.name,
        version=recipe.version,
        kind=kind,
        classes=recipe.told_apart,
        input=seen,
        data=data,
        metrics=metrics,
        calibration={},
        recipe=recipe.as_dict(),
        licence="Apache-2.0",
        weights_sha256=sha256,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        intended_use=use_words(recipe, kind),
        limits=limits(recipe, kind, seen, data),
    )
    save_card(card, folder)
    if earlier is None:  # else the film that is there shows how it began
        made_film(runs, folder / FILM, PICTURES)
    remeasure_generator(plan, judges)
    return folder


def _learned(plan: Plan, fold: Fold, cells: Cells) -> tuple[nn.Module, str, list[Path]]:
    """The trained network, the origin of its first weights, and the folders of the runs that went
    on from each other."""
    if plan.goes_on:
        return _gone_on(plan, fold, cells)
    runs = [plan.shared / "final"]
    first = first_part(plan.recipe)
    filmed = plan.recipe.flow is None  # with one, it makes nothing of noise before the second part
    job = Job(first, cells, fold.train, fold.held_out, runs[0], plan.epochs, filmed=filmed)
    network, origin = fit(job)
    if isinstance(network, VariationalGenerator):
        _settle(network, job)
    if second := second_part(plan.recipe):
        runs.append(plan.shared / ("flow" if second.flow else "sharpened"))
        job = replace(job, recipe=second, folder=runs[1], network=network, filmed=True)
        network, _ = fit(job)
    return network, origin, runs


def _gone_on(plan: Plan, fold: Fold, cells: Cells) -> tuple[nn.Module, str, list[Path]]:
    """The same, from the weights that are there: what makes latents of noise goes on learning.

    Raises RecipeError for any other recipe, WeightsError where there are no weights.
    """
    second = second_part(plan.recipe)
    if second is None or not second.flow:
        raise RecipeError(
            f"{plan.recipe.name} cannot go on from its weights: they do not hold all that it "
            "learned by. A recipe with the table [flow] was expected. Train it from the start."
        )
    network, card = load_network(plan.recipe.name, plan.weights)
    run = plan.shared / f"on_{card.weights_sha256[:12]}"
    job = Job(
        second, cells, fold.train, fold.held_out, run, plan.epochs,
        network=network.to(memory_format=torch.channels_last),
    )  # fmt: skip
    fit_on, _ = fit(job)
    return fit_on, str(card.data["first_weights"]), [run]


def _after(
    earlier: Sequence[Mapping[str, float]], curves: list[dict[str, float]]
) -> list[dict[str, float]]:
    """Curves of a training that went on from an earlier one."""
    before = earlier[-1]["epoch"] if earlier else 0
    return [*(dict(each) for each in earlier),
            *({**each, "epoch": each["epoch"] + before} for each in curves)]  # fmt: skip


def _with(earlier: Mapping[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """How long a training took with the one that it went on from."""
    seconds = [earlier["seconds_a_fold"], facts["seconds_a_fold"]]
    return {
        **facts,
        "epochs": earlier["epochs"] + facts["epochs"],
        "seconds_a_fold": None if None in seconds else round(sum(seconds), 3),
    }


def _settle(network: VariationalGenerator, job: Job) -> None:
    """Shows an autoencoder where the cells lie that it learned from, in the orientations that it
    saw them in."""
    images, labels = _shown(job.cells, job.train)
    sizes = sizes_of(job.cells.margins[torch.as_tensor(job.train)])
    if job.recipe.variational and job.recipe.variational.turned:
        images, labels, sizes = all_ways(images), labels.repeat(8), sizes.repeat(8)
    network.settle(images, labels, sizes)


def _curves(runs: list[Path]) -> list[dict[str, float]]:
    """One entry an epoch of runs that went on from each other."""
    curves: list[dict[str, float]] = []
    for run in runs:
        curves = _after(curves, training_curves([run]))
    return curves


def _facts(runs: list[Path]) -> dict[str, Any]:
    """How long runs took that went on from each other."""
    each = [training_facts([run]) for run in runs]
    seconds = [one["seconds_a_fold"] for one in each]
    return {
        **each[-1],
        "epochs": sum(one["epochs"] for one in each),
        "seconds_a_fold": round(sum(seconds), 3) if None not in seconds else None,
    }


def kept_apart(plan: Plan) -> Fold:
    """The first fold, of the classes that the recipe is of."""
    fold, cycle = folds_of(plan)[0], plan.recipe.cycle
    if cycle is None:
        return fold
    wanted = [plan.recipe.told_apart.index(each) for each in (*cycle.source, *cycle.target)]
    train, held = (
        rows[np.isin(plan.packed.labels[rows], wanted)] for rows in (fold.train, fold.held_out)
    )
    return replace(fold, train=train, held_out=held)


def remeasure_generator(plan: Plan, judges: Judges) -> dict[str, Any]:
    """The metrics of what makes cells, worked out anew against those held out from it, and put into
    its card. Raises WeightsError where there is none, and DataError where the packed file holds
    out other cells than it was trained without."""
    network, card = load_network(plan.recipe.name, plan.weights)
    plan = outlined(plan)
    fold = kept_apart(plan)
    if card.data["held_out_sha256"] != [fold.sha256]:
        raise DataError(
            f"{card.name} was trained without cells that are not those held out here: the packed "
            "file has other cells than it had then. Give the file that it was trained on, or train "
            f"it again: python -m cervix_models train {card.name}"
        )
    found: dict[str, Any] = {"held_out": len(fold.held_out), **judges.names}
    if isinstance(network, CellGenerator):
        found |= measured(plan, fold, network, judges)
        found["summary"] = summarised(found)
    else:
        found |= translated(plan, fold, cast(CycleGan, network), judges)
        found["summary"] = summarised_translation(found)
    card = replace(card, metrics={**card.metrics, **found, **notes_of(plan.recipe.name)})
    save_card(card, plan.weights / card.name)
    log.info("%s", card.summary)
    return dict(card.metrics)


def measured(plan: Plan, fold: Fold, network: CellGenerator, judges: Judges) -> dict[str, Any]:
    """How near made cells are to held-out ones, of the same classes, and whether they are told.

    All are seen at the generator's own size. `floor` is what training cells, as many of each
    class, would reach: real against real.
    """
    packed, labels = plan.packed, plan.packed.labels[fold.held_out]
    real = cells_at(packed, side_of(plan.recipe)).images
    learned, unseen = (real[torch.as_tensor(rows)] for rows in (fold.train, fold.held_out))
    maker = maker_of(network, plan.recipe.told_apart)
    parts = maker.parts([maker.classes[at] for at in labels])
    made = as_tensor(maker.of(noise_of(plan.recipe.seed, len(labels), maker.latent), parts))
    known, new, own = (judges.features(each) for each in (learned, unseen, made))
    kept = _kept_beside(plan, known)
    rows = alike(packed.labels[fold.train], labels, plan.recipe.seed)
    other = (known[rows], packed.labels[fold.train][rows])
    here, names = (new, labels), plan.recipe.told_apart
    return {
        **likeness(new, own),
        "kid_by_class": kernel_distance_by_class(here, (own, labels), names),
        "floor": {
            **likeness(new, other[0]),
            "kid_by_class": kernel_distance_by_class(here, other, names),
            **judges.recognised(unseen, labels),
        },
        **judges.recognised(made, labels),
        **judges.by_inception(unseen, made, learned[torch.as_tensor(rows)]),
        **_beside(plan, labels, judges, (new, own)),
        "memorised": memorised(kept.nearest(new), kept.nearest(own)),
        **(heeded(plan, fold, network, judges) if isinstance(network, CellFlux) else {}),
    }


def _beside(
    plan: Plan, labels: NDArray[np.int64], judges: Judges, seen: tuple[Batch, Batch]
) -> dict[str, Any]:
    """How much nearer to real cells made ones come than those of the generators that the recipe
    names, by the features of real and made ones; nothing where it names none."""
    gaps = {}
    for name in plan.recipe.against:
        network, _ = load_network(name, plan.weights)
        maker = maker_of(cast(CellGenerator, network), plan.recipe.told_apart)
        parts = maker.parts([maker.classes[at] for at in labels])
        made = as_tensor(maker.of(noise_of(plan.recipe.seed, len(labels), maker.latent), parts))
        gaps[name] = kernel_distance_gap(*seen, judges.features(made))
    return {"against": gaps} if gaps else {}


def _kept_beside(plan: Plan, known: Batch) -> Learned:
    """The cells that were learned from, by their features, now kept beside the weights."""
    learned = Learned.of(known)
    learned.save(plan.weights / plan.recipe.name)
    return learned


def alike(labels: NDArray[np.int64], wanted: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Positions in `labels` of as many cells of each class as `wanted` has, or of all there are."""
    random = np.random.default_rng(seed)
    counts = zip(*np.unique(wanted, return_counts=True), strict=True)
    return np.concatenate(
        [random.permutation(np.flatnonzero(labels == label))[:count] for label, count in counts]
    )


def _shown(cells: Cells, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Cells in 0..1, and their labels."""
    at = torch.as_tensor(rows)
    return cells.images[at].float() / 255, cells.labels[at]


@torch.inference_mode()
def _again(
    network: VariationalGenerator, images: Tensor, labels: Tensor, classes: int
) -> dict[str, float]:
    """How like held-out cells are to what the autoencoder, whose encoder is not kept, makes of them
    again."""
    pairs = zip(images.split(64), torch.eye(classes)[labels].split(64), strict=True)
    again = torch.cat([network.decode(network.encode(some, of)[0], of) for some, of in pairs])
    return likenesses(images, again)


@torch.inference_mode()
def translated(plan: Plan, fold: Fold, network: CycleGan, judges: Judges) -> dict[str, Any]:
    """Held-out cells turned into each class of the other domain: how near they come to its real
    cells, whether they are told, whether nucleus and cytoplasm stay, and whether they come back."""
    packed, cycle = plan.packed, plan.recipe.cycle
    if cycle is None:
        raise RecipeError(f"{plan.recipe.name} has no table [cycle]. Add it.")
    real, names = cells_at(packed, side_of(plan.recipe)).images, plan.recipe.told_apart
    known, unseen = (
        judges.features(real[torch.as_tensor(rows)]) for rows in (fold.train, fold.held_out)
    )
    learned = _kept_beside(plan, known)
    ways: dict[str, Any] = {}
    made = []
    for domain, other, there, back in (
        (cycle.source, cycle.target, network.there, network.back),
        (cycle.target, cycle.source, network.back, network.there),
    ):
        rows = fold.held_out[np.isin(packed.labels[fold.held_out], _at(names, domain))]
        before = real[torch.as_tensor(rows)]
        outlines = judges.outlined(before)
        for label in other:
            at = names.index(label)
            wanted = np.full(len(rows), at)
            after = _translated(there, before, wanted, len(names))
            again = _translated(back, after, packed.labels[rows], len(names))
            here = packed.labels[fold.held_out] == at
            new, own = unseen[here], judges.features(after)
            made.append(own)
            ways[label] = {
                "from": list(domain),
                "cells": len(rows),
                **likeness(new, own),
                "floor": {
                    **likeness(new, known[packed.labels[fold.train] == at]),
                    **_told(judges, real[torch.as_tensor(fold.held_out[here])], at),
                },
                **_told(judges, after, at),
                "memorised": memorised(learned.nearest(new), learned.nearest(own)),
                **judges.kept(outlines, after),
                "again": likenesses(before.float() / 255, again.float() / 255),
            }
    near = memorised(learned.nearest(unseen), learned.nearest(np.concatenate(made)))
    return {"ways": ways, "memorised": near}


def _told(judges: Judges, images: Tensor, label: int) -> dict[str, float]:
    """The share of pictures that is taken for one label, where a judge knows it."""
    found = judges.recognised(images, np.full(len(images), label))
    return {key: each["value"] for key, each in found.items()}


def _at(names: tuple[str, ...], some: tuple[str, ...]) -> list[int]:
    return [names.index(each) for each in some]


def _translated(
    translator: Translator, images: Tensor, labels: NDArray[np.int64], classes: int
) -> Tensor:
    """Pictures `(n, 3, h, w)` uint8 as cells of the wanted labels."""
    parts = torch.eye(classes)[torch.from_numpy(labels)]
    pairs = zip((images.float() / 255).split(32), parts.split(32), strict=True)
    return as_whole(torch.cat([translator(some, of) for some, of in pairs]))
