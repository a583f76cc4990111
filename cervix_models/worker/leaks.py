"""The leak check of a training: what is held out in its folds, and also learned from."""

from __future__ import annotations

import re
from collections.abc import Mapping

from PIL import Image as PilImage

from cervix_models.cards import here_of
from cervix_models.contracts import MAKERS
from cervix_models.data.importing import list_datasets
from cervix_models.data.marks import about_of
from cervix_models.errors import DataError
from cervix_models.evaluation.leak_check import Leak, Origin, leaks_of
from cervix_models.registry import find
from cervix_models.settings import Settings
from cervix_models.training.protocol import Plan, folds_of

_PARENT = re.compile(r"\bfrom ([0-9a-f]{12})\b")
_MAKER = re.compile(r"\bby \S+ \(([0-9a-f]{12})")


def leaks_in(plan: Plan, settings: Settings) -> list[Leak]:
    """The leaks of all folds of a plan; of what makes cells, of its one fold. Raises DataError."""
    folds = folds_of(plan)
    if find(plan.recipe.model).kind in MAKERS:
        folds = folds[:1]
    held_out_of = {
        card.weights_sha256[:12]: card.data.get("held_out_sha256", ())
        for card in here_of(MAKERS, *settings.shelves)
    }
    return leaks_of(plan.packed, folds, origins_of(plan.packed.sha256, settings), held_out_of)


def origins_of(sha256: tuple[str, ...], settings: Settings) -> Mapping[str, Origin]:
    """What the made ones among these pictures were made of, as their marks say, by their hash: of
    those in folders of classes that were imported here, as no other set has any."""
    wanted, found = set(sha256), {}
    for index in list_datasets(settings.home).values():
        if index.source != "folder":
            continue
        for row in index.cells:
            if row.sha256 not in wanted:
                continue
            with PilImage.open(index.root / row.path) as picture:
                about = about_of(picture)
            if about is not None:
                parent, maker = _PARENT.search(about), _MAKER.search(about)
                found[row.sha256] = Origin(parent and parent[1], maker and maker[1])
    return found


def refuse(leaks: list[Leak], *, accepts: bool) -> None:
    """Nothing, where no leak stands against a training. Raises DataError, with names and counts;
    nearly equal pictures may be accepted, as whoever asks for the training was told of them."""
    against = [each for each in leaks if not (accepts and each.kind == "near_duplicate")]
    if against:
        said = "\n".join(each.sentence for each in against)
        near = all(each.kind == "near_duplicate" for each in against)
        way = " Or accept nearly equal pictures, and have the card say so." if near else ""
        raise DataError(
            f"The split leaks.\n{said}\nNone was expected: the figures would be too good. Take "
            "these cells out of the data set, or put them into one cluster, and import it again."
            f"{way}"
        )
