"""`dual_head_unet`: one encoder, two attention U-Net decoders, for the cell and for its nucleus.

After DualHeadAttConvNeXtUNet: attention gates on the skips (Oktay et al. 2018), CBAM after each
decoder stage (Woo et al., ECCV 2018), Dice + binary cross-entropy. This compact default has
MobileNetV2 as encoder in place of ConvNeXt-Tiny, and one decoder stage more, so that outlines are
drawn at half the input's resolution rather than a quarter.

The first head outlines the whole cell, as SIPaKMeD's cytoplasm outlines do; the cytoplasm is the
cell without its nucleus.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from timm.layers.cbam import CbamModule
from torch import Tensor, nn
from torchvision.models import mobilenet_v2

from cervix_models.registry import ModelEntry, register

_TAPS = (1, 3, 6, 13, 17)  # blocks of MobileNetV2 whose maps are 1/2 ... 1/32 of the input
_ENCODER = (16, 24, 32, 96, 320)
_DECODER = (64, 32, 24, 16)


class AttentionGate(nn.Module):
    """Weights a skip by what the coarser stage sees (Oktay et al., Attention U-Net, 2018)."""

    def __init__(self, skip: int, gate: int) -> None:
        """Builds a gate for `skip` channels steered by `gate` channels."""
        super().__init__()
        inner = max(8, skip // 2)
        self.of_skip = nn.Conv2d(skip, inner, 1, bias=False)
        self.of_gate = nn.Conv2d(gate, inner, 1)
        self.weigh = nn.Conv2d(inner, 1, 1)

    def forward(self, skip: Tensor, gate: Tensor) -> Tensor:
        """The skip `(n, skip, h, w)`, each place weighted 0..1."""
        seen = F.relu(self.of_skip(skip) + self.of_gate(gate))
        return skip * torch.sigmoid(self.weigh(seen))


class DecoderStage(nn.Module):
    """Doubles the resolution, joins the gated skip, convolves twice, ends in CBAM."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        """Builds a stage from `inputs` and `skip` channels to `outputs`."""
        super().__init__()
        self.gate = AttentionGate(skip, inputs)
        self.convolve = nn.Sequential(
            _unit(inputs + skip, outputs),
            _unit(outputs, outputs),
            CbamModule(outputs, rd_ratio=1 / 16, rd_divisor=4),
        )

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        """Maps `(n, outputs, h, w)` at the skip's resolution."""
        coarse = F.interpolate(coarse, size=skip.shape[2:], mode="bilinear", align_corners=False)
        out: Tensor = self.convolve(torch.cat([coarse, self.gate(skip, coarse)], 1))
        return out


class Decoder(nn.Module):
    """Four stages up to half the input's resolution, and a head of one logit map."""

    def __init__(self) -> None:
        """Builds the stages for the encoder's maps."""
        super().__init__()
        inputs = (_ENCODER[-1], *_DECODER[:-1])
        self.stages = nn.ModuleList(
            DecoderStage(a, b, c)
            for a, b, c in zip(inputs, _ENCODER[-2::-1], _DECODER, strict=True)
        )
        self.head = nn.Conv2d(_DECODER[-1], 1, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """One logit map `(n, 1, h / 2, w / 2)`."""
        coarse = maps[-1]
        for stage, skip in zip(self.stages, maps[-2::-1], strict=True):
            coarse = stage(coarse, skip)
        out: Tensor = self.head(coarse)
        return out


class DualHeadUNet(nn.Module):
    """Two logit maps `(n, 2, side, side)`: the whole cell, then the nucleus."""

    def __init__(self) -> None:
        """Builds encoder and decoders with random weights."""
        super().__init__()
        self.trunk = mobilenet_v2().features[:18]
        self.cell = Decoder()
        self.nucleus = Decoder()

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(n, 2, side, side)` of normalised images `(n, 3, side, side)`."""
        maps, x = [], images
        for index, block in enumerate(self.trunk):
            x = block(x)
            if index in _TAPS:
                maps.append(x)
        logits = torch.cat([self.cell(maps), self.nucleus(maps)], 1)
        return F.interpolate(logits, size=images.shape[2:], mode="bilinear", align_corners=False)


def _unit(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def build() -> DualHeadUNet:
    """The network with random weights."""
    return DualHeadUNet()


register(
    ModelEntry(
        name="dual_head_unet",
        kind="segmenter",
        builder=build,
        input_size=128,
        source="DualHeadAttConvNeXtUNet, Cervical Cancer Detection System, with a compact encoder",
        backbone="mobilenet_v2",
    )
)
