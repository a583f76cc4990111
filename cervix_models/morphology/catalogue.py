"""The one list of features: 26 a region as SIPaKMeD has them, and our additions, marked as added.

As in SIPaKMeD, the cytoplasm's outline encloses the nucleus. The *shape* of the cytoplasm is
therefore that of the whole outlined cell, and its *colours* are taken from the ring between the
two outlines, where the cytoplasm is seen without the nucleus.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from cervix_models.errors import MeasurementError

Region = Literal["nucleus", "cytoplasm", "cell"]
CHANNELS: tuple[str, ...] = ("red", "green", "blue")

SIPAKMED = "Plissiti et al., SIPaKMeD, IEEE ICIP 2018"
TEXTURE_SOURCE = (
    f"{SIPAKMED}; Gonzalez, Woods and Eddins, Digital Image Processing Using MATLAB, "
    "statistical texture descriptors"
)
SHAPE_SOURCE = f"{SIPAKMED}; region properties as in MATLAB regionprops and skimage.measure"
STAIN_SOURCE = "Ruifrok and Johnston, Anal Quant Cytol Histol 2001;23:291-299"


@dataclass(frozen=True)
class Feature:
    """One measurement of a cell, with all that a page needs to show it."""

    name: str
    region: Region
    title: str
    unit: str  # "px", "px²", "°", "bits", "grey levels", "OD", or "" for a plain number
    power: int  # of length: 1 for a distance, 2 for an area, 0 for all else
    added: bool  # ours; not one of SIPaKMeD's 26 a region
    source: str
    meaning: str  # one sentence for a student

    @property
    def metric_unit(self) -> str:
        """The unit once the value is in micrometres; the same unit where it is no length."""
        return {"px": "µm", "px²": "µm²"}.get(self.unit, self.unit)


# measure, title, unit, meaning; {c} is the colour and {r} the region.
_TEXTURE: tuple[tuple[str, str, str, str], ...] = (
    ("mean", "mean", "grey levels",
     "How bright the {c} channel is on average in the {r}: 0 is black, 255 is full light."),
    ("contrast", "contrast", "grey levels",
     "The standard deviation of {c} in the {r}: low in an even region, high in a mottled one."),
    ("smoothness", "smoothness", "",
     "1 - 1/(1 + variance), variance on a 0 to 1 scale: 0 where {c} is the same all over the {r}."),
    ("third_moment", "third moment", "grey levels",
     "The lean of the {c} histogram in the {r}: below 0 with a tail of dark spots, above 0 with a "
     "tail of bright ones."),
    ("uniformity", "uniformity", "",
     "The chance that two pixels of the {r} have the same {c} value: 1 where all are alike."),
    ("entropy", "entropy", "bits",
     "How unpredictable {c} is from pixel to pixel in the {r}: 0 where all are alike, 8 at most."),
)  # fmt: skip

# measure, title, unit, power of length, meaning; {r} is the outlined region.
_SHAPE: tuple[tuple[str, str, str, int, str], ...] = (
    ("area", "area", "px²", 2, "The number of pixels inside the outline of the {r}."),
    ("major_axis", "major axis", "px", 1,
     "The long axis of the ellipse that has the same spread as the {r}."),
    ("minor_axis", "minor axis", "px", 1,
     "The short axis of the ellipse that has the same spread as the {r}."),
    ("eccentricity", "eccentricity", "", 0,
     "How stretched the {r} is: 0 is a circle, close to 1 is a line."),
    ("orientation", "orientation", "°", 0,
     "The angle of the long axis of the {r} to the horizontal, counter-clockwise; it says how the "
     "cell lies on the slide and nothing of its class."),
    ("equivalent_diameter", "equivalent diameter", "px", 1,
     "The diameter of a circle of the same area as the {r}."),
    ("solidity", "solidity", "", 0,
     "The area of the {r} over that of its convex hull: 1 where the outline has no dents."),
    ("extent", "extent", "", 0,
     "The area of the {r} over that of the upright box around it."),
)  # fmt: skip

_OUTLINED = {"nucleus": "nucleus", "cytoplasm": "whole cell, nucleus included"}
_SEEN = {"nucleus": "nucleus", "cytoplasm": "cytoplasm, nucleus left out"}


def _texture(region: Region) -> list[Feature]:
    return [
        Feature(
            name=f"{region}_{colour}_{key}",
            region=region,
            title=f"{region.capitalize()} {colour} {title}",
            unit=unit,
            power=0,
            added=False,
            source=TEXTURE_SOURCE,
            meaning=meaning.format(c=colour, r=_SEEN[region]),
        )
        for colour in CHANNELS
        for key, title, unit, meaning in _TEXTURE
    ]


def _shape(region: Region) -> list[Feature]:
    return [
        Feature(
            name=f"{region}_{key}",
            region=region,
            title=f"{region.capitalize()} {title}",
            unit=unit,
            power=power,
            added=False,
            source=SHAPE_SOURCE,
            meaning=meaning.format(r=_OUTLINED[region]),
        )
        for key, title, unit, power, meaning in _SHAPE
    ]


def _added(
    name: str, region: Region, title: str, source: str, meaning: str, unit: str = ""
) -> Feature:
    return Feature(name, region, title, unit, 0, True, source, meaning)


_COMPACT = "4 pi area / perimeter²; Cox, J Paleontol 1927;1:179-183"
_BETHESDA = "nucleus to cytoplasm ratio as in the Bethesda System, 3rd edition"
_STAIN = (
    "How much {s} colour the {r} holds, by the stain colours of H&E; the Papanicolaou stain has "
    "other counterstains, so compare cells of one slide only."
)


def _additions() -> list[Feature]:
    stains = [
        _added(
            f"{region}_{stain}", region, f"{region.capitalize()} {stain} density", STAIN_SOURCE,
            _STAIN.format(s=stain, r=_SEEN[region]), "OD",
        )
        for region in ("nucleus", "cytoplasm")
        for stain in ("hematoxylin", "eosin")
    ]  # fmt: skip
    return [
        _added("nucleus_cytoplasm_ratio", "cell", "Nucleus to cytoplasm area", _BETHESDA,
               "The area of the nucleus over that of the cytoplasm without it: it rises in "
               "immature cells and in dysplasia."),
        _added("nucleus_cell_ratio", "cell", "Nucleus to cell area", _BETHESDA,
               "The part of the whole cell that the nucleus fills, from 0 to 1."),
        _added("nucleus_circularity", "nucleus", "Nucleus circularity", _COMPACT,
               "How close the nucleus is to a circle: 1 is a circle, less is stretched or ragged."),
        _added("cell_circularity", "cell", "Cell circularity", _COMPACT,
               "How close the whole cell is to a circle: 1 is a circle, less is stretched or "
               "ragged."),
        _added("nucleus_eccentric_location", "cell", "Nucleus off centre", "this project",
               "How far the nucleus lies from the middle of the cell, in radii of a circle of the "
               "cell's area: 0 is the middle."),
        _added("halo_contrast", "cytoplasm", "Halo contrast", "this project; Michelson contrast",
               "How much brighter the cytoplasm is near the nucleus than near the rim, from -1 to "
               "1: well above 0 where there is a halo, which alone does not make a koilocyte."),
        *stains,
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = (
    *_texture("nucleus"),
    *_shape("nucleus"),
    *_texture("cytoplasm"),
    *_shape("cytoplasm"),
    *_additions(),
)
_BY_NAME = {feature.name: feature for feature in FEATURES}


def feature_named(name: str) -> Feature:
    """The feature of this name. Raises MeasurementError for a name that is not in FEATURES."""
    if name not in _BY_NAME:
        raise MeasurementError(
            f"{name!r} is no feature; expected one of the {len(FEATURES)} names in "
            "morphology.FEATURES, such as 'nucleus_area'. Take the name from there."
        )
    return _BY_NAME[name]


def to_micrometres(name: str, value: float, micrometres_per_pixel: float) -> float:
    """The value of feature `name` in `metric_unit`: lengths times the scale, areas times its
    square, all else unchanged. Raises MeasurementError for a scale that is not above zero."""
    if not (math.isfinite(micrometres_per_pixel) and micrometres_per_pixel > 0):
        raise MeasurementError(
            f"The scale is {micrometres_per_pixel} micrometres a pixel; expected a number above 0. "
            "Give the scale of the scanner or camera, or leave it out to stay in pixels."
        )
    return value * micrometres_per_pixel ** feature_named(name).power
