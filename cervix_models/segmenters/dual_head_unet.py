"""`dual_head_unet` and `dual_head_unet_convnext`: one encoder, two attention U-Net decoders.

After DualHeadAttConvNeXtUNet: attention gates on the skips (Oktay et al. 2018), CBAM after each
decoder stage (Woo et al., ECCV 2018), Dice + binary cross-entropy; a decoder for the cell and one
for its nucleus. `dual_head_unet_convnext` has the encoder and the widths of the document. The
compact default has MobileNetV2 as encoder, and one decoder stage more, so that outlines are drawn
at half the input's resolution rather than a quarter.

The first head outlines the whole cell, as SIPaKMeD's cytoplasm outlines do; the cytoplasm is the
cell without its nucleus.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from timm.layers.cbam import CbamModule
from torch import Tensor, nn
from torchvision.models import convnext_tiny, mobilenet_v2

from cervix_models.registry import ModelEntry, register


@dataclass(frozen=True)
class Widths:
    """Which blocks of an encoder are read, how many channels they have, and those of a decoder."""

    taps: tuple[int, ...]  # blocks, finest first
    encoder: tuple[int, ...]
    decoder: tuple[int, ...]  # coarsest first; one stage a skip


COMPACT = Widths((1, 3, 6, 13, 17), (16, 24, 32, 96, 320), (64, 32, 24, 16))  # of MobileNetV2
DOCUMENT = Widths((1, 3, 5, 7), (96, 192, 384, 768), (256, 128, 64))  # of ConvNeXt-Tiny


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
    """Stages up to the resolution of the finest map, and a head of one logit map."""

    def __init__(self, widths: Widths) -> None:
        """Builds the stages for the encoder's maps."""
        super().__init__()
        inputs = (widths.encoder[-1], *widths.decoder[:-1])
        self.stages = nn.ModuleList(
            DecoderStage(a, b, c)
            for a, b, c in zip(inputs, widths.encoder[-2::-1], widths.decoder, strict=True)
        )
        self.head = nn.Conv2d(widths.decoder[-1], 1, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """One logit map `(n, 1, h, w)` of the finest map's size."""
        coarse = maps[-1]
        for stage, skip in zip(self.stages, maps[-2::-1], strict=True):
            coarse = stage(coarse, skip)
        out: Tensor = self.head(coarse)
        return out


def tapped(trunk: nn.Sequential, taps: tuple[int, ...], images: Tensor) -> list[Tensor]:
    """The maps after those blocks of a trunk that are tapped, finest first."""
    maps, x = [], images
    for index, block in enumerate(trunk):
        x = block(x)
        if index in taps:
            maps.append(x)
    return maps


class DualHeadUNet(nn.Module):
    """Two logit maps `(n, 2, side, side)`: the whole cell, then the nucleus."""

    def __init__(self, trunk: nn.Sequential, widths: Widths) -> None:
        """Joins an encoder and two decoders with random weights."""
        super().__init__()
        self.trunk = trunk
        self.taps = widths.taps
        self.cell = Decoder(widths)
        self.nucleus = Decoder(widths)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(n, 2, side, side)` of normalised images `(n, 3, side, side)`."""
        maps = tapped(self.trunk, self.taps, images)
        logits = torch.cat([self.cell(maps), self.nucleus(maps)], 1)
        return F.interpolate(logits, size=images.shape[2:], mode="bilinear", align_corners=False)


def _unit(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def build() -> DualHeadUNet:
    """The compact network with random weights."""
    return DualHeadUNet(mobilenet_v2().features[:18], COMPACT)


def build_convnext() -> DualHeadUNet:
    """The network of the document with random weights."""
    return DualHeadUNet(convnext_tiny().features, DOCUMENT)


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
register(
    ModelEntry(
        name="dual_head_unet_convnext",
        kind="segmenter",
        builder=build_convnext,
        input_size=128,
        source="DualHeadAttConvNeXtUNet, Cervical Cancer Detection System; Liu et al., "
        "A ConvNet for the 2020s, CVPR 2022",
        backbone="convnext_tiny",
    )
)
