"""Networks that give a cell one of the five classes. Importing this registers them."""

from cervix_models.classifiers import (
    cnn,
    features,
    masked,
    members,
    mobilenet,
    resnet,
    stages,
    transfer,
)

__all__ = [
    "cnn",
    "features",
    "masked",
    "members",
    "mobilenet",
    "resnet",
    "stages",
    "transfer",
]
