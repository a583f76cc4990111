"""`svm_features` and `mlp_features`: a cell told by its measurements, as in the first document.

An RBF support vector machine (Cortes and Vapnik, 1995) and a multilayer perceptron on the features
of Plissiti et al., SIPaKMeD, IEEE ICIP 2018, measured on nucleus and cytoplasm, with our additions.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import cast

import torch
from torch import Tensor, nn

from cervix_models.classifiers.base import CellClassifier, linear
from cervix_models.classifiers.kernel import KernelHead
from cervix_models.registry import ModelEntry, register

NUMBERS = 62  # of morphology.FEATURES
HIDDEN = 64
_SOURCE = (
    "Gong, Jung, Dong, Kuo: Optimizing Cervical Cancer Diagnosis (2024); "
    "Plissiti et al., SIPaKMeD, IEEE ICIP 2018"
)


class Even(nn.BatchNorm1d):
    """Features `(n, 62)` brought to zero mean and unit deviation; one not measured to the mean.

    Features that are not `used` become zero, whatever they are.
    """

    used: Tensor  # (62,), 1 or 0

    def __init__(self) -> None:
        """Takes features as they are, until a training fills it."""
        super().__init__(NUMBERS, affine=False)
        self.register_buffer("used", torch.ones(NUMBERS))

    def forward(self, features: Tensor) -> Tensor:
        """The evened features."""
        mean = cast(Tensor, self.running_mean)
        out: Tensor = super().forward(torch.where(features.isnan(), mean, features))
        return out * self.used


def build_svm(classes: int) -> CellClassifier:
    """A kernel machine on evened-out features `(n, 62)`, with random vectors."""
    return CellClassifier(nn.Identity(), _even(), KernelHead(NUMBERS, classes), dropout=0.0)


def build_mlp(classes: int) -> CellClassifier:
    """A perceptron with one hidden layer on evened-out features, with random weights."""
    neck = _even()
    neck.add_module("hidden", nn.Linear(NUMBERS, HIDDEN))
    neck.add_module("relu", nn.ReLU())
    return CellClassifier(nn.Identity(), neck, linear(HIDDEN, classes), dropout=0.0)


def _even() -> nn.Sequential:
    return nn.Sequential(OrderedDict(even=Even()))


for _name, _builder in (("svm_features", build_svm), ("mlp_features", build_mlp)):
    register(
        ModelEntry(
            name=_name,
            kind="classifier",
            builder=_builder,
            input_size=NUMBERS,
            source=_SOURCE,
            reads="features",
        )
    )
