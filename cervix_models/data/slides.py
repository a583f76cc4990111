"""Whole fields and slides, region by region: a picture in memory, or a file of any size."""

from __future__ import annotations

import hashlib
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import openslide
from PIL import Image as PilImage

from cervix_models.contracts import Image
from cervix_models.data.intake import refuse_generated, take_pixels
from cervix_models.errors import IntakeError

log = logging.getLogger(__name__)

SMALL = 40_000_000  # pixels of a picture that is read into memory whole
ENDS = 2**20  # bytes at either end of a file that tell it from others
OVERVIEW_ROWS = 96  # of an overview that are made at once


class FieldSource(Protocol):
    """A field that can be looked at in parts."""

    @property
    def width(self) -> int:
        """Pixels."""
        ...

    @property
    def height(self) -> int:
        """Pixels."""
        ...

    @property
    def micrometres_per_pixel(self) -> float | None:
        """By the file, or None where it does not say."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was changed as it was opened, in sentences."""
        ...

    @property
    def shrinks(self) -> tuple[float, ...]:
        """How many times smaller the pictures are that it keeps of itself, 1 first."""
        ...

    def region(self, left: int, top: int, width: int, height: int) -> Image:
        """A part of the field; all of it lies inside."""
        ...

    def overview(self, side: int) -> Image:
        """The whole field, at most `side` pixels wide and high."""
        ...

    def shrunk(self, left: int, top: int, width: int, height: int, shrink: int) -> Image:
        """A part of the field `shrink` times smaller, each side rounded up; all of it lies inside.

        Made from at least so many pixels, where there are so many; memory stays that of the part.
        """
        ...


@dataclass(frozen=True)
class Picture:
    """A field that lies in memory."""

    pixels: Image
    micrometres_per_pixel: float | None = None
    warnings: tuple[str, ...] = ()
    marked: Image | None = None  # the same with letters that say it is generated, to be shown
    shrinks: tuple[float, ...] = (1.0,)

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[0])

    def region(self, left: int, top: int, width: int, height: int) -> Image:
        """A part of the field."""
        return self.pixels[top : top + height, left : left + width]

    def overview(self, side: int) -> Image:
        """The whole field, with its letters where it has some."""
        shown = self.pixels if self.marked is None else self.marked
        return _within(PilImage.fromarray(shown), side)

    def shrunk(self, left: int, top: int, width: int, height: int, shrink: int) -> Image:
        """A part of the field, smaller."""
        return _smaller(self.region(left, top, width, height), width, height, shrink)


class Slide:
    """A whole slide, or a large tiled TIFF, read by OpenSlide as it is looked at."""

    warnings: tuple[str, ...] = ()

    def __init__(self, slide: openslide.OpenSlide) -> None:
        """Keeps the open slide."""
        self._slide = slide
        self.width, self.height = slide.dimensions
        self.shrinks = tuple(slide.level_downsamples)
        given = slide.properties.get(openslide.PROPERTY_NAME_MPP_X)
        self.micrometres_per_pixel = float(given) if given else None
        # In a scanner's own format, or in several levels: no program reads it as one picture.
        vendor = slide.properties.get(openslide.PROPERTY_NAME_VENDOR)
        self.scanned = vendor != "generic-tiff" or slide.level_count > 1

    def region(self, left: int, top: int, width: int, height: int) -> Image:
        """A part of the slide at its full size, where it has no picture white."""
        return self._read(left, top, 0, (width, height))

    def shrunk(self, left: int, top: int, width: int, height: int, shrink: int) -> Image:
        """A part of the slide, smaller, from its smallest level that is large enough."""
        level = self._slide.get_best_level_for_downsample(shrink)
        by = self._slide.level_downsamples[level]
        size = (max(1, round(width / by)), max(1, round(height / by)))
        return _smaller(self._read(left, top, level, size), width, height, shrink)

    def _read(self, left: int, top: int, level: int, size: tuple[int, int]) -> Image:
        try:
            found = self._slide.read_region((left, top), level, size)
        except openslide.OpenSlideError as problem:
            raise _broken("The slide", problem) from problem
        # Slides have no pixels where nothing was scanned; there it is white.
        white = PilImage.new("RGBA", found.size, "white")
        return np.asarray(PilImage.alpha_composite(white, found).convert("RGB"))

    def overview(self, side: int) -> Image:
        """The whole slide, from its smallest level that is large enough.

        A file of one level is looked at band by band, so that memory stays small.
        """
        if self._slide.level_count > 1:
            return np.asarray(self._slide.get_thumbnail((side, side)).convert("RGB"))
        shrink = max(1.0, max(self.width, self.height) / side)
        width, height = (max(1, round(each / shrink)) for each in (self.width, self.height))
        rows = []
        for low in range(0, height, OVERVIEW_ROWS):
            high = min(height, low + OVERVIEW_ROWS)
            top, bottom = (round(each / height * self.height) for each in (low, high))
            band = PilImage.fromarray(self.region(0, top, self.width, bottom - top))
            rows.append(np.asarray(band.resize((width, high - low), PilImage.Resampling.BOX)))
        return np.concatenate(rows)


