"""The door: bytes of an upload become checked pixels without metadata, or a sentence why not."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from PIL import Image as PilImage
from PIL import ImageCms, ImageOps, UnidentifiedImageError

from cervix_models.contracts import CellImage, Image
from cervix_models.errors import IntakeError

from .marks import is_marked
from .pictures import png_of
from .scale import scale_in

ACCEPTED = ("PNG", "JPEG", "BMP", "TIFF")
NAMED = ("GIF", "WEBP", "JPEG2000", "ICO", "PSD", "PPM")  # recognised only to be named
WANTED = "a PNG, JPEG, BMP or TIFF picture of one cell was expected"
MEGA = 1_000_000

_ORIENTATION = 0x0112  # EXIF 2.32, tag Orientation
_BITS = 258  # TIFF 6.0, tag BitsPerSample
_REFUSED_MODES = {
    "I": "32-bit integers",
    "F": "decimal numbers",
    "LAB": "Lab colours",
    "HSV": "HSV colours",
}

# What Pillow's decoders raise on damaged files.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class Limits:
    """The largest and smallest upload that is taken."""

    file_bytes: int = 50 * MEGA
    pixels: int = 64 * MEGA  # read from the header, before anything is decoded
    side: int = 16  # pixels of the shorter side


def take_cell_image(upload: bytes, filename: str, limits: Limits = Limits()) -> CellImage:
    """The checked pixels of an upload, with its metadata dropped, and the PNG to store.

    The name only serves in messages; the kind of file is read from its content. Raises IntakeError
    with a sentence for each thing that can be wrong.
    """
    taken = take_pixels(upload, filename, limits)
    png = png_of(taken.pixels)
    return CellImage(
        pixels=taken.pixels,
        sha256=hashlib.sha256(png).hexdigest(),
        png=png,
        synthetic=taken.synthetic,
        warnings=taken.warnings,
        micrometres_per_pixel=taken.micrometres_per_pixel,
    )


@dataclass(frozen=True)
class Taken:
    """What came through the door, before it is stored."""

    pixels: Image
    synthetic: bool  # carries our mark of a generated picture
    warnings: tuple[str, ...]
    micrometres_per_pixel: float | None = None  # by the file, where it says so


def take_pixels(upload: bytes, filename: str, limits: Limits = Limits()) -> Taken:
    """The checked pixels of an upload that is not to be stored. Raises as take_cell_image does."""
    name = shown_name(filename)
    _check_bytes(upload, name, limits)
    with _opened(upload, name, limits) as picture:
        _check_header(picture, name, limits)
        _load(picture, name)
        synthetic = is_marked(picture)
        flat, warnings = _flattened(picture, name, upload)
        scale = scale_in(picture)
    if scale is not None:
        warnings.append(f"The file gives its scale as {scale:.3g} µm per pixel.")
    return Taken(np.asarray(flat), synthetic, tuple(warnings), scale)


def refuse_generated(name: str, wanted: str, instead: str = "") -> NoReturn:
    """Raises IntakeError for a picture with our mark, by its shown name: a photograph of a real
    `wanted` (cell, field) was expected; `instead` says what to choose."""
    choose = f": choose {instead} instead" if instead else ""
    raise IntakeError(
        f"{name} carries the mark of a generated picture; a photograph of a real {wanted} was "
        f"expected. Generated cells are not read{choose}."
    )


def shown_name(filename: str) -> str:
    """The last part of a file name, fit to be shown: no folders or control characters, short."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    clean = "".join(ch for ch in last if ch.isprintable()).strip(". ")
    if len(clean) > 60:
        clean = f"{clean[:40]}…{clean[-19:]}"
    return clean or "The upload"


def _check_bytes(upload: bytes, name: str, limits: Limits) -> None:
    if not upload:
        raise IntakeError(f"{name} is empty (0 bytes); {WANTED}. Export the picture again.")
    if len(upload) > limits.file_bytes:
        raise IntakeError(
            f"{name} is {len(upload) / MEGA:.0f} MB; at most {limits.file_bytes / MEGA:.0f} MB "
            "were expected. Cut out one cell, or save it as PNG or JPEG."
        )


def _opened(upload: bytes, name: str, limits: Limits) -> PilImage.Image:
    """The picture with its header read, whatever its name says."""
    try:
        return PilImage.open(io.BytesIO(upload), formats=ACCEPTED + NAMED)
    except PilImage.DecompressionBombError:
        raise IntakeError(_too_large(name, "far too many pixels", limits)) from None
    except UnidentifiedImageError:
        raise IntakeError(f"{name} {_what_else(upload)}") from None
    except _DAMAGE as error:
        raise IntakeError(_damaged(name, error)) from error


def _what_else(upload: bytes) -> str:
    """The rest of a sentence on a file that Pillow does not know."""
    start = upload[:4096].decode("utf-8", "ignore").lstrip("\ufeff \t\r\n")
    if start.startswith("<") and "<svg" in start:
        return f"is an SVG drawing, not pixels; {WANTED}. Export it from your viewer as PNG."
    readable = all(ch.isprintable() or ch.isspace() for ch in start)
    if readable and len(start.encode()) > 0.9 * len(upload[:4096]):
        return f"holds text, whatever its name says; {WANTED}. Choose the picture itself."
    return f"is no picture that can be read, or its header is damaged; {WANTED}. Export it again."


