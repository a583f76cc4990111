"""What a card says of a model's use and limits: from its recipe, its input and its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cervix_models.contracts import MAKERS
from cervix_models.recipes import Recipe
from cervix_models.registry import Kind

_USE = {
    "classifier": "Teaching, and research on triage of single Papanicolaou-stained cervical cells "
    "cropped with a little background. Not for diagnosis.",
    "segmenter": "Outlines of one cell and its nucleus in a crop, for measuring and teaching. "
    "Not for diagnosis.",
    "generator": "Synthetic cells for teaching, and for research on augmentation. They are marked, "
    "and refused where cells of a patient are read. Not for diagnosis.",
}
_USE["translator"] = _USE["generator"]
_LIMITS: dict[str, tuple[str, ...]] = {
    "classifier": (
        "Measured on cells of one data set, one laboratory and one camera; other stains and "
        "scanners were not measured.",
        "SIPaKMeD has no patient ids: clusters are kept apart, patients may not be.",
        "The recipe was chosen on the folds that measure it: expect a little less on new clusters.",
        "Dyskeratotic is no Bethesda category; no cell of the data set has HPV or biopsy truth.",
    ),
    "segmenter": (
        "Outlines were learned from Herlev alone; SIPaKMeD gave boxes, not outlines.",
        "Of dark green metaplastic cells it sometimes takes most of the cell for the nucleus.",
        "It finds one cell and one nucleus a picture: of overlapping cells the middle one, of two "
        "nuclei the larger.",
    ),
    "generator": (
        "Learned from cells of one data set, one laboratory and one camera: it shows their manner, "
        "and less of their spread.",
        "Cells were stretched to a square before it learned: neither size nor aspect is theirs.",
        "The class is the one that was asked for; a made cell need not show its criteria.",
        "The classifier that judges its cells learned from all real cells, also from those held "
        "out from the generator: the share that it recognises of real ones is too good.",
    ),
}
_LIMITS["translator"] = (
    *_LIMITS["generator"],
    "It was never shown one cell in two classes: what it changes is what tells the classes apart "
    "in its data set, stain and focus among it.",
)


def use_words(recipe: Recipe, kind: Kind) -> str:
    """What a model of this recipe may be used for."""
    if not recipe.classes:
        return _USE[kind]
    return (
        f"Teaching, and research on images of {', '.join(recipe.classes)} like those it was "
        "trained on. Not for diagnosis."
    )


def limits(
    recipe: Recipe, kind: Kind, seen: Mapping[str, Any], data: Mapping[str, Any]
) -> tuple[str, ...]:
    """What a model cannot do that is given `seen` and learned from `data`, as its card has them."""
    if recipe.classes and kind in ("classifier", *MAKERS):
        turned = _LIMITS[kind][-1:] if kind == "translator" else ()
        return (*_limits_elsewhere(data), *turned)
    if kind != "classifier":
        return _LIMITS[kind]
    if seen["sees_scale"]:
        scale = (
            "It measures lengths and areas in pixels: a picture of another magnification than "
            "SIPaKMeD's misleads it."
        )
    elif seen.get("reads") == "features":
        scale = "It reads no length and no area, so that the magnification does not matter to it."
    else:
        scale = (
            "The crop is stretched to a square: the model sees neither the cell's size nor its "
            "aspect."
        )
    outlined = (
        "It reads the outlines of the segmenter: where they are wrong, it is misled.",
    ) * bool(seen.get("outlines"))
    return (*_LIMITS[kind], scale, *outlined)


def _limits_elsewhere(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The limits of a model of other images than SIPaKMeD's cells."""
    if data["clusters"] == data["cells"]:
        apart = (
            "Each image counted as a cluster of its own: images of one patient or one slide may "
            "lie on both sides of the folds, which makes the figures too good."
        )
    else:
        apart = (
            f"Its {data['cells']} images are of {data['clusters']} groups, which were kept apart; "
            "what the groups are was said at the import and not checked."
        )
    return (
        "Measured on one image set; other laboratories, stains and cameras were not measured.",
        apart,
        "The image is stretched to a square: neither its size nor its aspect is seen.",
    )
