"""Small networks with weights and cards, and packed cells: what the tests of models stand on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from cervix_models import registry
from cervix_models.cards import OUTPUTS, file_hash, load_card
from cervix_models.checkpoints import (
    load_network,
    save_card,
    save_weights,
    weights_hash,
)
from cervix_models.classifiers.base import CellClassifier, linear
from cervix_models.contracts import Card
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.packed import PackedSet
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from cervix_models.evaluation.gate import fit_space
from cervix_models.generators.base import CellGenerator, VariationalGenerator
from cervix_models.generators.cyclegan import CycleGan
from cervix_models.inference import prepared
from cervix_models.morphology import FEATURES
from cervix_models.nearness import Learned
from cervix_models.recipes import Adversarial, Cycle, Flow, Loss, Optimiser, Recipe, Variational
from cervix_models.registry import ModelEntry, create, find, register
from cervix_models.services.defaults import CLASSIFIER, FINDER, SEGMENTER
from cervix_models.settings import Settings
from tests.fakes import cell_shapes, drawn_cell

OUTLINER, SEER = "tiny_outliner", "tiny_seer"
WIDE = {"brightness": (0.1, 0.95), "cell_area": (0.05, 0.95), "distance": (0.0, 50.0)}


class Outliner(nn.Module):
    """A segmenter that finds `drawn_cell`: the body is darker than the ground, the nucleus more."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.Conv2d(3, 2, 1)
        with torch.no_grad():
            self.heads.weight[:] = -20 * torch.tensor(IMAGENET_STD)[None, :, None, None]
            darker_than = torch.tensor([0.81, 0.55])
            self.heads.bias[:] = 60 * (darker_than - torch.tensor(IMAGENET_MEAN).mean())

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.heads(images)


def seer(classes: int) -> CellClassifier:
    """A classifier whose features are the colours of 16 parts of a picture, mixed."""
    trunk = nn.Sequential(nn.Conv2d(3, 6, 1), nn.AdaptiveAvgPool2d(4))
    return CellClassifier(trunk, nn.Flatten(), linear(96, classes), dropout=0.0)


def register_outliner() -> str:
    """The name of the small segmenter, registered where it was not yet."""
    if OUTLINER not in registry._ENTRIES:
        register(ModelEntry(OUTLINER, "segmenter", Outliner, 64, "made for the tests"))
    return OUTLINER


def recipe(model: str = "cnn", **changed: Any) -> Recipe:
    """A recipe that is quick: two folds, one view, one epoch, no start from other weights."""
    kind = find(model).kind
    settings = {
        "name": f"tiny_{model}",
        "model": model,
        "version": "0.1",
        "about": "Made for the tests.",
        "images": ("herlev", "sipakmed") if kind in ("segmenter", "finder") else ("sipakmed",),
        "start": "random",
        "folds": 2,
        "views": 1,
        "optimiser": Optimiser(epochs=1, batch_size=8, learning_rate=1e-3),
        "loss": Loss(box=0.5, consistency=0.5) if kind == "segmenter" else Loss(),
    }
    if kind == "generator":
        encodes = issubclass(type(create(model)), VariationalGenerator)
        settings |= (
            {"variational": Variational(perceptual=0.1, warm_up=0.5)}
            if encodes
            else {"adversarial": Adversarial()}
        )
    if model == "cellflux":
        settings["flow"] = Flow(epochs=1)
    if kind == "translator":
        settings["cycle"] = Cycle(CLASS_NAMES[:2], CLASS_NAMES[2:])
    return Recipe(**{**settings, **changed})


def card(given: Recipe, sha256: str, **changed: Any) -> Card:
    """A card for weights of a recipe, with a calibration that refuses little."""
    entry = find(given.model)
    made = Card(
        name=given.name,
        version=given.version,
        kind=entry.kind,
        classes=OUTPUTS[entry.kind],
        input=_input(given),
        data={},
        metrics={"summary": "measured on nothing"},
        calibration={
            "temperature": 1.0,
            "refer_below": 0.0,
            "conformal_least": dict.fromkeys(CLASS_NAMES, 0.1),
            **({"gate": {"ranges": WIDE}} if given.name == CLASSIFIER else {}),
        },
        recipe=given.as_dict(),
        licence="Apache-2.0",
        weights_sha256=sha256,
        created_at="2026-01-01T00:00:00+00:00",
        intended_use="Tests.",
        limits=("Knows no cell.",),
    )
    return replace(made, **changed)


