"""Every network by name: what is known of it before any weights are loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from torch import nn

from cervix_models.contracts import MAKERS
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import UnknownModelError

Kind = Literal["classifier", "segmenter", "finder", "generator", "translator"]
# What a network is given: an image; the image with the masks of cell and nucleus as two more
# channels; or the measurements of morphology.FEATURES.
Reads = Literal["image", "masked", "features"]

_FAMILIES = tuple(
    f"cervix_models.{family}" for family in ("classifiers", "segmenters", "generators")
)


@dataclass(frozen=True)
class ModelEntry:
    """One registered network."""

    name: str
    kind: Kind
    builder: Callable[..., nn.Module]  # of the number of classes, where it knows any
    # Side of the square input, pixels; how many features; of a generator, side of its cells.
    input_size: int
    source: str  # the paper or document it comes from
    backbone: str | None = None  # key of training.start, where ImageNet weights fit
    cam_layers: tuple[str, ...] = ()  # dotted paths of the layers Grad-CAM looks at
    reads: Reads = "image"


_ENTRIES: dict[str, ModelEntry] = {}


def register(entry: ModelEntry) -> ModelEntry:
    """The entry, now known by its name. Raises ValueError for a name that is taken."""
    if entry.name in _ENTRIES:
        raise ValueError(f"A model named {entry.name!r} is registered twice.")
    _ENTRIES[entry.name] = entry
    return entry


def list_models(kind: Kind | None = None) -> list[ModelEntry]:
    """The registered models, of one kind or of all, by name."""
    for family in _FAMILIES:
        import_module(family)
    return sorted(
        (each for each in _ENTRIES.values() if kind in (None, each.kind)), key=lambda e: e.name
    )


def find(name: str) -> ModelEntry:
    """The entry of this name. Raises UnknownModelError."""
    known = {each.name: each for each in list_models()}
    if name not in known:
        raise UnknownModelError(
            f"No model is named {name!r}. Registered are {', '.join(known)}; "
            "a new one is added as docs/adding_a_model.md says."
        )
    return known[name]


def create(name: str, classes: int = len(CLASS_NAMES)) -> nn.Module:
    """A freshly built network with random weights; a classifier tells so many `classes` apart, and
    a generator makes so many.

    Raises UnknownModelError.
    """
    entry = find(name)
    told = entry.kind in ("classifier", *MAKERS)
    return entry.builder(classes) if told else entry.builder()
