"""`cellflux`: a small Flux (Black Forest Labs, 2024) of cells, steered by class, size, outlines.

The first document tried FLUX.1 with a canny ControlNet of X-Labs: good resolution, but cartoonish,
as it had never seen cells, and too large to be fine-tuned. This is the same architecture, in the
library's own parts, at a size that learns from cells on a processor: an autoencoder whose latents
are a sixteenth of the picture, a transformer of double and single blocks that moves noise to them
along straight lines (Liu et al.: Flow Straight and Fast, ICLR 2023), and an X-Labs ControlNet that
reads outlines off a picture. Class and size of the cell stand in for the prompt.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from cervix_models.contracts import GUIDANCE, HEED, STEPS
from cervix_models.generators.base import VariationalGenerator
from cervix_models.registry import ModelEntry, register

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, FluxControlNetModel, FluxTransformer2DModel

SIDE = 64
CHANNELS, PATCH, SHRUNK = 4, 2, 4  # of a latent; latents a token's side; pixels a latent's side
GRID = SIDE // SHRUNK // PATCH  # tokens a side
TOKENS = 4  # of the prompt
HEADS, HEAD = 6, 32
BLOCKS, SINGLE = 2, 6  # of the transformer; the ControlNet has one and one
ENOUGH = 2000  # cells that say how far apart latents lie
PROMPT = 64  # numbers a token of the prompt
SHAPE = {
    "in_channels": CHANNELS * PATCH**2,
    "num_attention_heads": HEADS,
    "attention_head_dim": HEAD,
    "joint_attention_dim": PROMPT,
    "pooled_projection_dim": PROMPT,
    "axes_dims_rope": (4, 14, 14),
}
Prompt = tuple[Tensor, Tensor]  # tokens (n, TOKENS, PROMPT), and pooled (n, PROMPT)
Answers = tuple[list[Tensor], list[Tensor]] | None  # of a ControlNet, to double and single blocks


class CellFlux(VariationalGenerator):
    """Autoencoder, transformer, ControlNet, and the table of prompts."""

    latent, side = CHANNELS * (SIDE // SHRUNK) ** 2 + 1, SIDE  # and one for the size of the cell
    learned_by = ()  # its encoder is a part of the pipeline
    place: Tensor  # (2,), mean and deviation of the latents
    sizes: Tensor  # (classes, 2), mean and deviation of the cells' size, a logarithm

    def __init__(self, classes: int) -> None:
        """With random weights; the ControlNet's answers are zero."""
        super().__init__()
        from diffusers import AutoencoderKL, FluxControlNetModel, FluxTransformer2DModel

        widths = (32, 64, 96)
        self.vae: AutoencoderKL = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * len(widths),
            up_block_types=("UpDecoderBlock2D",) * len(widths),
            block_out_channels=widths,
            layers_per_block=1,
            latent_channels=CHANNELS,
            norm_num_groups=8,
            sample_size=SIDE,
            use_quant_conv=False,
            use_post_quant_conv=False,
            mid_block_add_attention=False,
        )
        self.transformer: FluxTransformer2DModel = FluxTransformer2DModel(
            num_layers=BLOCKS, num_single_layers=SINGLE, **SHAPE
        )
        self.controlnet: FluxControlNetModel = FluxControlNetModel(
            num_layers=1,
            num_single_layers=1,
            conditioning_embedding_channels=CHANNELS * PATCH**2,
            **SHAPE,
        )
        self.table = nn.Linear(classes, (TOKENS + 1) * PROMPT, bias=False)
        self.nothing = nn.Parameter(torch.zeros((TOKENS + 1) * PROMPT))
        self.by_size = nn.Sequential(nn.Linear(1, PROMPT), nn.SiLU(), nn.Linear(PROMPT, PROMPT))
        nn.init.normal_(self.table.weight)
        self.register_buffer("place", torch.tensor([0.0, 1.0]))
        self.register_buffer("sizes", torch.tensor([0.0, 1.0]).repeat(classes, 1))

    def encode(self, images: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """See VariationalGenerator; the last number, of the size, is not told."""
        del classes
        said = self.vae.encode(images * 2 - 1).latent_dist
        none = torch.zeros_like(said.mean[:, :1, 0, 0])
        mean, spread = (torch.cat([each.flatten(1), none], 1) for each in (said.mean, said.logvar))
        return mean, spread

    def decode(self, latents: Tensor, classes: Tensor) -> Tensor:
        """See VariationalGenerator; neither class nor size is heeded."""
        del classes
        out: Tensor = self.vae.decode(maps_of(latents[:, :-1]), return_dict=False)[0]
        return (out.clamp(-1, 1) + 1) / 2 if not self.training else (out + 1) / 2

    def forward(self, noise: Tensor, classes: Tensor) -> Tensor:
        """See CellGenerator: cells of no given outlines."""
        return self.decode(self.made(noise, classes), classes)

    def made(
        self,
        noise: Tensor,
        classes: Tensor,
        control: Tensor | None = None,
        sizes: Tensor | None = None,
    ) -> Tensor:
        """Latents as `decode` takes them, of noise and parts of classes, by STEPS steps of Euler's
        method; `control` `(n, 3, side, side)` in 0..1 is heeded as HEED says. The logarithms of the
        cells' `sizes` `(n,)` go by the noise where they are not given."""
        if sizes is None:
            usual, spread = (classes @ self.sizes).unbind(1)
            sizes = usual + spread * noise[:, -1]
        prompt = self.prompt(classes, sizes)
        without = self.prompt(torch.zeros_like(classes), None)
        tokens = packed(maps_of(noise[:, :-1]))
        times = torch.linspace(1, 0, STEPS + 1, device=noise.device)
        for now, then in pairwise(times):
            at = now.expand(len(tokens))
            steered = self.steered(tokens, at, prompt, control, HEED)
            towards = self.velocity(tokens, at, prompt, steered)
            away = self.velocity(tokens, at, without, steered)  # as the library's pipeline does
            tokens = tokens + (then - now) * (away + GUIDANCE * (towards - away))
        latents = unpacked(tokens).flatten(1) * self.place[1] + self.place[0]
        return torch.cat([latents, noise[:, -1:]], 1)

    def prompt(self, classes: Tensor, sizes: Tensor | None) -> Prompt:
        """What stands in for a prompt: of parts of classes, and of the logarithms of sizes
        `(n,)`; of a row of zeros, what says nothing of either."""
        said = self.table(classes) + (1 - classes.sum(1, keepdim=True)) * self.nothing
        tokens, pooled = said.view(-1, TOKENS + 1, PROMPT).split([TOKENS, 1], 1)
        pooled = pooled[:, 0]
        if sizes is not None:
            known = classes.sum(1, keepdim=True)
            pooled = pooled + known * self.by_size(sizes[:, None])
        return tokens, pooled

    def velocity(
        self, tokens: Tensor, times: Tensor, prompt: Prompt, steered: Answers = None
    ) -> Tensor:
        """Where noisy latents `(n, tokens, channels)` at times `(n,)` in 0..1 came from: noise less
        latents; `steered` as the ControlNet says."""
        blocks, single = steered or (None, None)
        said = self.transformer(
            **_given(tokens, times, prompt),
            controlnet_block_samples=blocks,
            controlnet_single_block_samples=single,
            controlnet_blocks_repeat=True,  # as the pipeline does for an X-Labs ControlNet
        )
        return cast(Tensor, said[0])

    def steered(
        self,
        tokens: Tensor,
        times: Tensor,
        prompt: Prompt,
        control: Tensor | None,
        strength: float | Tensor = 1.0,
    ) -> Answers:
        """What the ControlNet says to the transformer's blocks; `control` are pictures
        `(n, 3, side, side)` in 0..1 of outlines, heeded with `strength`, one or `(n, 1, 1)`."""
        if control is None:
            return None
        return cast(
            Answers,
            self.controlnet(
                **_given(tokens, times, prompt),
                controlnet_cond=control * 2 - 1,
                conditioning_scale=strength,
            ),
        )

    @torch.no_grad()
    def settle(self, images: Tensor, labels: Tensor, sizes: Tensor) -> None:
        """See VariationalGenerator: how far apart latents lie, and cells of each class in size."""
        some = images[:: -(-len(images) // ENOUGH)]
        parts = torch.zeros(len(some), self.table.in_features)
        said = [self.encode(*pair)[0] for pair in zip(some.split(64), parts.split(64), strict=True)]
        latents = torch.cat(said)[:, :-1]
        self.place.copy_(torch.stack([latents.mean(), latents.std()]))
        self.vae.register_to_config(
            scaling_factor=1 / self.place[1].item(), shift_factor=self.place[0].item()
        )
        for label in labels.unique().tolist():
            here = sizes[labels == label]
            self.sizes[label] = torch.stack([here.mean(), here.std(correction=0)])


def _given(tokens: Tensor, times: Tensor, prompt: Prompt) -> dict[str, Any]:
    return {
        "hidden_states": tokens,
        "timestep": times,
        "encoder_hidden_states": prompt[0],
        "pooled_projections": prompt[1],
        "txt_ids": torch.zeros(TOKENS, 3, device=tokens.device),
        "img_ids": places(tokens.device),
        "return_dict": False,
    }


def maps_of(numbers: Tensor) -> Tensor:
    """Latents `(n, channels * h * w)` of square cells as maps `(n, channels, h, w)`."""
    return numbers.view(-1, CHANNELS, SIDE // SHRUNK, SIDE // SHRUNK)


def packed(latents: Tensor) -> Tensor:
    """Latents `(n, channels, h, w)` as tokens of two by two, as Flux takes them."""
    return nn.functional.pixel_unshuffle(latents, PATCH).flatten(2).transpose(1, 2)


def unpacked(tokens: Tensor) -> Tensor:
    """What `packed` was given, of a square."""
    maps = tokens.transpose(1, 2).unflatten(2, (GRID, GRID))
    return nn.functional.pixel_shuffle(maps, PATCH)


def places(device: torch.device) -> Tensor:
    """Row and column of each token, as Flux takes them, `(tokens, 3)`."""
    at = torch.arange(GRID, device=device).float()
    rows, columns = torch.meshgrid(at, at, indexing="ij")
    return torch.stack([torch.zeros_like(rows), rows, columns], 2).view(-1, 3)


register(
    ModelEntry(
        "cellflux",
        "generator",
        CellFlux,
        SIDE,
        "Black Forest Labs: FLUX.1 (2024); Liu et al.: Flow Straight and Fast (ICLR 2023); "
        "Zhang et al.: Adding Conditional Control to Text-to-Image Diffusion Models (ICCV 2023)",
    )
)
