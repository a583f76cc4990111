"""How many micrometres a pixel is, by what a picture's file says.

In this order: OME-XML (PhysicalSizeX), the description of ImageJ (unit, with the resolution in
pixels a unit), and the resolution in dots per inch or centimetre that PNG, JPEG, BMP and TIFF know.
Resolutions for print and screen (72 to 1,200 a inch) are no microscope's and are passed over.
"""

from __future__ import annotations

import re

from PIL import Image as PilImage

SCALE = (0.01, 10.0)  # micrometres a pixel that a light microscope can give
INCH = 25_400.0  # micrometres
ALIKE = 0.01  # part by which the scales of both axes may differ

_DESCRIPTION, _X, _Y = 270, 282, 283  # TIFF 6.0: tags of text and of resolution
_MICROMETRES = {"nm": 1e-3, "um": 1.0, "µm": 1.0, "μm": 1.0, "micron": 1.0, "mm": 1e3}
_OME = re.compile(r'PhysicalSize([XY])\s*=\s*"([0-9.eE+-]+)"')
_OME_UNIT = re.compile(r'PhysicalSize([XY])Unit\s*=\s*"([^"]+)"')
_IMAGEJ_UNIT = re.compile(r"^unit=(\S+)", re.MULTILINE)


def scale_in(picture: PilImage.Image) -> float | None:
    """The micrometres a pixel of an opened picture; None where the file does not say, says what no
    light microscope gives, or says two things of its two axes."""
    try:
        across, down = _said(picture)
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return None
    low, high = SCALE
    if not (low <= across <= high and abs(across - down) <= ALIKE * across):
        return None
    return across


def _said(picture: PilImage.Image) -> tuple[float, float]:
    """The micrometres a pixel of both axes, whatever they are. Raises what bad values raise."""
    tags = picture.getexif() if picture.format == "TIFF" else {}
    text = _utf8(str(tags.get(_DESCRIPTION, ""))).replace("\\u00B5", "µ")
    if "<OME" in text:
        sizes = {axis: float(value) for axis, value in _OME.findall(text)}
        units = dict(_OME_UNIT.findall(text))
        x, y = (sizes[axis] * _MICROMETRES[units.get(axis, "µm")] for axis in "XY")
    elif text.startswith("ImageJ=") and (unit := _IMAGEJ_UNIT.search(text)):
        x, y = (_MICROMETRES[unit[1]] / float(tags[tag]) for tag in (_X, _Y))
    else:
        x, y = (INCH / float(each) for each in picture.info["dpi"])
    return x, y


def _utf8(text: str) -> str:
    """A text of UTF-8 that was read as Latin-1, as Pillow reads those of TIFF, set right."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
