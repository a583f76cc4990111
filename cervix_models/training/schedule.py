"""The optimiser and learning-rate schedule a recipe asks for."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from cervix_models.recipes import Optimiser


def configure(network: nn.Module, settings: Optimiser, steps: int) -> dict[str, Any]:
    """What `configure_optimizers` returns, for a training of `steps` steps in all.

    Biases and normalisation weights are not decayed; what needs no gradient is left out.
    """
    learned = [p for p in network.parameters() if p.requires_grad]
    weights = [p for p in learned if p.ndim > 1]
    others = [p for p in learned if p.ndim <= 1]
    groups = [
        {"params": weights, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    kind = torch.optim.AdamW if settings.name == "adamw" else torch.optim.Adam
    optimiser = kind(groups, lr=settings.learning_rate)
    if settings.schedule == "constant":
        return {"optimizer": optimiser}
    if settings.schedule == "plateau":
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimiser,
            factor=settings.plateau_factor or 0.5,
            patience=5 if settings.plateau_patience is None else settings.plateau_patience,
        )
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": plateau, "monitor": "val_loss"},
        }
    if settings.schedule == "polynomial":
        fading = torch.optim.lr_scheduler.PolynomialLR(optimiser, settings.epochs, power=0.9)
        return {"optimizer": optimiser, "lr_scheduler": fading}
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=steps, pct_start=settings.warm_up
    )
    return {"optimizer": optimiser, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}
