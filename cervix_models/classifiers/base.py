"""What every classifying network offers: an embedding of the image and logits made from it."""

from __future__ import annotations

from torch import Tensor, nn

from cervix_models.data.labels import CLASS_NAMES


class CellClassifier(nn.Module):
    """A trunk of feature maps, a neck that makes one vector of them, and a linear head."""

    def __init__(self, trunk: nn.Module, neck: nn.Module, width: int, dropout: float) -> None:
        """Builds the head for `width` numbers a cell, with `dropout` before it."""
        super().__init__()
        self.trunk = trunk
        self.neck = neck
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, len(CLASS_NAMES))

    def embed(self, images: Tensor) -> Tensor:
        """Embeddings `(n, width)` of normalised images `(n, 3, side, side)`."""
        embedding: Tensor = self.neck(self.trunk(images))
        return embedding

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(n, 5)` in the order of CLASS_NAMES."""
        logits: Tensor = self.head(self.dropout(self.embed(images)))
        return logits


def pooled() -> nn.Sequential:
    """The usual neck: the mean of each feature map."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