def _input(given: Recipe) -> dict[str, Any]:
    entry = find(given.model)
    if entry.kind == "generator":
        return {"size": entry.input_size, "latent": cast(CellGenerator, create(given.model)).latent}
    if entry.kind == "translator":
        return {"size": entry.input_size}
    if entry.reads == "features":
        return {
            "reads": "features",
            "features": [each.name for each in FEATURES],
            "sees_scale": True,
            "outlines": SEGMENTER,
        }
    return {
        "reads": entry.reads,
        "size": given.side or entry.input_size,
        "mean": list(IMAGENET_MEAN),
        "std": list(IMAGENET_STD),
        "views": given.views,
        "sees_scale": False,
        **({"outlines": SEGMENTER} if entry.reads == "masked" else {}),
    }


def save_encoder(weights: Path, name: str, trunk: nn.Module, model: str = "cnn") -> Card:
    """The card of an encoder whose trunk, one of `model`, now lies in `weights/<name>/`."""
    sha256 = save_weights(trunk, weights / name)
    made = card(recipe(model, name=name), sha256, kind="encoder", classes=())
    save_card(made, weights / name)
    return made


def save_seer(weights: Path, name: str) -> CellClassifier:
    """An encoder that sees the colours of a picture; its weights and card lie in
    `weights/<name>/`."""
    if SEER not in registry._ENTRIES:
        register(ModelEntry(SEER, "classifier", seer, 64, "made for the tests"))
    torch.manual_seed(0)
    encoder = seer(len(CLASS_NAMES)).eval()
    save_encoder(weights, name, encoder.trunk, SEER)
    return encoder


def save_tiny(
    weights: Path, given: Recipe, network: nn.Module | None = None, *, seed: int = 0, **changed: Any
) -> nn.Module:
    """The network whose weights and card now lie in `weights/<name>/`; random ones by default."""
    torch.manual_seed(seed)
    network = (network or create(given.model)).eval()
    sha256 = save_weights(network, weights / given.name)
    save_card(card(given, sha256, **changed), weights / given.name)
    return network


def save_maker(weights: Path, given: Recipe, *, least: float = 0.0) -> CellGenerator | CycleGan:
    """A small generator as `save_tiny` does it, with what tells its cells from copies of the drawn
    ones; those nearer than `least` are flagged."""
    encoder = save_seer(weights, "tiny_encoder")
    drawn = [drawn_cell(64, seed) for seed in range(8)]
    with torch.inference_mode():
        cells = torch.from_numpy(prepared(drawn, 64, IMAGENET_MEAN, IMAGENET_STD))
        features = encoder.embed(cells).numpy()
    near = {"real_first_percentile": least}
    metrics = {"summary": "-", "features": "tiny_encoder", "memorised": near}
    torch.manual_seed(0)
    network = create(given.model)
    if isinstance(network, CycleGan):  # one that has learned nothing changes nothing
        for way in (network.there, network.back):
            nn.init.normal_(way.last.weight, std=0.05)
    save_tiny(weights, given, network, metrics=metrics)
    Learned.of(features).save(weights / given.name)
    return cast("CellGenerator | CycleGan", network)


def save_ensemble(weights: Path, given: Recipe, **changed: Any) -> Card:
    """The card that now lies in `weights/<name>/`, of members beside it, in equal shares."""
    members = {each: 1 / len(given.members) for each in given.members}
    changed.setdefault("input", {"members": members})
    first = load_card(given.members[0], weights)
    made = replace(
        first,
        name=given.name,
        recipe=given.as_dict(),
        weights_sha256=weights_hash(weights / given.name, given.members),
        **changed,
    )
    save_card(made, weights / given.name)
    return made


