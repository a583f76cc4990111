"""`resnet50` and `vgg16`: the transfer learning of the first document.

"Optimizing Cervical Cancer Diagnosis: Image Classification and GenAI" (Gong, Jung, Dong, Kuo,
2024): an ImageNet network, flattened, a dense layer of 1024 with ReLU, dropout (of ResNet-50
alone), five classes. It names no input size for them; here it is the 64 pixels of its other
networks.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn
from torchvision.models import vgg16

from cervix_models.classifiers.base import CellClassifier, linear
from cervix_models.classifiers.resnet import stem_and_stages
from cervix_models.registry import ModelEntry, register

SIDE = 64
DENSE = 1024
_SOURCE = "Gong, Jung, Dong, Kuo: Optimizing Cervical Cancer Diagnosis (2024)"


def build_resnet50(classes: int) -> CellClassifier:
    """ResNet-50 (He et al., CVPR 2016), flattened, dense 1024, with random weights."""
    return _flattened(nn.Sequential(stem_and_stages()), 2048, classes, dropout=0.5)


def build_vgg16(classes: int) -> CellClassifier:
    """VGG16 (Simonyan and Zisserman, ICLR 2015), flattened, dense 1024, with random weights."""
    return _flattened(vgg16(init_weights=True).features, 512, classes, dropout=0.0)


def _flattened(trunk: nn.Module, channels: int, classes: int, dropout: float) -> CellClassifier:
    places = (SIDE // 32) ** 2
    neck = nn.Sequential(
        OrderedDict(flat=nn.Flatten(), dense=nn.Linear(channels * places, DENSE), relu=nn.ReLU())
    )
    return CellClassifier(trunk, neck, linear(DENSE, classes), dropout)


register(
    ModelEntry(
        name="resnet50",
        kind="classifier",
        builder=build_resnet50,
        input_size=SIDE,
        source=_SOURCE,
        backbone="resnet50_v1",
        cam_layers=("trunk.layer4",),
    )
)
register(
    ModelEntry(
        name="vgg16",
        kind="classifier",
        builder=build_vgg16,
        input_size=SIDE,
        source=_SOURCE,
        backbone="vgg16",
        cam_layers=("trunk.29",),
    )
)
