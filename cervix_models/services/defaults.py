"""Which weights read where nobody chose others: those that come with the project, until an
administrator promotes others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cervix_models.contracts import Card, DefaultKind, Promotion
from cervix_models.errors import WeightsError

CLASSIFIER = "ensemble"
QUICK = "ensemble_quick"  # many cells at once, by a command; with a gate of its own
SEGMENTER = "dual_head_unet"
FINDER = "nucleus_finder"
ENCODER = "encoder_mobilenet_v3_small"  # which cells are alike

SHIPPED: Mapping[DefaultKind, str] = {
    "classifier": CLASSIFIER,
    "segmenter": SEGMENTER,
    "finder": FINDER,
}


@dataclass(frozen=True)
class Defaults:
    """The models that read now, by name."""

    classifier: str = CLASSIFIER
    segmenter: str = SEGMENTER
    finder: str = FINDER
    # Of what was promoted: the sha256 of the weights, by name. What is shipped is as it comes.
    promised: Mapping[str, str] = field(default_factory=dict)

    def check(self, card: Card) -> None:
        """Raises WeightsError where a promoted model has other weights than were promoted."""
        wanted = self.promised.get(card.name, card.weights_sha256)
        if wanted != card.weights_sha256:
            raise WeightsError(
                f"The {card.kind} {card.name} was made the default with the weights "
                f"{wanted[:12]}; those here are {card.weights_sha256[:12]}. An administrator can "
                "promote another, or these again, on the page Models and runs."
            )


def defaults_of(newest: Mapping[DefaultKind, Promotion]) -> Defaults:
    """The models that read now, after the promotions that hold."""
    names = {kind: each.name for kind, each in newest.items()}
    promised = {
        each.name: each.weights_sha256
        for kind, each in newest.items()
        if each.name != SHIPPED[kind]
    }
    return Defaults(**names, promised=promised)
