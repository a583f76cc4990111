"""Classifiers that read their backbone at several depths instead of at its end alone.

What tells these cells apart is texture as much as shape, and texture is found in the early maps of
an ImageNet network. Mean and standard deviation of the maps of several depths (statistics pooling,
Snyder et al., ICASSP 2018; over several layers as in hypercolumns, Hariharan et al., CVPR 2015)
make one vector a cell.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from cervix_models.classifiers.base import CellClassifier
from cervix_models.classifiers.kernel import KernelHead
from cervix_models.classifiers.resnet import stem_and_stages
from cervix_models.registry import ModelEntry, register

COMPONENTS = 200  # principal components of the statistics that the kernel machine sees


class ResidualStages(nn.Sequential):
    """ResNet stages that answer the maps of each of the last `depths` of them."""

    def __init__(self, blocks: OrderedDict[str, nn.Module], depths: int) -> None:
        """The blocks in their order, names as in torchvision."""
        super().__init__(blocks)
        self.depths = depths

    def forward(self, images: Tensor) -> list[Tensor]:
        """Maps `(n, c, h, w)` of the last stages, shallowest first."""
        maps = []
        for block in self:
            images = block(images)
            maps.append(images)
        return maps[-self.depths :]


class Statistics(nn.Module):
    """Mean and standard deviation of every map of every depth."""

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Numbers `(n, 2 * channels of all depths)` of the maps of one trunk."""
        found = []
        for each in maps:
            mean = each.mean((2, 3))
            variance = (each - mean[:, :, None, None]).square().mean((2, 3))
            found += [mean, (variance + 1e-5).sqrt()]
        return torch.cat(found, 1)


def resnet(classes: int) -> CellClassifier:
    """ResNet-50 to the third block of its third stage, read at three depths by a kernel machine."""
    trunk = ResidualStages(stem_and_stages(last=3), depths=3)
    numbers = 2 * (256 + 512 + 1024)
    neck = nn.Sequential(
        OrderedDict(
            statistics=Statistics(),
            even=nn.BatchNorm1d(numbers, affine=False),
            components=nn.Linear(numbers, COMPONENTS),
        )
    )
    return CellClassifier(trunk, neck, KernelHead(COMPONENTS, classes), dropout=0.0)


register(
    ModelEntry(
        name="resnet50_svm",
        kind="classifier",
        builder=resnet,
        input_size=160,
        source="He et al., Deep residual learning for image recognition, CVPR 2016, with "
        "Cortes and Vapnik, Support-vector networks, Machine Learning 20, 1995",
        backbone="resnet50_v1",
        cam_layers=("trunk.layer1", "trunk.layer2", "trunk.layer3"),
    )
)
