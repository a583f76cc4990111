"""A support vector machine as the last layer of a network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class KernelHead(nn.Module):
    """One machine a class against the rest, with a Gaussian kernel (Cortes and Vapnik, 1995).

    As many support vectors as the loaded weights have.
    """

    def __init__(self, width: int, classes: int, vectors: int = 8) -> None:
        """Random machines, one a class, over embeddings of `width` numbers."""
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(vectors, width))
        self.weights = nn.Parameter(torch.randn(vectors, classes) / vectors)
        self.bias = nn.Parameter(torch.zeros(classes))
        self.gamma = nn.Parameter(torch.tensor(1 / width))

    def forward(self, embeddings: Tensor) -> Tensor:
        """Margins `(n, classes)` of embeddings `(n, width)`, scaled as the weights are."""
        squares = embeddings.square().sum(1, keepdim=True) + self.vectors.square().sum(1)
        apart = (squares - 2 * embeddings @ self.vectors.T).clamp(min=0)
        return torch.exp(-self.gamma * apart) @ self.weights + self.bias

    def _load_from_state_dict(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        for name in ("vectors", "weights"):
            given = state.get(prefix + name)
            mine = getattr(self, name)
            if given is not None and given.shape[1:] == mine.shape[1:]:
                setattr(self, name, nn.Parameter(torch.empty_like(given, dtype=mine.dtype)))
        super()._load_from_state_dict(state, prefix, *rest)
