"""Runs of training as the worker leaves them: small models with figures, ready to be promoted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from cervix_models.evaluation.gate import fit_space
from cervix_models.inference import prepared
from cervix_models.settings import Settings
from tests import tiny
from tests.fakes import drawn_cell

RUN = "5eed" * 8


def figure(value: float, wide: float = 0.02) -> dict[str, float]:
    """A figure with its interval."""
    return {"value": value, "low": value - wide, "high": value + wide}


def split_figures(accuracy: float) -> dict[str, Any]:
    """What a classifier's card says of clusters kept apart."""
    return {
        "accuracy": figure(accuracy),
        "macro_f1": figure(accuracy),
        "roc_auc": figure(min(0.99, accuracy + 0.05)),
        "calibration_error": figure(0.03),
        "brier": figure(0.1),
        "refer": {"coverage": 0.8, "accuracy": 0.99},
        "cells": 100,
        "clusters": 20,
    }


def calibration() -> dict[str, Any]:
    """What is fitted of a classifier, its gate among it."""
    return {
        "temperature": 1.0,
        "refer_below": 0.0,
        "conformal_least": dict.fromkeys(CLASS_NAMES, 0.1),
        "gate": {"ranges": tiny.WIDE},
    }


def make_run(
    settings: Settings, name: str = "mine", *, run: str = RUN, seed: int = 1,
    accuracy: float = 0.9, gate: bool = True, **changed: Any,
) -> Path:  # fmt: skip
    """The folder of the weights of a run that trained a classifier; `changed` of its card."""
    shelf = settings.home / "runs" / run / "weights"
    metrics = {"summary": f"right in {accuracy:.1%}", "cluster_split": split_figures(accuracy)}
    metrics["curves"] = [{"epoch": n, "train_loss": 1 / n, "val_accuracy": 0.5} for n in (1, 2)]
    given = {"metrics": metrics, "calibration": calibration(), "data": {"cells": 100}, **changed}
    network = tiny.save_tiny(shelf, tiny.recipe("cnn", name=name, views=2), seed=seed, **given)
    if gate:
        cells = prepared([drawn_cell(seed=s) for s in range(24)], 64, IMAGENET_MEAN, IMAGENET_STD)
        with torch.inference_mode():
            fit_space(network.embed(torch.from_numpy(cells)).numpy()).save(shelf / name)
    return shelf


def make_ensemble(settings: Settings, run: str = RUN) -> Path:
    """The folder of the weights of a run that made an ensemble `both` of two."""
    for seed, name in enumerate(("one", "two")):
        shelf = make_run(settings, name, run=run, seed=seed)
    given = tiny.recipe("cnn", name="both")
    tiny.save_ensemble(shelf, tiny.replace(given, model="", members=("one", "two")))
    source = (shelf / "one" / "gate.safetensors").read_bytes()
    (shelf / "both" / "gate.safetensors").write_bytes(source)
    return shelf


def held_out(shelf: Path, name: str) -> None:
    """What the folds of a model said, and of which cells, beside it."""
    (shelf / "cells").mkdir(exist_ok=True)
    np.savez(shelf / "cells" / "0123456789abcdef.npz", sha256=np.zeros((1, 32), np.uint8))
    np.savez(shelf / name / "held_out.npz", cells=np.array(b"0123456789abcdef"))
