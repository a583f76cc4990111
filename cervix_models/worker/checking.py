"""The job `check`: whether a training's split leaks, and what the training would take here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch

from cervix_models.recipes.wishes import Wish
from cervix_models.registry import find
from cervix_models.training.asked import plan_of, trainings_of
from cervix_models.worker.doing import Doing
from cervix_models.worker.leaks import leaks_in
from cervix_models.worker.measuring import measurable, measure
from cervix_models.worker.shelf import Shelf
from cervix_models.worker.training import asked_for

log = logging.getLogger(__name__)


def check(doing: Doing) -> Mapping[str, Any]:
    """What a check found: the leaks, and time and memory where a few steps can tell of them. Raises
    RecipeError and DataError where the training could not begin."""
    settings, wish = doing.settings, Wish.of(doing.job.args)
    torch.set_num_threads(settings.threads)
    shelf = Shelf(doing.folder, settings, wish.name or wish.recipe)
    asked = asked_for(wish, doing, shelf.folder)
    if find(asked.recipe.model).kind == "finder":
        return {"leaks": [], "measured": None}
    plan = plan_of(asked, settings)
    doing.tell(0.3, "Looking for leaks")
    leaks = leaks_in(plan, settings)
    doing.check()
    found: dict[str, Any] | None = None
    if measurable(plan.recipe):
        doing.tell(0.6, "Trying a few steps")
        measured = measure(plan, trainings_of(plan.recipe, asked))
        found = {**asdict(measured), "how": measured.how}
    return {
        "leaks": [{"kind": each.kind, "sentence": each.sentence} for each in leaks],
        "cells": len(plan.packed),
        "measured": found,
    }
