"""What a picture of a cell is like, in a few plain measures, and how it stands among real ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cervix_models.contracts import Image
from cervix_models.errors import MeasurementError
from cervix_models.language import later

Pixels = NDArray[np.float64]  # (height, width) or (height, width, 3), 0..1
Values = NDArray[np.float64]  # (n,), of one measure

FEWEST = 20  # cells that others are measured against
TAIL = 0.05  # of them on either side; what lies beyond is told
FINE = 0.25  # cycles a pixel, half of what pixels can show; from there on it is grain
LEAST = 1e-9  # energy that counts as none
BESIDE = np.array([-4, -3, -2, 2, 3, 4])  # steps of frequency from a gap
EDGE = 0.95  # the part of the pixels whose slope is less than what counts as the edge
GREY = (0.299, 0.587, 0.114)  # Rec. 601


@dataclass(frozen=True)
class Trait:
    """One measure, and what is told of a picture that has less or more of it than `percent` % of
    the real cells of a class, or than all of them: sentences to be translated."""

    name: str  # the key of the measure; the same in every language
    less: str
    more: str
    least: str
    most: str


TRAITS = (
    Trait(
        "finest detail",
        later("Its finest detail is weaker than in {percent} % of real {label} cells."),
        later("Its finest detail is stronger than in {percent} % of real {label} cells."),
        later("Its finest detail is weaker than in all the real {label} cells that were measured."),
        later(
            "Its finest detail is stronger than in all the real {label} cells that were measured."
        ),
    ),
    Trait(
        "grain",
        later("Its grain is weaker than in {percent} % of real {label} cells."),
        later("Its grain is stronger than in {percent} % of real {label} cells."),
        later("Its grain is weaker than in all the real {label} cells that were measured."),
        later("Its grain is stronger than in all the real {label} cells that were measured."),
    ),
    Trait(
        "spread of colours",
        later("Its spread of colours is narrower than in {percent} % of real {label} cells."),
        later("Its spread of colours is wider than in {percent} % of real {label} cells."),
        later(
            "Its spread of colours is narrower than in all the real {label} cells that were "
            "measured."
        ),
        later(
            "Its spread of colours is wider than in all the real {label} cells that were measured."
        ),
    ),
    Trait(
        "background",
        later("Its background is more even than in {percent} % of real {label} cells."),
        later("Its background is less even than in {percent} % of real {label} cells."),
        later("Its background is more even than in all the real {label} cells that were measured."),
        later("Its background is less even than in all the real {label} cells that were measured."),
    ),
    Trait(
        "edge contrast",
        later("Its edge contrast is weaker than in {percent} % of real {label} cells."),
        later("Its edge contrast is stronger than in {percent} % of real {label} cells."),
        later("Its edge contrast is weaker than in all the real {label} cells that were measured."),
        later(
            "Its edge contrast is stronger than in all the real {label} cells that were measured."
        ),
    ),
    Trait(
        "trace of upsampling",
        later("Its trace of upsampling is weaker than in {percent} % of real {label} cells."),
        later("Its trace of upsampling is stronger than in {percent} % of real {label} cells."),
        later(
            "Its trace of upsampling is weaker than in all the real {label} cells that were "
            "measured."
        ),
        later(
            "Its trace of upsampling is stronger than in all the real {label} cells that were "
            "measured."
        ),
    ),
)


@dataclass(frozen=True)
class Oddity:
    """A measure by which a picture lies at the rim of others, or beyond it."""

    trait: Trait
    more: bool  # than the others, or less
    beyond: float  # the part of the others that it has more, or less, of it than


def traits_of(image: Image) -> dict[str, float]:
    """The measures of a picture, by name: the variance of its Laplacian, the part of its energy at
    high frequencies, the spread of opponent colours in its middle, that of grey at its rim, the
    steepest slopes, and how deep the gaps of its spectrum are that enlarging by a network leaves.
    The middle is the ellipse that fits the frame."""
    pixels = image.astype(np.float64) / 255
    grey = pixels @ GREY
    inside = _ellipse(grey.shape)
    slopes = np.hypot(ndimage.sobel(grey, 0), ndimage.sobel(grey, 1))
    energy = _energy(grey)
    found = (
        float(ndimage.laplace(grey).var()),
        _grain(energy),
        _colours(pixels)[inside].std(0).sum(),
        grey[~inside].std(),
        np.quantile(slopes, EDGE),
        _gaps(energy),
    )
    return {each.name: float(value) for each, value in zip(TRAITS, found, strict=True)}


def oddest(
    values: Mapping[str, float], others: Sequence[Mapping[str, float]] | Mapping[str, Values]
) -> Oddity | None:
    """The measure by which `values` lie farthest out among `others`, or None where all lie within
    their middle 90 %.

    Raises MeasurementError where there are fewer others than FEWEST.
    """
    table = others if isinstance(others, Mapping) else table_of(others)
    count = len(table[TRAITS[0].name])
    if count < FEWEST:
        raise MeasurementError(
            f"{count} cells were given to measure another against; at least {FEWEST} were "
            "expected. Import more."
        )
    found = []
    for trait in TRAITS:
        value, known = values[trait.name], table[trait.name]
        for more, beyond in (
            (True, float((known < value).mean())), (False, float((known > value).mean()))
        ):  # fmt: skip
            if beyond > 1 - TAIL:
                found.append((beyond, _far(value, known), Oddity(trait, more, beyond)))
    return max(found, key=lambda each: each[:2])[2] if found else None


def table_of(found: Sequence[Mapping[str, float]]) -> dict[str, Values]:
    """The values of each measure `(n,)` of several pictures."""
    return {each.name: np.array([values[each.name] for values in found]) for each in TRAITS}


def _far(value: float, known: Values) -> float:
    """How far a value lies from the middle of others, in spreads of theirs."""
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    return float(abs(value - middle) / max(high - low, 1e-12))


def _ellipse(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    y, x = (2 * (np.arange(side) + 0.5) / side - 1 for side in shape)
    return (y[:, None] ** 2 + x[None] ** 2) < 1


def _energy(grey: Pixels) -> Pixels:
    """The energy `(height, width)` at each frequency, all but the mean; the picture fades out
    towards its rim, as what is cut there would count as fine."""
    window = np.hanning(grey.shape[0])[:, None] * np.hanning(grey.shape[1])
    return np.asarray(np.abs(np.fft.fft2((grey - grey.mean()) * window)) ** 2)


def _grain(energy: Pixels) -> float:
    """The part of the energy above FINE."""
    high = np.hypot(*(np.meshgrid(*map(np.fft.fftfreq, energy.shape), indexing="ij"))) > FINE
    return float(energy[high].sum() / max(energy.sum(), LEAST))


def _gaps(energy: Pixels) -> float:
    """How far the energy at a half and at a quarter of the pixels' frequency, down and across,
    lies below that of the frequencies beside it, as a logarithm: enlarging maps by two leaves its
    pattern there (compare Odena et al., Deconvolution and checkerboard artifacts, Distill 2016)."""
    lines = [np.log(energy + LEAST).mean(axis) for axis in (1, 0)]
    depths = [
        np.median(line[(at + BESIDE) % len(line)]) - line[at]
        for line in lines
        for at in (len(line) // 2, len(line) // 4)
    ]
    return float(np.mean(depths))


def _colours(pixels: Pixels) -> Pixels:
    """Red against green, and both against blue `(height, width, 2)`."""
    red, green, blue = np.moveaxis(pixels, -1, 0)
    return np.stack([red - green, (red + green) / 2 - blue], axis=-1)
