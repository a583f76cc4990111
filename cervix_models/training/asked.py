"""A training as a person asks for it, by a command or a job: which recipe, on what, how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cervix_models.cards import CARD
from cervix_models.contracts import MAKERS
from cervix_models.data.fields import load_fields
from cervix_models.data.packed import PackedSet, load_all
from cervix_models.errors import RecipeError
from cervix_models.evaluation.protocols import Protocol
from cervix_models.recipes import Recipe
from cervix_models.registry import find
from cervix_models.settings import Settings
from cervix_models.training.encoder import finish_encoder
from cervix_models.training.finder import FieldPlan, find_fold, finish_finder
from cervix_models.training.finish import finish, keep_random, remeasure
from cervix_models.training.generator import finish_generator
from cervix_models.training.inputs import between, for_packed, with_corrected
from cervix_models.training.judging import Judges
from cervix_models.training.lora import finish_lora
from cervix_models.training.protocol import Plan, run_fold

CELLS, FIELDS = "cells160.npz", "fields.npz"  # packed files in the home, by default


@dataclass(frozen=True)
class Asked:
    """What is asked for. `train` raises RecipeError where the parts do not go together."""

    recipe: Recipe
    runs: Path
    weights: Path
    judges: tuple[str, str]  # names of the classifier and the segmenter that look at made cells
    files: tuple[Path, ...] = ()  # packed; default: CELLS in the home, of a finder FIELDS
    protocol: Protocol = "cluster"
    epochs: int | None = None  # fewer than the recipe's, for a trial
    fold: int | None = None  # this one only, and no weights
    folds_only: bool = False  # measure, but make no weights
    goes_on: bool = False  # of a generator with a flow: from the weights that are there
    name: str | None = None  # of a new model of the recipe, for the classes of the packed file
    source: tuple[str, ...] | None = None  # with a name: classes that are turned
    target: tuple[str, ...] | None = None  # into these
    packed: PackedSet | None = None  # what the files hold, where it was read before


def train(asked: Asked, settings: Settings) -> Path:
    """The folder of weights and card; of a single fold, that of its run.

    Raises RecipeError where what is asked for does not go together, and what the trainings raise.
    """
    recipe = asked.recipe
    check_sides(asked)
    _check_going_on(asked)
    if recipe.lora:
        return _train_lora(asked, settings)
    if _kind(recipe) == "finder":
        return _train_finder(asked, settings)
    generates = _kind(recipe) in MAKERS
    if generates:
        _check_generator(asked)
    plan = plan_of(asked, settings)
    recipe = plan.recipe
    if recipe.contrast:
        return finish_encoder(plan)
    if generates:
        return finish_generator(plan, Judges.of(*asked.judges, settings, recipe.told_apart))
    if asked.fold is not None:
        return run_fold(plan, asked.fold)
    if asked.protocol == "random":
        return _train_random(plan)
    return finish(plan, final=not asked.folds_only)


def plan_of(asked: Asked, settings: Settings) -> Plan:
    """The plan of a training on cells, its recipe named and made for the classes of the packed
    file where a name is given. Raises RecipeError and DataError."""
    packed = asked.packed or load_all(files_of(asked, settings))
    recipe = asked.recipe
    if asked.name:
        recipe = for_packed(recipe, asked.name, packed)
        recipe = between(recipe, asked.source, asked.target) if recipe.cycle else recipe
    else:
        recipe = with_corrected(recipe, packed)
    return Plan(
        recipe, packed, asked.runs, asked.weights, asked.protocol, asked.epochs, asked.goes_on
    )


def files_of(asked: Asked, settings: Settings) -> Sequence[Path]:
    """The packed files that are asked for, or those of the home."""
    default = FIELDS if _kind(asked.recipe) == "finder" else CELLS
    return asked.files or [settings.home / default]


def trainings_of(recipe: Recipe, asked: Asked) -> int:
    """How many networks are trained one after the other for what is asked."""
    if recipe.members:
        return 0
    if asked.fold is not None:
        return 1
    if recipe.lora or recipe.contrast:
        return 1
    if _kind(recipe) in MAKERS:
        return 2 if recipe.variational and (recipe.adversarial or recipe.flow) else 1
    return recipe.folds + (asked.protocol == "cluster" and not asked.folds_only)


def check_sides(asked: Asked) -> None:
    """Raises RecipeError where classes are given that nothing is turned between."""
    if (asked.source or asked.target) and not (asked.recipe.cycle and asked.name):
        raise RecipeError(
            f"--source and --target were given for {asked.name or asked.recipe.name}; they were "
            "expected only of a recipe that turns images of one class into another, under a --name "
            "of its own. Leave them out, or choose such a recipe: train cyclegan --name NAME."
        )


def _kind(recipe: Recipe) -> str:
    return find(recipe.model).kind if recipe.model else ""


def _train_random(plan: Plan) -> Path:
    recipe = plan.recipe
    for number in range(recipe.folds):
        run_fold(plan, number)
    if keep_random(plan) and (plan.weights / recipe.name / CARD).is_file():
        remeasure(recipe.name, plan.weights)
    return plan.weights / recipe.name


def _check_going_on(asked: Asked) -> None:
    if asked.goes_on and (not asked.recipe.flow or asked.name):
        raise RecipeError(
            f"--go-on was given for {asked.name or asked.recipe.name}; it was expected only of a "
            "generator whose recipe has the table [flow], as cellflux, under its own name. Leave "
            "it out."
        )


def _check_generator(asked: Asked) -> None:
    if asked.protocol != "cluster" or asked.folds_only or asked.fold is not None:
        raise RecipeError(
            f"{asked.recipe.name} makes cells: it is trained once, without the clusters of the "
            "first fold, and measured against them. --protocol random, --folds-only and --fold "
            "were expected of no such recipe. Leave them out."
        )


def _train_lora(asked: Asked, settings: Settings) -> Path:
    recipe = asked.recipe
    if asked.protocol != "cluster" or asked.name or asked.folds_only or asked.fold is not None:
        raise RecipeError(
            f"{recipe.name} is added to a generator: it is trained once, on whole clusters, and "
            "measured against the others. --protocol random, --name, --folds-only and --fold were "
            "expected of no such recipe. Leave them out."
        )
    packed = load_all(files_of(asked, settings))
    plan = Plan(recipe, packed, asked.runs, asked.weights, epochs=asked.epochs)
    return finish_lora(plan, settings, Judges.of(*asked.judges, settings, recipe.told_apart))


def _train_finder(asked: Asked, settings: Settings) -> Path:
    recipe = asked.recipe
    if asked.protocol != "cluster" or asked.name or asked.folds_only:
        raise RecipeError(
            f"{recipe.name} finds nuclei: its folds keep whole fields apart, and it is trained on "
            "annotated fields alone. --protocol random, --name and --folds-only were expected of "
            "no such recipe. Leave them out."
        )
    given = [load_fields(path) for path in files_of(asked, settings)]
    real, made = ([each for each in given if bool(each.made_by) == are] for are in (False, True))
    if len(real) != 1 or len(made) > 1:
        raise RecipeError(
            f"{len(real)} packed files of real fields and {len(made)} of composed ones were given; "
            "one of real fields was expected, made by: python -m cervix_models data pack cric "
            "--fields; and at most one of composed ones, made by: python -m cervix_models data "
            "compose"
        )
    plan = FieldPlan(recipe, real[0], asked.runs, asked.weights, asked.epochs, *made)
    if asked.fold is None:
        return finish_finder(plan)
    find_fold(plan, asked.fold)
    return plan.folder / f"fold{asked.fold}"
