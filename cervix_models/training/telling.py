"""Fits what finds made cells whose mark was taken off, and counts how many it finds."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PilImage
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from cervix_models.cards import here_of, load_card, members_of
from cervix_models.checkpoints import save_card
from cervix_models.contracts import MAKERS, Card, Image
from cervix_models.data.packed import PackedSet
from cervix_models.data.splits import Fold
from cervix_models.errors import DataError
from cervix_models.gate import Tell, unit_length
from cervix_models.inference import Batch
from cervix_models.making import noise_of, open_maker, open_turner
from cervix_models.predictors import CellReader, ClassReader
from cervix_models.recipes import recipe_of
from cervix_models.settings import Settings
from cervix_models.training.batches import cells_at
from cervix_models.training.gate import embeddings_of
from cervix_models.training.generator import kept_apart
from cervix_models.training.judging import as_pictures
from cervix_models.training.protocol import Plan

log = logging.getLogger(__name__)

SHOWN = 700  # cells of a kind, at most, that it learns from
TAKEN = 0.01  # the part of real cells that may be taken for made
SEEDS = (20_000, 30_000)  # of the cells it learns from, and of those it is tried on
STRENGTH = 100.0  # inverse of the regularisation
QUALITY = 80  # of the JPEG that made cells are saved anew in


@dataclass(frozen=True)
class _Kind:
    """Embeddings of one kind of cells, for learning and for trying."""

    learned: Batch
    tried: Batch
    groups: NDArray[np.str_]  # of those to learn from: what is of one group is no two cells


def fit_tell(classifier: str, packed: PackedSet, settings: Settings) -> dict[str, Any]:
    """The figures of the tell that was now fitted and written beside a classifier's card.

    It learns from real cells, at their own size and at that of made ones, and from those of other
    data sets in the packed file, against cells of all generators at hand, by the embeddings of the
    classifier's first member; the limit leaves TAKEN of real cells beyond it, by folds with
    clusters kept apart. It is tried on the clusters that the generators did not see either, and on
    cells of other seeds: as they are, saved anew as JPEG, and of a generator that it did not learn
    from. Raises DataError where no generator is here.
    """
    made_here = here_of(MAKERS, settings.weights)
    makers = [card for card in made_here if card.classes == packed.names]
    if not makers:
        raise DataError(
            "No generator has weights here, so there is nothing to tell from real cells. Train "
            "one: python -m cervix_models train cgan_projection"
        )
    _, members = members_of(classifier, settings.weights)
    lead = CellReader(next(iter(members), classifier), settings)
    fold = _fold(makers[0], packed, settings)
    random = np.random.default_rng(0)
    rows = random.permutation(fold.train)[:SHOWN]
    sides = {int(card.input["size"]) for card in makers}
    whole = packed.images.shape[1]
    known = [_real(packed, rows, fold.held_out, side, lead) for side in (whole, *sorted(sides))]
    others = {
        source: _real(packed, *_halves(packed, source), whole, lead)
        for source in sorted(set(packed.source) - set(makers[0].data["sources"]))
    }
    real = [*known, *others.values()]
    made, as_jpeg = {}, {}
    for card in makers:
        learned, tried = (_cells(card, packed, settings, learns=each) for each in (True, False))
        groups = np.array([f"{card.name} {at}" for at in range(len(learned))])
        made[card.name] = _Kind(_embedded(lead, learned), _embedded(lead, tried), groups)
        as_jpeg[card.name] = _embedded(lead, [_as_jpeg(each) for each in tried])
    tell = _fitted(real, list(made.values()))
    folder = settings.weights / classifier
    tell.save(folder)
    found = {
        "learned_from": len(rows),
        "tried_on": len(fold.held_out),
        "real_taken_for_made": float(np.mean([tell.finds(each.tried).mean() for each in known])),
        "of_other_sets": {
            name: float(tell.finds(each.tried).mean()) for name, each in others.items()
        },
        "found": {name: float(tell.finds(each.tried).mean()) for name, each in made.items()},
        "found_as_jpeg": {name: float(tell.finds(e).mean()) for name, e in as_jpeg.items()},
        "found_by_what_learned_from_others": _unseen(real, made),
    }
    card = load_card(classifier, settings.weights)
    save_card(replace(card, calibration={**card.calibration, "without_mark": found}), folder)
    return found


def _fold(card: Card, packed: PackedSet, settings: Settings) -> Fold:
    """What a generator learned from, and what it did not see."""
    recipe = recipe_of(card.recipe, f"{card.name}/card.json")
    return kept_apart(Plan(recipe, packed, Path(), settings.weights))


def _real(
    packed: PackedSet,
    rows: NDArray[np.int64],
    tried: NDArray[np.int64],
    side: int,
    lead: ClassReader,
) -> _Kind:
    """Real cells of a packed file at some size."""
    images = cells_at(packed, side).images
    learned, unseen = (
        _embedded(lead, as_pictures(images[torch.as_tensor(some)])) for some in (rows, tried)
    )
    return _Kind(learned, unseen, np.array([packed.clusters[at] for at in rows]))


def _halves(packed: PackedSet, source: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The cells of a data set in two halves, those of one capture in one of them."""
    rows = packed.where(source)
    groups = np.unique([packed.clusters[at] for at in rows], return_inverse=True)[1]
    first = np.random.default_rng(0).permutation(groups.max() + 1) % 2 == 0
    return rows[first[groups]], rows[~first[groups]]


