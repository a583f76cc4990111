"""What a network is given of the cells of a packed file: images, also with masks, or features."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from cervix_models.contracts import BACKGROUND, CYTOPLASM, NUCLEUS, Segmentation
from cervix_models.data.index import CORRECTED
from cervix_models.data.packed import PackedSet
from cervix_models.data.table import load_table
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD, normalise
from cervix_models.errors import DataError, RecipeError
from cervix_models.evaluation.held_out import load_held_out
from cervix_models.inference import Batch, prepared, prepared_masks
from cervix_models.recipes import Cycle, Recipe, list_recipes
from cervix_models.registry import Reads, find
from cervix_models.training.batches import Cells, cells_at


def side_of(recipe: Recipe) -> int:
    """The side in pixels that the recipe shows cells at, or how many features a cell has."""
    return recipe.side or find(recipe.model).input_size


def for_packed(recipe: Recipe, name: str, packed: PackedSet) -> Recipe:
    """The recipe under a new `name`, for the classes and the labelled images of a packed file.

    Raises RecipeError for a name that is taken or none, for a recipe that reads outlines or
    features, which only SIPaKMeD's cells have here, and for a single class.
    """
    taken = name in list_recipes()
    if taken or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise RecipeError(
            f"{name!r} {'is the name of a recipe' if taken else 'is no name'}; a new one of "
            f"letters, digits, - and _ was expected. Choose another, such as {recipe.name}_2."
        )
    if recipe.members or recipe.contrast or find(recipe.model).reads != "image":
        raise RecipeError(
            f"{recipe.name} cannot be trained on other images: it averages models, reads outlines "
            "or features of SIPaKMeD's cells, or knows no classes. One whose network reads images "
            "was expected. Choose another, such as cnn or resnet50."
        )
    if len(packed.names) < 2:
        raise RecipeError(
            f"The packed file has the class {', '.join(packed.names)} alone; at least two were "
            "expected. Import a folder with one sub-folder a class, and pack it again."
        )
    labels = zip(packed.source, packed.labels, strict=True)
    images = tuple(dict.fromkeys(source for source, label in labels if label >= 0))
    return replace(recipe, name=name, images=images, classes=packed.names, against=())


def with_corrected(recipe: Recipe, packed: PackedSet) -> Recipe:
    """The recipe, learning also from readings that persons corrected, where the packed file has
    some that its network can learn from: of a segmenter also those without a class."""
    kind = find(recipe.model).kind if recipe.model else ""
    usable = {"classifier": CORRECTED[:1], "segmenter": CORRECTED}.get(kind, ())
    more = [each for each in usable if each in packed.source and each not in recipe.images]
    return replace(recipe, images=(*recipe.images, *more)) if more else recipe


def between(recipe: Recipe, source: Sequence[str] | None, target: Sequence[str] | None) -> Recipe:
    """The recipe of a translator, turning images of the classes `source` into those of `target`; of
    two classes the first into the second, where neither is given.

    Raises RecipeError where the recipe does not have such classes, or both hold one of them.
    """
    names = recipe.told_apart
    if source is None and target is None and len(names) == 2:
        source, target = names[:1], names[1:]
    wanted = [*(source or ()), *(target or ())]
    if not source or not target or len(set(wanted)) < len(wanted) or not set(wanted) <= set(names):
        said = [" ".join(each) if each else "none" for each in (source, target)]
        raise RecipeError(
            f"Images of the classes {said[0]} were to be turned into {said[1]}; at least one other "
            f"class on each side was expected, of {', '.join(names)}. Give them with --source and "
            "--target."
        )
    cycle = cast(Cycle, recipe.cycle)
    return replace(recipe, cycle=replace(cycle, source=tuple(source), target=tuple(target)))


def check_classes(recipe: Recipe, packed: PackedSet) -> None:
    """Raises RecipeError where a packed file is of other classes than the recipe tells apart; what
    is added to a generator learns a kind of cell by the name that its data set gives it."""
    if not recipe.lora and recipe.told_apart != packed.names:
        raise RecipeError(
            f"{recipe.name} tells {', '.join(recipe.told_apart)} apart, but the packed file has "
            f"{', '.join(packed.names)}; the same classes in the same order were expected. To "
            "train on these, give the model a name of its own with --name."
        )


def with_outlines(packed: PackedSet, recipe: Recipe, weights: Path) -> PackedSet:
    """The packed cells, with masks where the recipe's network is given masks, or learns to heed
    the outlines of a segmenter that the recipe names.

    The masks are what the folds of the recipe's segmenter said of the cells held out from them.
    Raises RecipeError where the recipe names no segmenter, DataError where a cell has no outline.
    """
    if find(recipe.model).reads != "masked" and not (recipe.flow and recipe.outlines):
        return packed
    if recipe.outlines is None:
        raise RecipeError(
            f"{recipe.name} trains {recipe.model}, which is given masks, but names no segmenter. "
            'Set outlines = "dual_head_unet" in the recipe.'
        )
    said = load_held_out(recipe.outlines, weights)
    known = dict(zip(said["sha256"], said["masks"], strict=True))
    rows = np.concatenate([packed.where(each) for each in recipe.images])
    lacking = [packed.sha256[at] for at in rows if packed.sha256[at] not in known]
    if lacking:
        raise DataError(
            f"{len(lacking)} cells have no held-out outline by {recipe.outlines}, "
            f"{lacking[0][:12]} first; one for each was expected. Train the segmenter on the same "
            "packed file: "
            f"python -m cervix_models train {recipe.outlines}"
        )
    masks = packed.masks.copy()
    masks[rows] = np.stack([known[packed.sha256[at]] for at in rows])
    has_mask = np.array(packed.has_mask)
    has_mask[rows] = True
    return replace(packed, masks=masks, has_mask=has_mask)


def cells_for(packed: PackedSet, recipe: Recipe) -> Cells:
    """The tensors that the recipe's network learns from; `packed` as with_outlines gave it."""
    if find(recipe.model).reads != "features":
        return cells_at(packed, side_of(recipe))
    cells = cells_at(packed, packed.images.shape[1])
    return replace(cells, features=torch.from_numpy(features_of(packed, recipe)))


