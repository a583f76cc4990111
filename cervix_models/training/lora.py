"""How a Flux learns one more kind of cell from a few of them, by a small addition to the layers of
its transformer, which stays as it is (Hu et al.: LoRA, ICLR 2022).

Our own small Flux and the large one go the same way: latents and prompts are worked out once, only
the transformer is needed after that, and whether it fits is told before it starts.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import psutil
import torch
import torch.nn.functional as F
from lightning.pytorch.callbacks import Timer
from numpy.typing import NDArray
from peft import LoraConfig, get_peft_model_state_dict
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from cervix_models.cards import WEIGHTS, file_hash, load_card
from cervix_models.checkpoints import save_card
from cervix_models.contracts import Card, Image, Wish
from cervix_models.data.packed import PackedSet
from cervix_models.data.splits import check_disjoint, held_out_hash
from cervix_models.errors import CapacityError, DataError, RecipeError
from cervix_models.evaluation.generation import likeness, memorised
from cervix_models.flux import NAME as LARGE
from cervix_models.generators.controls import sizes_of
from cervix_models.nearness import Learned
from cervix_models.recipes import Lora, Recipe
from cervix_models.settings import Settings
from cervix_models.steering import SteeredMaker, opened
from cervix_models.training.batches import cells_at
from cervix_models.training.card_words import limits, use_words
from cervix_models.training.finish import training_curves
from cervix_models.training.fit import claim, machine, trainer_of
from cervix_models.training.judging import Judges, as_pictures, as_tensor
from cervix_models.training.protocol import Plan
from cervix_models.training.turning import all_ways
from cervix_models.training.watching import resume_from

log = logging.getLogger(__name__)

LAYERS = (  # of the transformer that are added to
    "attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0", "attn.add_q_proj", "attn.add_k_proj",
    "attn.add_v_proj", "attn.to_add_out", "ff.net.0.proj", "ff.net.2", "proj_mlp", "proj_out",
)  # fmt: skip
RUN = "lora"
Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Told(Dataset[Batch]):
    """Cells as the transformer is given them: latents as tokens `(n, tokens, channels)`, the prompt
    of each `(n, words, width)` and `(n, width)`, and what stands for no prompt."""

    tokens: Tensor
    words: Tensor
    pooled: Tensor
    unsaid: tuple[Tensor, Tensor]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.tokens)

    def __getitem__(self, at: int) -> Batch:
        """One of them."""
        return {"tokens": self.tokens[at], "words": self.words[at], "pooled": self.pooled[at]}


class LoraTraining(L.LightningModule):
    """One training of what is added to a transformer."""

    def __init__(self, maker: SteeredMaker, told: Told, recipe: Recipe, lora: Lora) -> None:
        """Learns what `told` holds; the rest of the pipeline is not needed."""
        super().__init__()
        self.strict_loading = False  # its checkpoints hold what was added alone
        self.network: nn.Module = maker.pipeline.transformer
        self.recipe, self.lora, self.unsaid = recipe, lora, told.unsaid
        side = maker.grid // 2
        self.places = maker.pipeline._prepare_latent_image_ids(
            1, side, side, torch.device("cpu"), torch.float32
        )
        self.draw = torch.Generator().manual_seed(recipe.seed)

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """How far the transformer is from where noisy latents came from."""
        tokens, count = batch["tokens"], len(batch["tokens"])
        noise = torch.randn(tokens.shape, generator=self.draw).to(tokens)
        times = torch.randn(count, generator=self.draw).sigmoid().to(tokens)
        unsaid = torch.rand(count, generator=self.draw).to(tokens) < self.lora.unclassed
        words, pooled = (
            torch.where(unsaid.view(-1, *(1,) * (said.ndim - 1)), none.to(said), said)
            for said, none in zip((batch["words"], batch["pooled"]), self.unsaid, strict=True)
        )
        at = times[:, None, None]
        guided = bool(self.network.config.guidance_embeds)  # type: ignore[union-attr]
        found = self.network(
            hidden_states=(1 - at) * tokens + at * noise,
            timestep=times,
            guidance=torch.ones_like(times) if guided else None,
            encoder_hidden_states=words,
            pooled_projections=pooled,
            txt_ids=torch.zeros(words.shape[1], 3, device=tokens.device),
            img_ids=self.places.to(tokens.device),
            return_dict=False,
        )[0]
        loss = F.mse_loss(found.float(), (noise - tokens).float())
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False)
        return loss

    def configure_optimizers(self) -> Any:
        """AdamW on what was added; of eight bits where bitsandbytes and a GPU are at hand."""
        learned = [each for each in self.network.parameters() if each.requires_grad]
        settings = self.recipe.optimiser
        kind: Any = torch.optim.AdamW
        if torch.cuda.is_available() and find_spec("bitsandbytes"):
            kind = import_module("bitsandbytes").optim.AdamW8bit
        return kind(learned, lr=settings.learning_rate, weight_decay=settings.weight_decay)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keeps what was added, without the transformer that is as it was."""
        checkpoint["state_dict"] = {
            key: value for key, value in checkpoint["state_dict"].items() if "lora_" in key
        }


