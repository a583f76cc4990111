"""Cells made by a Flux pipeline of diffusers, steered by a picture of outlines or edges: our own
small Flux and the large one by the same path.

Torch and diffusers come with this module; whoever shows a page imports it when cells are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, FluxControlNetPipeline
from diffusers.pipelines.flux.pipeline_flux_controlnet import calculate_shift, retrieve_latents
from PIL import Image as Pictures

from cervix_models.cards import WEIGHTS, card_of_weights, load_card
from cervix_models.checkpoints import load_network
from cervix_models.contracts import RANGES, Card, Image, Wish
from cervix_models.errors import DataError, WeightsError
from cervix_models.flux import NAME as LARGE
from cervix_models.flux import open_flux
from cervix_models.generators.cellflux import CellFlux
from cervix_models.inference import Batch
from cervix_models.making import noise_of
from cervix_models.sessions import TORCH
from cervix_models.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor

PREVIEWS = 8  # of one making, at most
Watch = Callable[[int, list[Image]], None]  # the steps that are done, and the cells as they look


class Prompts(Protocol):
    """What a pipeline is told of a wish, by the names of its own parameters."""

    def __call__(self, wish: Wish, noise: Batch) -> dict[str, Any]:
        """Of `noise` `(n, numbers)` of the cells, the last number is free for the prompt."""
        ...


class SteeredMaker:
    """A pipeline that is ready; threads that share it wait for each other."""

    def __init__(
        self,
        pipeline: FluxControlNetPipeline,
        prompts: Prompts,
        classes: tuple[str, ...],
        side: int,
        *,
        outlines: bool = True,
    ) -> None:
        """`side` is that of its pictures, pixels; `outlines` says whether its ControlNet knows
        filled outlines, or edges alone."""
        pipeline.set_progress_bar_config(disable=True)
        self.pipeline, self.prompts, self.classes, self.side = pipeline, prompts, classes, side
        self.outlines = outlines

    def make(self, wish: Wish, watch: Watch | None = None) -> list[Image]:
        """The cells that are wished for; the same for the same wish. `watch` is shown them while
        they come out of the noise, and may raise, which ends the making.

        Raises DataError for a class, a number or a setting that is none.
        """
        self._check(wish)
        with TORCH, torch.inference_mode():  # one at a time: the scheduler remembers its step
            given = self._given(wish)
            looks = _Looks(self, given["latents"], wish.steps, watch) if watch else None
            made = self.pipeline(**given, callback_on_step_end=looks, output_type="np").images
        return [np.ascontiguousarray((each * 255).round().astype(np.uint8)) for each in made]

    def save(self, folder: Path) -> None:
        """Writes the pipeline as the library does, for whoever has diffusers."""
        self.pipeline.save_pretrained(folder, safe_serialization=True)

    @property
    def grid(self) -> int:
        """Latents a side."""
        return int(2 * (self.side // (self.pipeline.vae_scale_factor * 2)))

    @property
    def channels(self) -> int:
        """Of a latent."""
        return int(self.pipeline.transformer.config.in_channels // 4)

    def seen(self, tokens: Tensor) -> list[Image]:
        """Latents as the pipeline has them, as pictures."""
        pipeline, side, vae = self.pipeline, self.side, self.pipeline.vae
        latents = pipeline._unpack_latents(tokens, side, side, pipeline.vae_scale_factor)
        latents = latents / vae.config.scaling_factor + vae.config.shift_factor
        decoded = vae.decode(latents.to(vae.dtype), return_dict=False)[0]
        pictures = pipeline.image_processor.postprocess(decoded, output_type="np")
        return [(each * 255).round().astype(np.uint8) for each in pictures]

    def tokens_of(self, image: Image) -> Tensor:
        """A picture as the transformer has it, `(1, tokens, channels)`."""
        return self._packed(self._latents(image))

    def embedded(self, given: Mapping[str, Any]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What `prompts` said, as the transformer has it: words `(n, words, width)`, pooled
        `(n, width)`, and both of no prompt."""
        found = []
        for start in ("", "negative_"):
            words, pooled, _ = self.pipeline.encode_prompt(
                prompt=given.get(f"{start}prompt"),
                prompt_2=None,
                prompt_embeds=given.get(f"{start}prompt_embeds"),
                pooled_prompt_embeds=given.get(f"{start}pooled_prompt_embeds"),
            )
            found += [words, pooled]
        return found[0], found[1], found[2], found[3]

    def _check(self, wish: Wish) -> None:
        if wish.label not in self.classes:
            raise DataError(
                f"Cells of {wish.label!r} were asked for; those of {', '.join(self.classes)} can "
                "be made. Ask for one of these."
            )
        for name, (low, high) in RANGES.items():
            value = getattr(wish, name)
            if not low <= value <= high:
                raise DataError(f"{name} is {value:g}; {low:g} to {high:g} was expected.")

    def _given(self, wish: Wish) -> dict[str, Any]:
        """What the pipeline is called with."""
        numbers = self.channels * self.grid**2
        noise = noise_of(wish.seed, wish.count, numbers + 1)
        start = torch.from_numpy(noise[:, :-1]).view(-1, self.channels, self.grid, self.grid)
        sigmas = np.linspace(wish.change, wish.change / wish.steps, wish.steps)
        if wish.like is not None:
            share = self._first_share(sigmas)
            start = share * start + (1 - share) * self._latents(wish.like)
        blank = np.zeros((self.side, self.side, 3), np.uint8)
        control = blank if wish.control is None else wish.control
        return {
            "control_image": Pictures.fromarray(control),
            "controlnet_conditioning_scale": 0.0 if wish.control is None else wish.heed,
            "latents": self._packed(start),
            "sigmas": sigmas.tolist(),
            "num_inference_steps": wish.steps,
            "height": self.side,
            "width": self.side,
            **self.prompts(wish, noise),
        }

    def _packed(self, latents: Tensor) -> Tensor:
        tokens: Tensor = self.pipeline._pack_latents(
            latents, len(latents), self.channels, self.grid, self.grid
        )
        return tokens

    def _first_share(self, sigmas: np.ndarray) -> float:
        """How much of the first latents is noise, once the scheduler has shifted its steps."""
        known = self.pipeline.scheduler.config
        keys = ("base_image_seq_len", "max_image_seq_len", "base_shift", "max_shift")
        mu = calculate_shift((self.grid // 2) ** 2, *(known[key] for key in keys))
        self.pipeline.scheduler.set_timesteps(sigmas=sigmas, mu=mu)
        return float(self.pipeline.scheduler.sigmas[0])

    def _latents(self, image: Image) -> Tensor:
        """What the autoencoder says of a picture, scaled as the transformer knows it."""
        vae = self.pipeline.vae
        shown = self.pipeline.image_processor.preprocess(
            Pictures.fromarray(image), height=self.side, width=self.side
        )
        shown = shown.to(self.pipeline._execution_device, vae.dtype)
        found = retrieve_latents(vae.encode(shown), sample_mode="argmax")
        latents: Tensor = (found - vae.config.shift_factor) * vae.config.scaling_factor
        return latents.float().cpu()


class _Looks:
    """Shows what the cells will be while they come out of the noise: after each step, the end of
    the straight line that it went along."""

    def __init__(self, maker: SteeredMaker, first: Tensor, steps: int, watch: Watch) -> None:
        self.maker, self.watch = maker, watch
        self.before, self.steps = first, steps
        self.every = -(-steps // PREVIEWS)

    def __call__(
        self, pipeline: FluxControlNetPipeline, step: int, _time: Any, given: dict[str, Any]
    ) -> dict[str, Any]:
        now: Tensor = given["latents"]
        sigmas = pipeline.scheduler.sigmas
        done = step + 1
        if done % self.every == 0 and done < self.steps:
            before = self.before.to(now.device, now.dtype)
            velocity = (before - now) / (sigmas[step] - sigmas[done]).to(now)
            self.watch(done, self.maker.seen(now - sigmas[done].to(now) * velocity))
        self.before = now
        return given


def steered(network: CellFlux, classes: tuple[str, ...]) -> SteeredMaker:
    """A network of ours as the library's own pipeline."""
    network = network.eval()
    network.vae.register_to_config(
        scaling_factor=1 / network.place[1].item(), shift_factor=network.place[0].item()
    )
    pipeline = FluxControlNetPipeline(
        FlowMatchEulerDiscreteScheduler(), network.vae, None, None, None, None,
        network.transformer, network.controlnet,
    )  # fmt: skip
    return SteeredMaker(pipeline, _ByTable(network, classes), classes, network.side)


@dataclass(frozen=True)
class _ByTable:
    """Class and size stand in for a prompt."""

    network: CellFlux
    classes: tuple[str, ...]

    def __call__(self, wish: Wish, noise: Batch) -> dict[str, Any]:
        network, count = self.network, len(noise)
        at = self.classes.index(wish.label)
        parts = torch.eye(len(self.classes))[[at] * count]
        usual, spread = network.sizes[at]
        sizes = usual + spread * torch.from_numpy(noise[:, -1])
        if wish.size is not None:
            sizes = torch.full((count,), wish.size)
        tokens, pooled = network.prompt(parts, sizes)
        none, pooled_none = network.prompt(torch.zeros_like(parts), None)
        return {
            "prompt_embeds": tokens,
            "pooled_prompt_embeds": pooled,
            "negative_prompt_embeds": none,
            "negative_pooled_prompt_embeds": pooled_none,
            "true_cfg_scale": wish.guidance,
        }


@dataclass(frozen=True)
class _ByBase:
    """The prompts of a base, told of the class that an addition stands in for."""

    base: Prompts
    like: str
    sizes: tuple[float, float]  # mean and deviation of the logarithms of its cells' sizes

    def __call__(self, wish: Wish, noise: Batch) -> dict[str, Any]:
        usual, spread = self.sizes
        sizes = wish.size or float(usual + spread * noise[0, -1])
        return self.base(replace(wish, label=self.like, size=sizes), noise)


def open_steered(name: str, settings: Settings) -> tuple[SteeredMaker, Card]:
    """The generator, or what is added to one, of `weights/<name>/` as a pipeline, and its card.
    Raises WeightsError."""
    if load_card(name, settings.shelf(name)).kind == "adapter":
        return _added(name, settings)
    network, card = load_network(name, settings.shelf(name))
    if not isinstance(network, CellFlux):
        raise WeightsError(
            f"{name} makes cells, but nothing steers it; a generator with a ControlNet was "
            "expected, as cellflux has."
        )
    return steered(network, card.classes), card


def opened(name: str, settings: Settings) -> SteeredMaker:
    """The large Flux, or a generator of ours, as a pipeline. Raises WeightsError, CapacityError."""
    return open_flux(settings) if name == LARGE else open_steered(name, settings)[0]


def _added(name: str, settings: Settings) -> tuple[SteeredMaker, Card]:
    """A base with what was added to its transformer."""
    card = card_of_weights(name, settings.shelf(name))
    base, wanted = str(card.input["base"]), str(card.input["base_sha256"])
    if base != LARGE and load_card(base, settings.shelf(base)).weights_sha256 != wanted:
        raise WeightsError(
            f"{name} was added to {base} with the weights {wanted[:12]}, which are not those that "
            f"are here. Train it again: python -m cervix_models train {name}"
        )
    maker = opened(base, settings)
    maker.pipeline.load_lora_weights(settings.shelf(name) / name, weight_name=WEIGHTS)
    maker.pipeline.fuse_lora()
    maker.pipeline.unload_lora_weights()
    usual, spread = card.input["sizes"]
    prompts = _ByBase(maker.prompts, str(card.input["like"]), (float(usual), float(spread)))
    return (
        SteeredMaker(maker.pipeline, prompts, card.classes, maker.side, outlines=maker.outlines),
        card,
    )
