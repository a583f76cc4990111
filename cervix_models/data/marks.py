"""The mark of a synthetic image: in its metadata, and as letters in its corner."""

from __future__ import annotations

import io
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, PngImagePlugin
from PIL import Image as PilImage

from cervix_models.contracts import Image
from cervix_models.errors import DataError

KEY = "cervix-synthetic"
SMALLEST_SIDE = 48  # below this the letters would cover the picture

# "SYN" in letters of 5 x 7 dots, white on black, with one dot of black around.
_LETTERS = (
    "...................",
    ".#####.#...#.#...#.",
    ".#.....#...#.##..#.",
    ".#.....#...#.##..#.",
    ".#####..#.#..#.#.#.",
    ".....#...#...#.#.#.",
    ".....#...#...#..##.",
    ".#####...#...#...#.",
    "...................",
)
_TEMPLATE: NDArray[np.uint8] = np.array(
    [[255 if dot == "#" else 0 for dot in line] for line in _LETTERS], np.uint8
)
_DOT = 96  # one dot of a letter for so many pixels of the shorter side
_LIKE = 0.55  # correlation of a marked corner: real cells reach 0.30, re-saved marks keep 0.62
_WIDTHS = tuple(0.08 * 1.025**step for step in range(75))  # of the shorter side, 8 to 50 %

_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt>'
    "</dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="w"?>'
)


def mark_synthetic(image: Image, about: str) -> bytes:
    """A PNG of `image` that says it is synthetic: in PNG text, XMP and EXIF, and in its corner.

    `about` says what made it. Raises DataError where the image is too small to carry the letters.
    """
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise DataError(
            f"The synthetic image is {width} x {height}; at least {SMALLEST_SIDE} pixels a side "
            "are needed for its visible mark. Make a larger one."
        )
    text = f"{KEY}: {about}"
    info = PngImagePlugin.PngInfo()
    info.add_itxt(KEY, about)
    info.add_itxt("XML:com.adobe.xmp", _XMP.format(text=escape(text)))
    exif = PilImage.Exif()
    exif[ExifTags.Base.ImageDescription] = text.encode("ascii", "replace").decode("ascii")
    out = io.BytesIO()
    PilImage.fromarray(_lettered(image)).save(out, "PNG", pnginfo=info, exif=exif)
    return out.getvalue()


def is_marked(picture: PilImage.Image) -> bool:
    """Whether a loaded picture carries our mark, in its metadata or in its corner."""
    return _says_so(picture) or _shows_it(picture)


def without_letters(image: Image) -> Image:
    """A copy of a picture that `mark_synthetic` made, what stands above the letters mirrored over
    them: their hard edges are no part of the cell, and would be taken for grain. A picture without
    them is given back as it is."""
    letters = _letters_for(image)
    rows, columns = letters.shape
    if not np.array_equal(image[-rows:, -columns:], np.repeat(letters[..., None], 3, axis=2)):
        return image
    out = image.copy()
    out[-rows:, -columns:] = image[-2 * rows : -rows, -columns:][::-1]
    return out


def _letters_for(image: Image) -> NDArray[np.uint8]:
    dot = max(1, round(min(image.shape[:2]) / _DOT))
    return np.kron(_TEMPLATE, np.ones((dot, dot), np.uint8))


def _lettered(image: Image) -> Image:
    """A copy of the image with the letters in its bottom right corner."""
    letters = _letters_for(image)
    out = image.copy()
    out[-letters.shape[0] :, -letters.shape[1] :] = letters[..., None]
    return out


def _says_so(picture: PilImage.Image) -> bool:
    exif = picture.getexif()
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    said = [*picture.info, *picture.info.values(), *exif.values(), *inner.values()]
    return any(_holds_key(each) for each in said)


def _holds_key(value: object) -> bool:
    raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
    return KEY.encode() in raw.replace(b"\0", b"")  # EXIF comments may be UTF-16


def _shows_it(picture: PilImage.Image) -> bool:
    """Whether some box in the bottom right corner looks like the letters, whatever its scale."""
    grey = picture.convert("L")
    rows, columns = _TEMPLATE.shape
    widths = [part * min(grey.size) for part in _WIDTHS]
    corners = [
        grey.resize(
            (columns, rows), PilImage.Resampling.BOX,
            box=(grey.width - width, grey.height - width * rows / columns, *grey.size),
        ).tobytes()
        for width in widths
        if width >= columns * 0.6
    ]  # fmt: skip
    seen = np.frombuffer(b"".join(corners), np.uint8).reshape(-1, rows * columns)
    return bool((_centred(seen) @ _centred(_TEMPLATE.reshape(1, -1))[0] > _LIKE).any())


def _centred(values: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Each row `(n, k)` less its mean, of length one; zero where it is all alike."""
    spread = values - values.mean(axis=1, keepdims=True)
    length = np.sqrt(np.square(spread).sum(axis=1, keepdims=True))
    return spread / np.maximum(length, 1e-9)