def finish_lora(plan: Plan, settings: Settings, judges: Judges) -> Path:
    """The folder of what was added to a Flux and of its card, after its training and its measures:
    how near its cells come to those it never saw, beside those of the base.

    Raises RecipeError for a recipe that says not what is learned, DataError where there are too few
    cells, CapacityError where it does not fit.
    """
    recipe = plan.recipe
    lora = recipe.lora
    if lora is None or len(recipe.classes) != 1:
        raise RecipeError(
            f"{recipe.name} was expected to have a table [lora] and one class in `classes`, the "
            "kind of cell that is learned. Add them."
        )
    rows, held_out = parted(plan.packed, recipe, lora)
    maker = opened(lora.base, settings)
    before = _drawn(maker, lora.like, len(held_out), recipe.seed)
    run, folder = plan.shared / RUN, plan.weights / recipe.name
    claim(run, recipe, plan.epochs)
    sizes = _learn(maker, plan, lora, rows, run)
    folder.mkdir(parents=True, exist_ok=True)
    _halve(maker.pipeline.transformer)
    added = get_peft_model_state_dict(maker.pipeline.transformer)
    maker.pipeline.save_lora_weights(
        folder,
        transformer_lora_layers={key: value.half() for key, value in added.items()},
        weight_name=WEIGHTS,
        safe_serialization=True,
    )
    after = _drawn(maker, lora.like, len(held_out), recipe.seed, sizes)
    gain = _gain(plan, folder, (rows, held_out), (before, after), judges)
    card = _card(plan, maker, rows, {**gain, "curves": training_curves([run])})
    base_sha256 = _hash_of(lora.base, settings)
    card = replace(
        card,
        input={
            "size": maker.side, "base": lora.base, "base_sha256": base_sha256, "like": lora.like,
            "sizes": sizes,
        },
        data={
            **card.data,
            "held_out_sha256": [held_out_hash(plan.packed.sha256[at] for at in held_out)],
            "first_weights": f"{lora.base} {base_sha256[:12]}".strip(),
            "training": json.loads((run / "done.json").read_text(encoding="utf-8")),
        },
    )  # fmt: skip
    save_card(card, folder)
    log.info("%s", card.summary)
    return folder


def _card(
    plan: Plan, maker: SteeredMaker, rows: NDArray[np.int64], metrics: dict[str, Any]
) -> Card:
    """The card of what was added, without what only its training knows."""
    recipe, packed = plan.recipe, plan.packed
    weights = plan.weights / recipe.name / WEIGHTS
    counts = {"cells": len(rows), "clusters": len({packed.clusters[at] for at in rows})}
    return Card(
        name=recipe.name,
        version=recipe.version,
        kind="adapter",
        classes=recipe.classes,
        input={},
        data={
            "sources": list(recipe.images),
            **counts,
            "images_sha256": held_out_hash(packed.sha256[at] for at in rows),
            "parameters": _added(maker.pipeline.transformer),
            "megabytes": round(weights.stat().st_size / 1e6, 2),
        },
        metrics=metrics,
        calibration={},
        recipe=recipe.as_dict(),
        licence="Apache-2.0",
        weights_sha256=file_hash(weights),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        intended_use=use_words(recipe, "generator"),
        limits=limits(recipe, "generator", {}, counts),
    )


