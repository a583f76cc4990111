"""`cnn`: the basic CNN of "Optimizing Cervical Cancer Diagnosis: Image Classification and GenAI".

64x64x3; convolutions of 16, 32 and 64 filters, each max-pooled; dropout; dense 64 with ReLU;
dropout; five-way softmax. The document's "392,741 parameters" does not follow from these layers:
with 3x3 kernels and padding the flattened maps have 8*8*64 numbers and the whole network 286,117
parameters, which is what this one has.
"""

from __future__ import annotations

from torch import nn

from cervix_models.classifiers.base import CellClassifier, linear
from cervix_models.registry import ModelEntry, register


def build(classes: int) -> CellClassifier:
    """The network of the document, with random weights."""
    trunk = nn.Sequential(
        *(layer for pair in ((3, 16), (16, 32), (32, 64)) for layer in _stage(*pair))
    )
    neck = nn.Sequential(nn.Dropout(0.25), nn.Flatten(), nn.Linear(8 * 8 * 64, 64), nn.ReLU())
    return CellClassifier(trunk, neck, linear(64, classes), dropout=0.5)


def _stage(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)


register(
    ModelEntry(
        name="cnn",
        kind="classifier",
        builder=build,
        input_size=64,
        source="Gong, Jung, Dong, Kuo: Optimizing Cervical Cancer Diagnosis (2024)",
        cam_layers=("trunk.7",),
    )
)