@dataclass(frozen=True)
class Part:
    """A part of a slide that is read as a field of its own; all of it lies inside."""

    whole: FieldSource
    left: int
    top: int
    width: int
    height: int

    @property
    def micrometres_per_pixel(self) -> float | None:
        """Of the whole."""
        return self.whole.micrometres_per_pixel

    @property
    def warnings(self) -> tuple[str, ...]:
        """Of the whole."""
        return self.whole.warnings

    @property
    def shrinks(self) -> tuple[float, ...]:
        """Of the whole."""
        return self.whole.shrinks

    def region(self, left: int, top: int, width: int, height: int) -> Image:
        """A part of this part."""
        return self.whole.region(self.left + left, self.top + top, width, height)

    def shrunk(self, left: int, top: int, width: int, height: int, shrink: int) -> Image:
        """A part of this part, smaller."""
        return self.whole.shrunk(self.left + left, self.top + top, width, height, shrink)

    def overview(self, side: int) -> Image:
        """The whole part."""
        shrink = max(1, math.ceil(max(self.width, self.height) / side))
        return self.shrunk(0, 0, self.width, self.height, shrink)


def identity_of(path: Path) -> str:
    """What tells a slide from others whatever its name is: OpenSlide's own hash where it gives one,
    else one of the length, the beginning and the end of the file. Raises OSError."""
    if openslide.OpenSlide.detect_format(path):
        try:
            with openslide.OpenSlide(path) as slide:
                if found := slide.properties.get(openslide.PROPERTY_NAME_QUICKHASH1):
                    return str(found)
        except openslide.OpenSlideError as problem:
            log.info("%s has no hash of OpenSlide's: %s", path.name, problem)
    digest = hashlib.sha256(str(path.stat().st_size).encode())
    with path.open("rb") as file:
        digest.update(file.read(ENDS))
        file.seek(max(0, path.stat().st_size - ENDS))
        digest.update(file.read(ENDS))
    return digest.hexdigest()


def open_field(path: Path) -> FieldSource:
    """The field in a file: a picture of at most 40 megapixels, or a slide or tiled TIFF of any
    size. The label of a slide, which may name a person, is never looked at.

    Raises IntakeError where it is neither.
    """
    if not path.is_file():
        raise IntakeError(f"{path} is no file; a picture or a slide was expected. Check the path.")
    if openslide.OpenSlide.detect_format(path):
        try:
            slide = Slide(openslide.OpenSlide(path))
        except openslide.OpenSlideError as problem:
            raise _broken(path.name, problem) from problem
        if slide.scanned or slide.width * slide.height > SMALL:
            return slide
    try:
        with PilImage.open(path) as opened:
            pixels = opened.width * opened.height
    except (OSError, PilImage.DecompressionBombError):
        pixels = 0  # the door says what is wrong
    if pixels > SMALL:
        raise IntakeError(
            f"{path.name} has {pixels / 1e6:.0f} megapixels in one piece; a picture of at most "
            f"{SMALL / 1e6:.0f}, or a larger one in tiles was expected. Save it as a tiled TIFF, "
            "for instance with: vips tiffsave IN OUT.tif --tile --pyramid --compression jpeg"
        )
    taken = take_pixels(path.read_bytes(), path.name)
    if taken.synthetic:
        refuse_generated(path.name, "field")
    return Picture(taken.pixels, taken.micrometres_per_pixel, taken.warnings)


def _broken(what: str, problem: Exception) -> IntakeError:
    return IntakeError(
        f"{what} cannot be read as a slide ({problem}); a whole file was expected. Copy it again."
    )


def _smaller(pixels: Image, width: int, height: int, shrink: int) -> Image:
    size = (math.ceil(width / shrink), math.ceil(height / shrink))
    if pixels.shape[1::-1] == size:
        return pixels
    return np.asarray(PilImage.fromarray(pixels).resize(size, PilImage.Resampling.BOX))


def _within(picture: PilImage.Image, side: int) -> Image:
    copy = picture.copy()
    copy.thumbnail((side, side), PilImage.Resampling.BOX)
    return np.asarray(copy)