def parted(
    packed: PackedSet, recipe: Recipe, lora: Lora
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of the cells of the recipe's class that are learned from, and of those that are
    not: whole clusters. Raises DataError where there are too few."""
    (kind,) = recipe.classes
    sources = np.isin(packed.source, recipe.images)
    rows = np.flatnonzero(sources & (np.array(packed.classes) == kind))
    clusters = np.array(packed.clusters)
    order = np.random.default_rng(recipe.seed).permutation(np.unique(clusters[rows]))
    learned = np.zeros(0, np.int64)
    for cluster in order:
        more = rows[clusters[rows] == cluster]
        if len(learned) + len(more) <= lora.cells:
            learned = np.concatenate([learned, more])
    held_out = np.setdiff1d(rows, learned)
    if len(learned) < 2 or len(held_out) < 2:
        raise DataError(
            f"The packed file has {len(rows)} cells of {kind!r} from {', '.join(recipe.images)}: "
            f"{len(learned)} to learn from and {len(held_out)} to measure by; 2 of each were "
            "expected at least. Import that data set and pack it again."
        )
    check_disjoint(packed.cells, learned, held_out)
    return learned, held_out


def memory_needed(transformer: nn.Module, added: int, tokens: int, batch: int, lora: Lora) -> float:
    """Gigabytes that a training takes: the weights, what is added with its gradients and averages,
    and what is kept of each block for the way back (Korthikanti et al., MLSys 2023)."""
    config: Any = transformer.config
    weights = sum(each.numel() * each.element_size() for each in transformer.parameters())
    width = config.num_attention_heads * config.attention_head_dim
    blocks = config.num_layers + config.num_single_layers
    block = tokens * batch * (34 * width + 5 * config.num_attention_heads * tokens)
    kept = blocks * 2 * tokens * batch * width + block if lora.checkpointed else blocks * block
    return float(weights + 16 * added + kept) / 1e9


def _learn(
    maker: SteeredMaker, plan: Plan, lora: Lora, rows: NDArray[np.int64], run: Path
) -> tuple[float, float]:
    """Trains what is added to the maker's transformer; mean and deviation of the logarithms of the
    cells' sizes."""
    recipe, transformer = plan.recipe, maker.pipeline.transformer
    cells = cells_at(plan.packed, maker.side)
    at = torch.as_tensor(rows)
    sizes = sizes_of(cells.margins[at])
    told = _told(maker, cells.images[at], sizes, lora.like)
    transformer.requires_grad_(False)
    L.seed_everything(recipe.seed, verbose=False)
    transformer.add_adapter(
        LoraConfig(r=lora.rank, lora_alpha=lora.rank, target_modules=list(LAYERS))
    )
    added, batch = _added(transformer), recipe.optimiser.batch_size
    _check_fits(memory_needed(transformer, added, told.tokens.shape[1], batch, lora), recipe.name)
    if lora.checkpointed:
        transformer.enable_gradient_checkpointing()
    epochs = min(plan.epochs or recipe.optimiser.epochs, recipe.optimiser.epochs)
    generator = torch.Generator().manual_seed(recipe.seed)
    loader = DataLoader(
        told, batch, shuffle=True, drop_last=len(told) >= batch, generator=generator
    )
    module, timer = LoraTraining(maker, told, recipe, lora), Timer()
    trainer = trainer_of(recipe, run, epochs, [timer])
    trainer.fit(module.train(), loader, ckpt_path=resume_from(run), weights_only=False)
    transformer.cpu().eval()
    done = {
        "epochs": trainer.current_epoch,
        "seconds_a_fold": round(timer.time_elapsed(), 3),
        "on": machine(),
    }
    (run / "done.json").write_text(json.dumps(done), encoding="utf-8")
    return float(sizes.mean()), float(sizes.std(correction=0))


def _check_fits(needed: float, name: str) -> None:
    free = psutil.virtual_memory().available / 1e9
    where = "memory of this machine"
    if torch.cuda.is_available():
        free, where = torch.cuda.mem_get_info()[0] / 1e9, "memory of the GPU"
    log.info("%s takes about %.2f GB; %.1f of the %s are free", name, needed, free, where)
    if needed > free:
        raise CapacityError(
            f"{name} takes about {needed:.1f} GB, and {free:.1f} of the {where} are free. Choose a "
            "smaller batch_size, set checkpointed = true in [lora], or take a larger machine."
        )


@torch.no_grad()
def _told(maker: SteeredMaker, images: Tensor, sizes: Tensor, like: str) -> Told:
    """Latents of cells in all orientations, and the prompts of each."""

    @lru_cache
    def prompt(size: float | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        given = maker.prompts(Wish(like, 1, 0, size=size), np.zeros((1, 1), np.float32))
        return maker.embedded(given)

    tokens = torch.cat(
        [maker.tokens_of(each) for ways in images.split(1)
         for each in as_pictures((all_ways(ways.float() / 255) * 255).round().byte())]
    )  # fmt: skip
    said = [prompt(float(size) if maker.outlines else None) for size in sizes]
    words, pooled, *_ = (
        torch.cat(each).repeat_interleave(8, 0) for each in zip(*said, strict=True)
    )
    return Told(
        tokens.clone(), words.clone(), pooled.clone(), (said[0][2].clone(), said[0][3].clone())
    )


def _drawn(
    maker: SteeredMaker, label: str, count: int, seed: int,
    sizes: tuple[float, float] | None = None,
) -> list[Image]:  # fmt: skip
    """So many cells, as the maker makes them now; of these sizes, where they are given."""
    random = np.random.default_rng(seed)
    made = []
    for at in range(0, count, 8):
        few = min(8, count - at)
        size = None if sizes is None else float(random.normal(*sizes))
        made += maker.make(Wish(label, few, seed + at, size=size))
    return made


def _gain(
    plan: Plan,
    folder: Path,
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    made: tuple[list[Image], list[Image]],
    judges: Judges,
) -> dict[str, Any]:
    """How near cells come to held-out ones, before and after."""
    side = len(made[0][0])
    cells = cells_at(plan.packed, side).images
    known, new = (judges.features(cells[torch.as_tensor(each)]) for each in rows)
    before, after = (judges.features(as_tensor(each)) for each in made)
    learned = Learned.of(known)
    learned.save(folder)
    found = likeness(new, after)
    base, floor = likeness(new, before), likeness(new, known)
    summary = (
        f"kernel distance {found['kid']['value']:.4f} ({found['kid']['low']:.4f} to "
        f"{found['kid']['high']:.4f}) from {len(new)} cells held out, "
        f"{base['kid']['value']:.4f} before it learned, {floor['kid']['value']:.4f} of the cells "
        "that it learned from"
    )
    return {
        "summary": summary,
        "held_out": len(new),
        **judges.names,
        **found,
        "before": base,
        "floor": floor,
        "memorised": memorised(learned.nearest(new), learned.nearest(after)),
    }


@torch.no_grad()
def _halve(transformer: nn.Module) -> None:
    """Rounds what was added to half precision, in which it is kept: so it is measured, too."""
    for name, each in transformer.named_parameters():
        if "lora_" in name:
            each.copy_(each.half())


def _added(transformer: nn.Module) -> int:
    return sum(each.numel() for name, each in transformer.named_parameters() if "lora_" in name)


def _hash_of(base: str, settings: Settings) -> str:
    return "" if base == LARGE else load_card(base, settings.weights).weights_sha256
