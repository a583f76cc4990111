"""`convnext_masked`: the ConvNeXt attention classifier of the fourth document, and its control.

ConvNeXt-Tiny (Liu et al., CVPR 2022) on five channels: red, green, blue, the mask of the cell and
the mask of the nucleus. Squeeze and excitation (reduction 16), global average pool; 768 to 512
(batch normalisation, ReLU, dropout 0.4); self-attention of four heads and layer normalisation; 512
to 256 (batch normalisation, ReLU, dropout 0.3); five classes. The attention is over one vector a
cell, so it has one place to look at and is in effect a linear layer, as in the document.

`convnext_attention` is the same network on the three channels of colour.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn
from torchvision.models import convnext_tiny
from torchvision.ops import SqueezeExcitation

from cervix_models.classifiers.base import CellClassifier, linear
from cervix_models.registry import ModelEntry, register

SIDE = 256
WIDTH = 768
_SOURCE = (
    "ConvNeXtAttentionClassifier of a cervical cancer detection system (dual-head U-Net and "
    "ConvNeXt, 2025); Liu et al., A ConvNet for the 2020s, CVPR 2022"
)


class AttentionMLP(nn.Module):
    """Vectors `(n, 768)` to vectors `(n, 256)`, with self-attention between two dense layers."""

    def __init__(self) -> None:
        """Random weights."""
        super().__init__()
        self.first = nn.Sequential(
            nn.Linear(WIDTH, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Dropout(0.4)
        )
        self.attention = nn.MultiheadAttention(512, num_heads=4, batch_first=True)
        self.norm = nn.LayerNorm(512)
        self.second = nn.Sequential(
            nn.Linear(512, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Dropout(0.3)
        )

    def forward(self, vectors: Tensor) -> Tensor:
        """The vectors that the classes are told from."""
        tokens = self.first(vectors)[:, None]
        seen, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        out: Tensor = self.second(self.norm(tokens + seen)[:, 0])
        return out


def build(channels: int, classes: int) -> CellClassifier:
    """The network on so many channels, with random weights."""
    features = convnext_tiny().features
    features[0][0] = nn.Conv2d(channels, 96, kernel_size=4, stride=4)
    trunk = nn.Sequential(
        OrderedDict(features=features, attention=SqueezeExcitation(WIDTH, WIDTH // 16))
    )
    neck = nn.Sequential(
        OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten(), mlp=AttentionMLP())
    )
    return CellClassifier(trunk, neck, linear(256, classes), dropout=0.0)


def build_masked(classes: int) -> CellClassifier:
    """The network on colour and masks, with random weights."""
    return build(5, classes)


def build_plain(classes: int) -> CellClassifier:
    """The network on colour alone, with random weights."""
    return build(3, classes)


register(
    ModelEntry(
        name="convnext_masked",
        kind="classifier",
        builder=build_masked,
        input_size=SIDE,
        source=_SOURCE,
        backbone="convnext_tiny",
        cam_layers=("trunk.attention",),
        reads="masked",
    )
)
register(
    ModelEntry(
        name="convnext_attention",
        kind="classifier",
        builder=build_plain,
        input_size=SIDE,
        source=_SOURCE,
        backbone="convnext_tiny",
        cam_layers=("trunk.attention",),
    )
)
