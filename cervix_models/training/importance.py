"""Which features a classifier leans on: what is lost where one is shuffled among other cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from cervix_models.data.table import load_table
from cervix_models.training.fit import trained
from cervix_models.training.inputs import cells_for
from cervix_models.training.protocol import Plan, folds_of

REPEATS = 5


@torch.inference_mode()
def permutation_importances(plan: Plan) -> list[dict[str, Any]]:
    """The accuracy lost by shuffling each feature (Breiman, 2001), the largest loss first.

    Each fold's own network reads the cells held out from it; shuffled REPEATS times.
    """
    cells, random = cells_for(plan.packed, plan.recipe), np.random.default_rng(plan.recipe.seed)
    names = load_table().names
    lost, count = np.zeros(len(names)), 0
    for number, fold in enumerate(folds_of(plan)):
        network = trained(plan.recipe, plan.folder / f"fold{number}")
        given = cells.features[torch.as_tensor(fold.held_out)]
        labels = cells.labels[torch.as_tensor(fold.held_out)]
        right = int((network(given).argmax(1) == labels).sum())
        count += len(labels)
        for at in range(len(names)):
            for _ in range(REPEATS):
                shuffled = given.clone()
                shuffled[:, at] = given[torch.from_numpy(random.permutation(len(given))), at]
                lost[at] += (right - int((network(shuffled).argmax(1) == labels).sum())) / REPEATS
    order = np.argsort(-lost, kind="stable")
    return [{"feature": names[at], "accuracy_lost": round(lost[at] / count, 5)} for at in order]
