"""How a classifier of features is trained: scikit-learn solves, the network keeps what it found."""

from __future__ import annotations

import logging
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier
from torch import nn

from cervix_models.classifiers.base import CellClassifier
from cervix_models.classifiers.features import Even
from cervix_models.classifiers.kernel import KernelHead
from cervix_models.errors import RecipeError
from cervix_models.morphology import FEATURES
from cervix_models.recipes import Perceptron, Recipe
from cervix_models.training.batches import Cells
from cervix_models.training.kernel import fit_machines

log = logging.getLogger(__name__)


def fit_on_features(
    network: CellClassifier, cells: Cells, train: np.ndarray, recipe: Recipe
) -> None:
    """Solves for the head of `network`, and what lies before it, on the features of `train`.

    Raises RecipeError where the recipe says neither which machine nor which perceptron.
    """
    at = torch.as_tensor(train)
    labels = cells.labels[at].numpy()
    features = _evened(network, cells.features[at].numpy(), scale_free=bool(recipe.scale_free))
    if recipe.kernel and isinstance(network.head, KernelHead):
        fit_machines(network.head, features, labels, recipe.kernel)
    elif recipe.perceptron and isinstance(network.head, nn.Linear):
        _fit_perceptron(network, features, labels, recipe.perceptron, recipe.seed)
    else:
        raise RecipeError(
            f"{recipe.name} trains {recipe.model} on features, whose head is a "
            f"{type(network.head).__name__}; a table [kernel] for a KernelHead, or [perceptron] "
            "for a Linear, was expected. Add it to the recipe."
        )


def _evened(
    network: CellClassifier, features: NDArray[np.float32], *, scale_free: bool
) -> NDArray[np.float32]:
    """The features with zero mean and unit deviation, as the network will even them."""
    even = cast(Even, network.neck.get_submodule("even"))
    even.used = torch.tensor([float(not (scale_free and each.power)) for each in FEATURES])
    even.running_mean = torch.from_numpy(np.nanmean(features, 0, dtype=np.float64)).float()
    even.running_var = torch.from_numpy(np.nanvar(features, 0, dtype=np.float64)).float()
    with torch.inference_mode():
        out: NDArray[np.float32] = even.eval()(torch.from_numpy(features)).numpy()
    return out


def _fit_perceptron(
    network: CellClassifier,
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    settings: Perceptron,
    seed: int,
) -> None:
    hidden = cast(nn.Linear, network.neck.get_submodule("hidden"))
    found = MLPClassifier(
        (hidden.out_features,),
        alpha=settings.penalty,
        learning_rate_init=settings.learning_rate,
        max_iter=settings.epochs,
        random_state=seed,
    ).fit(features, labels)
    with torch.no_grad():
        for layer, weight, bias in zip(
            (hidden, cast(nn.Linear, network.head)), found.coefs_, found.intercepts_, strict=True
        ):
            layer.weight.copy_(torch.from_numpy(weight.T))
            layer.bias.copy_(torch.from_numpy(bias))
    log.info("The perceptron ended with a loss of %.4f", found.loss_)