def settings_in(folder: Path) -> Settings:
    """Settings whose every folder lies in `folder`, on one thread."""
    return Settings(
        home=folder / "home",
        images=None,
        pretrained=None,
        weights=folder / "weights",
        cache=folder / "cache",
        database_url=f"sqlite:///{folder / 'home' / 'cervix.sqlite3'}",
        slides=folder / "home" / "slides",
        threads=1,
    )


def save_defaults(folder: Path) -> Settings:
    """Settings of a folder that holds small weights under the names of the default models."""
    settings = settings_in(folder)
    network = save_tiny(settings.weights, recipe("cnn", name=CLASSIFIER, views=2))
    save_tiny(settings.weights, recipe(register_outliner(), name=SEGMENTER, views=2))
    shown = {"size": 64, "scale": 1 / 3, "stride": 2, "views": 2, "mean": list(IMAGENET_MEAN)}
    save_tiny(
        settings.weights,
        recipe("nucleus_finder", name=FINDER),
        input={**shown, "std": list(IMAGENET_STD)},
        calibration={"threshold": 0.5, "apart": 12.0},
    )
    cells = prepared([drawn_cell(seed=s) for s in range(24)], 64, IMAGENET_MEAN, IMAGENET_STD)
    with torch.inference_mode():
        embeddings = network.embed(torch.from_numpy(cells)).numpy()
    fit_space(embeddings).save(settings.weights / CLASSIFIER)
    return settings


def rewrite_card(name: str, weights: Path, **changed: Any) -> None:
    """Changes fields of a card without asking whether they are true."""
    path = weights / name / "card.json"
    now = load_card(name, weights)
    changed.setdefault("weights_sha256", file_hash(weights / name / "model.safetensors"))
    path.write_text(_json(replace(now, **changed)), encoding="utf-8")


def _json(made: Card) -> str:
    import json
    from dataclasses import asdict

    return json.dumps(asdict(made))


def packed(clusters: int = 4, cells: int = 2, side: int = 64, herlev: int = 0) -> PackedSet:
    """Drawn cells of the five classes, told apart by their colour, and some with known masks."""
    random = np.random.default_rng(0)
    rows = [(n, c) for n in CLASS_NAMES for c in range(clusters) for _ in range(cells)]
    images = [_tinted(CLASS_NAMES.index(name), side, i) for i, (name, _) in enumerate(rows)]
    images += [drawn_cell(side, seed=1000 + i) for i in range(herlev)]
    masks = np.full((len(images), side, side), 255, np.uint8)
    cell, nucleus = cell_shapes(side, side)
    masks[len(rows) :] = np.where(nucleus, 2, cell.astype(np.uint8))
    kinds = [name for name, _ in rows] + ["normal_columnar"] * herlev
    groups = [f"sipakmed/{name}/{c:03d}" for name, c in rows]
    return PackedSet(
        images=np.stack(images),
        labels=np.array([CLASS_NAMES.index(k) if k in CLASS_NAMES else -1 for k in kinds]),
        classes=tuple(kinds),
        clusters=tuple(groups + [f"herlev/{i // 2}" for i in range(herlev)]),
        sizes=random.integers(80, 120, (len(images), 2)),
        sha256=tuple(f"{i:064x}" for i in range(len(images))),
        source=("sipakmed",) * len(rows) + ("herlev",) * herlev,
        masks=masks,
        has_mask=np.arange(len(images)) >= len(rows),
    )


def _tinted(label: int, side: int, seed: int) -> np.ndarray:
    picture = drawn_cell(side, seed).astype(np.int64)
    picture[..., label % 3] -= 60 if label < 3 else -20
    picture[..., (label + 1) % 3] += 30 * (label - 2)
    return np.clip(picture, 0, 255).astype(np.uint8)


def outputs(name: str, weights: Path, images: torch.Tensor) -> np.ndarray:
    """What the stored network of this name says of normalised images."""
    network, _ = load_network(name, weights)
    with torch.inference_mode():
        return network(images).numpy()
