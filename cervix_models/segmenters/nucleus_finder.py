"""`nucleus_finder`: where the nuclei of a whole field are.

A map whose peaks are the centres of nuclei, as keypoints are found by CenterNet (Zhou, Wang,
Kraehenbuehl: Objects as Points, 2019), drawn by the encoder and one decoder of the compact
`dual_head_unet`. It tells nuclei of cells from leukocytes and dirt by what was annotated.
"""

from __future__ import annotations

from torch import Tensor, nn
from torchvision.models import mobilenet_v2

from cervix_models.registry import ModelEntry, register
from cervix_models.segmenters.dual_head_unet import COMPACT, Decoder, Widths, tapped

STRIDE = 2  # pixels of the image a place of the map


class NucleusFinder(nn.Module):
    """One logit map `(n, 1, h / 2, w / 2)` of images `(n, 3, h, w)`, h and w multiples of 32."""

    def __init__(self, trunk: nn.Sequential, widths: Widths) -> None:
        """Joins an encoder and a decoder with random weights."""
        super().__init__()
        self.trunk, self.taps = trunk, widths.taps
        self.nucleus = Decoder(widths)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of normalised images."""
        out: Tensor = self.nucleus(tapped(self.trunk, self.taps, images))
        return out


def build() -> NucleusFinder:
    """The network with random weights."""
    return NucleusFinder(mobilenet_v2().features[:18], COMPACT)


register(
    ModelEntry(
        name="nucleus_finder",
        kind="finder",
        builder=build,
        input_size=256,
        source="Zhou, Wang, Kraehenbuehl: Objects as Points (2019), with a compact encoder",
        backbone="mobilenet_v2",
    )
)
