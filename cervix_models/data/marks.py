"""The mark of a synthetic image: in its metadata, and as letters in its corner.

A picture of a round that asks whether it is real carries question marks instead, real or made."""

from __future__ import annotations

import io
from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, PngImagePlugin
from PIL import Image as PilImage

from cervix_models.contracts import Image
from cervix_models.errors import DataError

KEY = "cervix-synthetic"
ASKED = "a picture of a real-or-fake round; may be synthetic"
SMALLEST_SIDE = 48  # below this the letters would cover the picture

# Letters of 5 x 7 dots, white on black, with one dot of black around; both of one size.
_SYN = (
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
_QUESTION = (
    "...................",
    "..###...###...###..",
    ".#...#.#...#.#...#.",
    ".....#.....#.....#.",
    "....#.....#.....#..",
    "...#.....#.....#...",
    "...................",
    "...#.....#.....#...",
    "...................",
)
_MADE, _OPEN = (
    np.array([[255 if dot == "#" else 0 for dot in line] for line in letters], np.uint8)
    for letters in (_SYN, _QUESTION)
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
    return _marked(image, about, _MADE)


def synthetic_film(
    images: Sequence[Image], about: str, times: Sequence[int], quality: int
) -> bytes:
    """An animated WebP of images of one size, each shown for so many milliseconds, that says it is
    synthetic: in its EXIF, and in the corner of every image.

    Raises DataError as `mark_synthetic` does.
    """
    for each in images:
        _check_size(each)
    first, *others = [PilImage.fromarray(_lettered(each, _MADE)) for each in images]
    out = io.BytesIO()
    first.save(
        out, "WEBP", save_all=True, append_images=others, duration=list(times), loop=0,
        quality=quality, method=6, exif=_exif(f"{KEY}: {about}"),
    )  # fmt: skip
    return out.getvalue()


def mark_asked(image: Image) -> bytes:
    """A PNG of `image` that does not tell whether it is real: question marks stand where the
    letters of a made one would, and the file says that it may be synthetic.

    Raises DataError as `mark_synthetic` does.
    """
    return _marked(image, ASKED, _OPEN)


def _marked(image: Image, about: str, letters: NDArray[np.uint8]) -> bytes:
    _check_size(image)
    text = f"{KEY}: {about}"
    info = PngImagePlugin.PngInfo()
    info.add_itxt(KEY, about)
    info.add_itxt("XML:com.adobe.xmp", _XMP.format(text=escape(text)))
    out = io.BytesIO()
    PilImage.fromarray(_lettered(image, letters)).save(out, "PNG", pnginfo=info, exif=_exif(text))
    return out.getvalue()


def _check_size(image: Image) -> None:
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise DataError(
            f"The synthetic image is {width} x {height}; at least {SMALLEST_SIDE} pixels a side "
            "are needed for its visible mark. Make a larger one."
        )


def _exif(text: str) -> PilImage.Exif:
    exif = PilImage.Exif()
    exif[ExifTags.Base.ImageDescription] = text.encode("ascii", "replace").decode("ascii")
    return exif


def is_marked(picture: PilImage.Image) -> bool:
    """Whether a loaded picture carries our mark, in its metadata or in its corner."""
    return _says_so(picture) or _shows_it(picture)


def about_of(picture: PilImage.Image) -> str | None:
    """What the metadata of a picture say made it; None where they do not carry our mark."""
    said = str(picture.getexif().get(ExifTags.Base.ImageDescription, ""))
    return said.partition(f"{KEY}: ")[2] or None


def without_letters(image: Image) -> Image:
    """A copy of a picture that `mark_synthetic` or `mark_asked` made, with its letters covered as
    `with_covered_corner` does: their hard edges are no part of the cell, and would be taken for
    grain. A picture without them is given back as it is."""
    for template in (_MADE, _OPEN):
        letters = _enlarged(template, image)
        rows, columns = letters.shape
        if np.array_equal(image[-rows:, -columns:], np.repeat(letters[..., None], 3, axis=2)):
            return with_covered_corner(image)
    return image


def with_covered_corner(image: Image) -> Image:
    """A copy of a picture, what stands above the corner of the letters mirrored over it, whether
    there are letters or not: so pictures with and without them can be compared."""
    rows, columns = _enlarged(_MADE, image).shape
    out = image.copy()
    out[-rows:, -columns:] = image[-2 * rows : -rows, -columns:][::-1]
    return out


def _enlarged(template: NDArray[np.uint8], image: Image) -> NDArray[np.uint8]:
    """Letters `(rows, columns)` at the size that they have on a picture."""
    dot = max(1, round(min(image.shape[:2]) / _DOT))
    return np.kron(template, np.ones((dot, dot), np.uint8))


def _lettered(image: Image, template: NDArray[np.uint8]) -> Image:
    """A copy of the image with the letters in its bottom right corner."""
    letters = _enlarged(template, image)
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
    """Whether some box in the bottom right corner looks like our letters, whatever its scale."""
    grey = picture.convert("L")
    rows, columns = _MADE.shape
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
    letters = np.stack([_MADE.ravel(), _OPEN.ravel()])
    return bool((_centred(seen) @ _centred(letters).T > _LIKE).any())


def _centred(values: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Each row `(n, k)` less its mean, of length one; zero where it is all alike."""
    spread = values - values.mean(axis=1, keepdims=True)
    length = np.sqrt(np.square(spread).sum(axis=1, keepdims=True))
    return spread / np.maximum(length, 1e-9)
