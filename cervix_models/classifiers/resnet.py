"""`resnet50_trunk`: ResNet-50 (He et al., CVPR 2016) cut after the fifth block of its third stage.

The last stage holds two thirds of the parameters and sees 4x4 maps at this input size. Without it
the network fits into 15 MB of half precision, and Grad-CAM has 8x8 places instead of 4x4.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn
from torchvision.models import resnet50
from torchvision.models.resnet import ResNet

from cervix_models.classifiers.base import CellClassifier, linear, pooled
from cervix_models.registry import ModelEntry, register


def first_version(net: ResNet) -> ResNet:
    """The network with the strides of ResNet version 1: in the first 1x1 of a stage."""
    for stage in (net.layer2, net.layer3, net.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    return net


def stem_and_stages(last: int | None = None) -> OrderedDict[str, nn.Module]:
    """ResNet-50 with random weights and torchvision's names: all of it up to its pool, or to block
    `last` of its third stage."""
    net = first_version(resnet50())
    kept = ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3"]
    if last is None:
        kept.append("layer4")
    else:
        net.layer3 = nn.Sequential(*list(net.layer3.children())[:last])
    return OrderedDict((name, getattr(net, name)) for name in kept)


def build(classes: int) -> CellClassifier:
    """The trunk with a linear head and random weights."""
    trunk = nn.Sequential(stem_and_stages(last=5))
    return CellClassifier(trunk, pooled(), linear(1024, classes), dropout=0.3)


register(
    ModelEntry(
        name="resnet50_trunk",
        kind="classifier",
        builder=build,
        input_size=128,
        source="He et al., Deep residual learning for image recognition, CVPR 2016",
        backbone="resnet50_v1",
        cam_layers=("trunk.layer3",),
    )
)