def _cells(card: Card, packed: PackedSet, settings: Settings, *, learns: bool) -> list[Image]:
    """Cells of a generator to learn from, or to try on: of as many of each class as real ones are,
    or real ones turned."""
    fold = _fold(card, packed, settings)
    rows = np.random.default_rng(1).permutation(fold.train if learns else fold.held_out)[:SHOWN]
    labels = packed.labels[rows]
    if card.kind == "generator":
        maker, _ = open_maker(card.name, settings)
        noise = noise_of(SEEDS[0 if learns else 1], len(rows), maker.latent)
        return maker.of(noise, maker.parts([card.classes[at] for at in labels]))
    turner, _ = open_turner(card.name, settings)
    seen = turner.seen([packed.images[at] for at in rows])
    return [
        turner.turn([image], turner.starts(card.classes[label])[at % 2])[0]
        for at, (image, label) in enumerate(zip(seen, labels, strict=True))
    ]


def _as_jpeg(image: Image) -> Image:
    out = io.BytesIO()
    PilImage.fromarray(image).save(out, "JPEG", quality=QUALITY)
    return np.asarray(PilImage.open(out))


def _embedded(lead: ClassReader, images: Sequence[Image]) -> Batch:
    return unit_length(embeddings_of(lead, images))


def _fitted(real: Sequence[_Kind], made: Sequence[_Kind]) -> Tell:
    rows = np.concatenate([each.learned for each in (*real, *made)])
    count = sum(len(each.learned) for each in real)
    labels = np.arange(len(rows)) >= count
    groups = np.concatenate([each.groups for each in (*real, *made)])
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=3000)
    scores = cross_val_predict(
        model, rows, labels, groups=groups, cv=GroupKFold(5), method="decision_function"
    )
    model.fit(rows, labels)
    limit = np.quantile(scores[:count], 1 - TAKEN) - model.intercept_[0]
    return Tell(model.coef_[0].astype(np.float32), np.array([limit], np.float32))


def _unseen(real: Sequence[_Kind], made: dict[str, _Kind]) -> dict[str, float]:
    """The part of each generator's cells that is found by what learned from the others alone."""
    out = {}
    for name, kind in made.items():
        others = [each for key, each in made.items() if key != name]
        if others:
            out[name] = float(_fitted(real, others).finds(kind.tried).mean())
    return out