def _check_header(picture: PilImage.Image, name: str, limits: Limits) -> None:
    """Refuses by what the header says: format, number of pictures, size."""
    frames = _frames(picture, name)
    if picture.format in ("GIF", "PNG", "WEBP") and frames > 1:
        raise IntakeError(
            f"{name} is an animation of {frames} pictures; {WANTED}. Save the one picture you "
            "mean as PNG."
        )
    if picture.format not in (*ACCEPTED, "MPO"):  # MPO: a JPEG of several, from some cameras
        raise IntakeError(
            f"{name} is a {picture.format} file; {WANTED}. Save it as PNG, which loses nothing."
        )
    if picture.format == "TIFF" and frames > 1:
        raise IntakeError(
            f"{name} is a TIFF of {frames} pages (a whole slide or a stack?); {WANTED}. Save the "
            "one page you mean as PNG."
        )
    width, height = picture.size
    if width * height > limits.pixels:
        raise IntakeError(_too_large(name, f"{width} x {height} pixels", limits))
    if min(width, height) < limits.side:
        raise IntakeError(
            f"{name} is {width} x {height} pixels; at least {limits.side} a side were expected. "
            "Upload the cell at the size the microscope gave."
        )


def _frames(picture: PilImage.Image, name: str) -> int:
    try:
        return int(getattr(picture, "n_frames", 1))
    except _DAMAGE as error:
        raise IntakeError(_damaged(name, error)) from error


def _load(picture: PilImage.Image, name: str) -> None:
    try:
        picture.load()
    except PilImage.DecompressionBombError as error:
        raise IntakeError(_damaged(name, error)) from error
    except _DAMAGE as error:
        raise IntakeError(_damaged(name, error)) from error


def _flattened(
    picture: PilImage.Image, name: str, upload: bytes
) -> tuple[PilImage.Image, list[str]]:
    """The picture upright, in 8-bit RGB, and a sentence on each thing that was changed."""
    warnings: list[str] = []
    if picture.format == "MPO" and getattr(picture, "n_frames", 1) > 1:
        warnings.append("The file held several pictures; the first was taken.")
    upright = _upright(picture, warnings)
    if _is_sixteen_bit(picture, upload):
        upright = _eight_bit(upright)
        warnings.append("The picture had 16 bits a colour; it was scaled to 8.")
    if upright.mode in _REFUSED_MODES:
        raise IntakeError(
            f"{name} holds {_REFUSED_MODES[upright.mode]}; 8 or 16 bits a colour in RGB or grey "
            "were expected. Export it as an 8-bit RGB PNG."
        )
    if "A" in upright.getbands() or "a" in upright.getbands() or "transparency" in upright.info:
        upright = _on_white(upright, warnings)
    if upright.mode == "CMYK":
        warnings.append("The picture was in print colours (CMYK); it was converted to RGB.")
    if upright.mode in ("1", "L"):
        warnings.append("The picture is grey; the models know stained cells in colour.")
    return _to_srgb(upright, picture.info.get("icc_profile"), warnings), warnings


def _upright(picture: PilImage.Image, warnings: list[str]) -> PilImage.Image:
    try:
        turned = ImageOps.exif_transpose(picture)
    except _DAMAGE:
        warnings.append("The file's metadata is damaged; whether it should be turned is not known.")
        return picture.copy()
    if picture.getexif().get(_ORIENTATION, 1) != 1:
        warnings.append("The picture was turned upright, as its metadata asked.")
    return turned


def _is_sixteen_bit(picture: PilImage.Image, upload: bytes) -> bool:
    if picture.mode.startswith("I;16"):
        return True
    if picture.format == "PNG":
        return bool(upload[24] == 16)  # bit depth in IHDR, the first chunk of every PNG
    if picture.format == "TIFF":
        bits = picture.getexif().get(_BITS, (8,))
        return bool(max(bits if isinstance(bits, tuple) else (bits,)) == 16)
    return False


def _eight_bit(picture: PilImage.Image) -> PilImage.Image:
    """The picture scaled from 16 bits; Pillow has done so already where it has three colours."""
    if not picture.mode.startswith("I"):
        return picture
    values = np.asarray(picture).astype(np.uint32)
    return PilImage.fromarray(((values + 128) // 257).astype(np.uint8))


def _on_white(picture: PilImage.Image, warnings: list[str]) -> PilImage.Image:
    layered = picture.convert("RGBA")
    if layered.getchannel("A").getextrema() != (255, 255):
        warnings.append("The picture had transparent parts; they were laid on white.")
    white = PilImage.new("RGBA", layered.size, "white")
    return PilImage.alpha_composite(white, layered).convert("RGB")


def _to_srgb(picture: PilImage.Image, profile: bytes | None, warnings: list[str]) -> PilImage.Image:
    """The picture in sRGB, by its colour profile where it has a usable one."""
    if profile and picture.mode in ("RGB", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            title = ImageCms.getProfileDescription(source).strip()
            if "srgb" not in title.lower():
                target = ImageCms.createProfile("sRGB")
                converted = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
                warnings.append(f"The colours were converted from the profile {title!r} to sRGB.")
                return converted or picture.convert("RGB")
        except (ImageCms.PyCMSError, OSError):
            warnings.append("The picture's colour profile could not be used; it was dropped.")
    return picture.convert("RGB")


def _too_large(name: str, given: str, limits: Limits) -> str:
    return (
        f"{name} has {given}; at most {limits.pixels / MEGA:.0f} megapixels were expected. Cut out "
        "one cell with a little background."
    )


def _damaged(name: str, error: Exception) -> str:
    return (
        f"{name} is damaged or cut short and does not decode ({error}); a whole file was expected. "
        "Copy or export it again."
    )
