"""`segresnet` and `unetr`: the segmenters of the fifth document, from MONAI, in two dimensions.

SegResNet (Myronenko, BrainLes 2018) is a residual encoder and decoder with group normalisation;
UNETR (Hatamizadeh et al., WACV 2022) has a vision transformer as encoder. The document trains both
on volumes of the brain; here they outline cell and nucleus. UNETR has a quarter of its usual width,
as the transformer of the paper alone has 86 million parameters.

MONAI is imported when a network is built: it takes seconds.
"""

from __future__ import annotations

from torch import nn

from cervix_models.registry import ModelEntry, register

SIDE = 128
_DOCUMENT = "MONAI; segmenter of the fifth document"


def build_segresnet() -> nn.Module:
    """Logits of cell and nucleus `(n, 2, side, side)`, with random weights."""
    from monai.networks.nets import SegResNet

    net: nn.Module = SegResNet(
        spatial_dims=2, init_filters=16, in_channels=3, out_channels=2,
        blocks_down=(1, 2, 2, 4), blocks_up=(1, 1, 1), dropout_prob=0.2,
    )  # fmt: skip
    return net


def build_unetr() -> nn.Module:
    """Logits of cell and nucleus `(n, 2, 128, 128)`, with random weights."""
    from monai.networks.nets import UNETR

    net: nn.Module = UNETR(
        in_channels=3, out_channels=2, img_size=SIDE, spatial_dims=2, feature_size=16,
        hidden_size=192, mlp_dim=768, num_heads=6,
    )  # fmt: skip
    for block in net.get_submodule("vit.blocks").children():
        block.norm_cross_attn = nn.Identity()  # MONAI's blocks have it, and UNETR no use for it
    return net


register(
    ModelEntry(
        name="segresnet",
        kind="segmenter",
        builder=build_segresnet,
        input_size=SIDE,
        source=f"Myronenko, 3D MRI brain tumor segmentation, BrainLes 2018; {_DOCUMENT}",
    )
)
register(
    ModelEntry(
        name="unetr",
        kind="segmenter",
        builder=build_unetr,
        input_size=SIDE,
        source=f"Hatamizadeh et al., UNETR, WACV 2022; {_DOCUMENT}",
    )
)