def features_of(packed: PackedSet, recipe: Recipe) -> np.ndarray:
    """The features `(n, features)` of all packed cells, NaN where the table of cells has none."""
    table = load_table()
    rows = np.concatenate([packed.where(each) for each in recipe.images])
    out = np.full((len(packed), table.features.shape[1]), np.nan, np.float32)
    out[rows] = table.features[table.at([packed.sha256[at] for at in rows])]
    return out


def as_channels(masks: Tensor) -> Tensor:
    """Label masks `(n, h, w)` as two channels `(n, 2, h, w)`: cell and nucleus, 0 or 1."""
    cell = (masks == CYTOPLASM) | (masks == NUCLEUS)
    return torch.stack([cell, masks == NUCLEUS], 1).float()


def joined(images: Tensor, masks: Tensor | None) -> Tensor:
    """Images `(n, 3, h, w)` in 0..1, normalised, with the channels of their masks behind them."""
    out = normalise(images, IMAGENET_MEAN, IMAGENET_STD)
    return out if masks is None else torch.cat([out, masks], 1)


def ready(packed: PackedSet, cells: Cells, recipe: Recipe, rows: np.ndarray) -> Batch:
    """What the network is given of `rows` when it predicts, float32."""
    reads: Reads = find(recipe.model).reads
    if reads == "features":
        return cells.features[torch.as_tensor(rows)].numpy()
    side = side_of(recipe)
    batch = prepared([packed.images[at] for at in rows], side, IMAGENET_MEAN, IMAGENET_STD)
    if reads == "image":
        return batch
    labels = [np.where(packed.masks[at] > NUCLEUS, BACKGROUND, packed.masks[at]) for at in rows]
    masks = [Segmentation.from_labels(each) for each in labels]
    return np.concatenate([batch, prepared_masks(masks, side)], 1)
