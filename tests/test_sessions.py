"""Networks are exported once, by one thread at a time, while no other runs a network by torch."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from cervix_models import exporting
from cervix_models.making import maker_of
from cervix_models.sessions import TORCH, onnx_session
from tests import tiny


class Still(torch.nn.Module):
    """What makes a grey cell."""

    latent = 2

    def forward(self, noise: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        return torch.full((len(noise), 3, 4, 4), 0.5)


def test_threads_export_one_after_the_other_and_each_network_once(tmp_path, monkeypatch) -> None:
    settings = tiny.settings_in(tmp_path)
    for name in ("one", "two"):
        tiny.save_tiny(settings.weights, tiny.recipe("cnn", name=name))
    export, busy, seen = exporting.export, threading.Lock(), []

    def watched(name, *rest) -> None:
        assert busy.acquire(blocking=False), "two were exported at once"
        seen.append(name)
        time.sleep(0.1)
        export(name, *rest)
        busy.release()

    monkeypatch.setattr(exporting, "export", watched)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda name: onnx_session(name, settings), ["one", "two"] * 2))
    assert sorted(seen) == ["one", "two"]
    assert [card.name for _, card in found] == ["one", "two"] * 2


def test_cells_are_not_made_by_torch_while_a_network_is_exported() -> None:
    maker = maker_of(Still(), ("Parabasal",))
    made = []
    thread = threading.Thread(
        target=lambda: made.extend(maker.generate("Parabasal", 2, seed=0)), daemon=True
    )
    with TORCH:
        thread.start()
        thread.join(0.3)
        assert made == []
    thread.join(20)
    assert len(made) == 2
    assert (made[0] == np.full((4, 4, 3), 128)).all()
