"""ONNX sessions of the weights at hand: exported once, kept by the hash of their weights.

Torch is imported by the first export alone: who reads with networks that were exported does not
wait for it.
"""

from __future__ import annotations

import threading

from cervix_models.cards import card_of_weights
from cervix_models.contracts import Card
from cervix_models.inference import Run, open_session
from cervix_models.settings import Settings

# Held by whoever exports a network or runs one by torch: an export changes how torch calls networks
# in every thread, and fails where another one runs.
TORCH = threading.RLock()


def onnx_session(name: str, settings: Settings) -> tuple[Run, Card]:
    """The ONNX session of `weights/<name>/` and its card, exported now where it was not yet.

    Raises WeightsError where weights and card do not belong together, or ONNX Runtime and torch
    disagree.
    """
    card = card_of_weights(name, settings.shelf(name))
    path = settings.cache / f"{name}-{card.weights_sha256[:16]}.onnx"
    if not path.is_file():  # what was exported waits for nobody
        with TORCH:
            if not path.is_file():
                from cervix_models import exporting

                exporting.export(name, settings.shelf(name), path, settings.threads)
    return open_session(path, settings.threads), card
