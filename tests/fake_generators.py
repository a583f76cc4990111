"""Figures as the cards of generators and translators have them, made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.recipes import load_recipe
from tests import tiny


def between(value: float, apart: float = 0.2) -> dict[str, float]:
    """A figure with an interval about it."""
    return {"value": value, "low": value * (1 - apart), "high": value * (1 + apart)}


def likeness(kid: float, share: float) -> dict[str, Any]:
    """How near some cells come, by their distance and the share that is right."""
    return {
        "kid": between(kid),
        "fid": 500 * kid,
        "precision": share - 0.1,
        "recall": share - 0.3,
    }


def told(share: float) -> dict[str, Any]:
    """The share that is recognised, in all and of each class."""
    by_class = {name: share - 0.04 + 0.02 * at for at, name in enumerate(CLASS_NAMES)}
    return {"value": share, "by_class": by_class}


def help_of(gains: tuple[float, ...], *, by_class: bool = True) -> dict[str, Any]:
    """A trial with these gains at 10, 25, 50 and 100 % of the real cells."""
    shares, real = (0.1, 0.25, 0.5, 1.0), (0.70, 0.80, 0.86, 0.90)
    arms = [_arm(0.0, True, 0.65, by_class)]
    for share, value, gain in zip(shares, real, gains, strict=True):
        arms += [_arm(share, False, value, by_class), _arm(share, True, value + gain, by_class)]
    found = {
        "learner": "cnn",
        "held_out": 685,
        "draws": 3,
        "arms": arms,
        "gains": [
            {"real_share": s, "value": g, "low": g - 0.02, "high": g + 0.02}
            for s, g in zip(shares, gains, strict=True)
        ],
    }
    if by_class:
        reverse = {"accuracy": between(0.8, 0.02), "by_class": told(0.8)["by_class"]}
        found["reverse"] = reverse
    return found


def _arm(share: float, made: bool, value: float, by_class: bool) -> dict[str, Any]:
    found = {
        "real_share": share,
        "made": made,
        "cells": round(2739 * (share + made)),
        "accuracy": between(value, 0.02),
    }
    return {**found, "by_class": told(value)["by_class"]} if by_class else found


def generator_metrics(kid: float = 0.14, share: float = 0.85, **more: Any) -> dict[str, Any]:
    """The metrics of a generator's card."""
    memorised = {"real_first_percentile": 0.029, "real_median": 0.157, "made_least": 0.065}
    return {
        "summary": "made up",
        "held_out": 685,
        "features": "encoder_mobilenet_v3_small",
        "judge": "ensemble",
        "outlines": "dual_head_unet",
        **likeness(kid, share),
        "kid_by_class": {name: between(kid + 0.01 * at) for at, name in enumerate(CLASS_NAMES)},
        "recognised": told(share),
        "floor": {
            **likeness(0.002, 0.98),
            "kid": {"value": 0.002, "low": -0.005, "high": 0.013},
            "kid_by_class": {name: between(0.003) for name in CLASS_NAMES},
            "recognised": told(0.96),
        },
        "memorised": {**memorised, "made_median": 0.1 + kid, "flagged": 0.004},
        **more,
    }


def translator_metrics(kid: float = 0.2, share: float = 0.6, **more: Any) -> dict[str, Any]:
    """The metrics of a translator's card: normal cells into abnormal ones, and back."""
    source, target = ("Superficial-Intermediate", "Parabasal"), ("Koilocytotic", "Dyskeratotic")
    ways = {}
    for at, (label, turned) in enumerate(
        [*((name, source) for name in target), *((name, target) for name in source)]
    ):
        ways[label] = {
            "from": list(turned),
            "cells": 270,
            **likeness(kid + 0.05 * at, share),
            "floor": {**likeness(0.004, 0.97), "recognised": 0.97},
            "recognised": share + 0.05 * at,
            "memorised": {
                "real_first_percentile": 0.03, "real_median": 0.16, "made_least": 0.05,
                "made_median": 0.3, "flagged": 0.0,
            },
            "outlines_kept": {"iou": 0.6 + 0.05 * at, "pixel_accuracy": 0.9, "class_accuracy": 0.8},
            "again": {"ssim": 0.9, "psnr": 27.0, "mse": 0.002},
        }  # fmt: skip
    return {"summary": "made up", "held_out": 540, "ways": ways, **more}


def save_fake(weights: Path, name: str, metrics: dict[str, Any]) -> None:
    """The small weights and the card of a generator or translator under the name of its recipe."""
    given = load_recipe(name)
    tiny.save_tiny(weights, tiny.recipe(given.model, name=name), metrics=metrics)
