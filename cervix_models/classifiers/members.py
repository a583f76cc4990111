"""`densenet201`, `mobilenetv3_small`, `vgg19`, `resnet50v2`: the members of the fifth document.

It averages four ImageNet networks by their accuracy, trained with Adam and a learning rate halved
on a plateau. It names neither the layers on top nor the input size; here each is pooled to one
vector with five classes after it.
"""

from __future__ import annotations

from collections import OrderedDict

from timm.models import create_model
from torch import nn
from torchvision.models import densenet201, mobilenet_v3_small, vgg19

from cervix_models.classifiers.base import CellClassifier, linear, pooled
from cervix_models.registry import ModelEntry, register

SIDE = 64
_MEMBER = "member of the accuracy-weighted ensemble of the fifth document"


def build_densenet201(classes: int) -> CellClassifier:
    """DenseNet-201 with random weights."""
    trunk = densenet201().features
    trunk.add_module("relu", nn.ReLU())  # torchvision's own forward has it after the features
    return CellClassifier(trunk, pooled(), linear(1920, classes), dropout=0.2)


def build_mobilenetv3_small(classes: int) -> CellClassifier:
    """MobileNetV3-Small with random weights."""
    return CellClassifier(
        mobilenet_v3_small().features, pooled(), linear(576, classes), dropout=0.2
    )


def build_vgg19(classes: int) -> CellClassifier:
    """VGG19 with random weights."""
    return CellClassifier(
        vgg19(init_weights=True).features, pooled(), linear(512, classes), dropout=0.2
    )


def build_resnet50v2(classes: int) -> CellClassifier:
    """ResNet-50 of the second version, with normalisation before each convolution."""
    net = create_model("resnetv2_50", num_classes=0)
    kept = ("stem", "stages", "norm")
    trunk = nn.Sequential(OrderedDict((name, getattr(net, name)) for name in kept))
    return CellClassifier(trunk, pooled(), linear(2048, classes), dropout=0.2)


register(
    ModelEntry(
        name="densenet201",
        kind="classifier",
        builder=build_densenet201,
        input_size=SIDE,
        source=f"Huang et al., Densely connected convolutional networks, CVPR 2017; {_MEMBER}",
        backbone="densenet201",
        cam_layers=("trunk.relu",),
    )
)
register(
    ModelEntry(
        name="mobilenetv3_small",
        kind="classifier",
        builder=build_mobilenetv3_small,
        input_size=96,
        source=f"Howard et al., Searching for MobileNetV3, ICCV 2019; {_MEMBER}",
        backbone="mobilenet_v3_small",
        cam_layers=("trunk.12",),
    )
)
register(
    ModelEntry(
        name="vgg19",
        kind="classifier",
        builder=build_vgg19,
        input_size=SIDE,
        source=f"Simonyan and Zisserman, Very deep convolutional networks, ICLR 2015; {_MEMBER}",
        backbone="vgg19",
        cam_layers=("trunk.35",),
    )
)
register(
    ModelEntry(
        name="resnet50v2",
        kind="classifier",
        builder=build_resnet50v2,
        input_size=SIDE,
        source=f"He et al., Identity mappings in deep residual networks, ECCV 2016; {_MEMBER}",
        backbone="resnet50_v2",
        cam_layers=("trunk.norm",),
    )
)
