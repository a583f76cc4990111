"""`mobilenetv2`: MobileNetV2 (Sandler et al., CVPR 2018) with a linear head."""

from __future__ import annotations

from torchvision.models import mobilenet_v2

from cervix_models.classifiers.base import CellClassifier, linear, pooled
from cervix_models.registry import ModelEntry, register


def build(classes: int) -> CellClassifier:
    """MobileNetV2 with random weights; its trunk takes ImageNet weights of torchvision's layout."""
    return CellClassifier(mobilenet_v2().features, pooled(), linear(1280, classes), dropout=0.3)


register(
    ModelEntry(
        name="mobilenetv2",
        kind="classifier",
        builder=build,
        input_size=128,
        source="Sandler et al., MobileNetV2, CVPR 2018",
        backbone="mobilenet_v2",
        cam_layers=("trunk.13",),
    )
)
