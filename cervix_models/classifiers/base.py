"""What every classifying network offers: an embedding of the image and logits made from it."""

from __future__ import annotations

from torch import Tensor, nn


class CellClassifier(nn.Module):
    """A trunk of feature maps, a neck that makes one vector of them, and a head."""

    def __init__(self, trunk: nn.Module, neck: nn.Module, head: nn.Module, dropout: float) -> None:
        """Joins the three, with `dropout` before the head."""
        super().__init__()
        self.trunk = trunk
        self.neck = neck
        self.dropout = nn.Dropout(dropout)
        self.head = head

    def embed(self, images: Tensor) -> Tensor:
        """Embeddings `(n, width)` of normalised images `(n, 3, side, side)`."""
        embedding: Tensor = self.neck(self.trunk(images))
        return embedding

    def forward(self, images: Tensor) -> Tensor:
        """Logits `(n, classes)`, in the order of the classes it was trained on."""
        logits: Tensor = self.head(self.dropout(self.embed(images)))
        return logits


def linear(width: int, classes: int) -> nn.Linear:
    """The usual head: one weighted sum of `width` numbers a class."""
    return nn.Linear(width, classes)


def pooled() -> nn.Sequential:
    """The usual neck: the mean of each feature map."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
