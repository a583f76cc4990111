from __future__ import annotations

import hashlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from cervix_models.data.intake import Limits, shown_name, take_cell_image
from cervix_models.errors import IntakeError
from tests.data.made import pixels

CELL = pixels(7, 80, 60)
WHITE = (255, 255, 255)


def encoded(picture: Image.Image | np.ndarray, kind: str = "PNG", **options) -> bytes:
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + rows + chunk(b"IEND", b"")


def rgb16_tiff(values: np.ndarray) -> bytes:
    """A little-endian, uncompressed TIFF 6.0 of 16-bit RGB: one strip, the directory at its end."""
    height, width, _ = values.shape
    data = values.astype("<u2").tobytes()
    bits_at = 8 + len(data)
    tags = [
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, 3, bits_at),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 8),
        (277, 3, 1, 3),
        (278, 3, 1, height),
        (279, 4, 1, len(data)),
    ]
    directory = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    bits = struct.pack("<HHH", 16, 16, 16)
    head = struct.pack("<2sHI", b"II", 42, bits_at + len(bits))
    return head + data + bits + struct.pack("<H", len(tags)) + directory + b"\0\0\0\0"


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_pixels_of_a_lossless_file_come_through_as_they_are(kind) -> None:
    taken = take_cell_image(encoded(CELL, kind), "cell")
    np.testing.assert_array_equal(taken.pixels, CELL)
    assert taken.pixels.dtype == np.uint8
    assert taken.warnings == ()
    assert not taken.synthetic


def test_a_jpeg_is_taken_whatever_its_name_says() -> None:
    taken = take_cell_image(encoded(CELL, "JPEG", quality=95, subsampling=0), "cell.png")
    assert np.abs(taken.pixels.astype(int) - CELL).mean() < 5
    assert taken.warnings == ()


def test_the_stored_png_holds_the_pixels_and_is_named_by_its_hash() -> None:
    taken = take_cell_image(encoded(CELL, "BMP"), "cell.bmp")
    with Image.open(io.BytesIO(taken.png)) as stored:
        assert stored.format == "PNG"
        np.testing.assert_array_equal(np.asarray(stored), taken.pixels)
    assert taken.sha256 == hashlib.sha256(taken.png).hexdigest()
    assert taken.sha256 == take_cell_image(encoded(CELL, "PNG"), "other.png").sha256


def test_no_metadata_reaches_the_stored_png() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "Jane Roe, born 1970")
    info.add_itxt("XML:com.adobe.xmp", "<x>Jane Roe</x>")
    exif = Image.Exif()
    exif[0x013B] = "Jane Roe"
    upload = encoded(CELL, pnginfo=info, exif=exif, dpi=(300, 300))
    assert b"Jane Roe" in upload
    png = take_cell_image(upload, "Jane Roe.png").png
    assert b"Jane Roe" not in png
    with Image.open(io.BytesIO(png)) as stored:
        stored.load()
        assert stored.info == {}
        assert dict(stored.getexif()) == {}


def animated(kind: str) -> bytes:
    frames = [Image.fromarray(pixels(seed, 32, 32)) for seed in range(3)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:])


SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9"/>'

REFUSED = {
    "empty": (b"", r"cell.png is empty \(0 bytes\); a PNG, JPEG, BMP or TIFF"),
    "text": (b"Hello, I am no picture.\n" * 9, "holds text, whatever its name says"),
    "long text": ("Kein Bild, nur Worte für viele Seiten. ".encode() * 999, "holds text"),
    "noise": (bytes(range(256)) * 9, "no picture that can be read, or its header is damaged"),
    "cut JPEG": (encoded(CELL, "JPEG")[:-700], "damaged or cut short and does not decode"),
    "cut PNG": (encoded(CELL)[:-3000], "damaged or cut short and does not decode"),
    "cut BMP": (encoded(CELL, "BMP")[:-3000], "damaged or cut short and does not decode"),
    "cut TIFF": (encoded(CELL, "TIFF")[:3000], "damaged|no picture that can be read"),
    "one pixel": (encoded(CELL[:1, :1]), "is 1 x 1 pixels; at least 16 a side"),
    "thin": (encoded(CELL[:15]), "is 80 x 15 pixels; at least 16 a side"),
    "huge header": (png_header(40_000, 40_000), "has far too many pixels; at most 64 megapixels"),
    "large header": (png_header(10_000, 9_000), "has 10000 x 9000 pixels; at most 64 megapixels"),
    "svg": (SVG, "is an SVG drawing, not pixels"),
    "bare svg": (SVG.split(b"\n")[1], "is an SVG drawing, not pixels"),
    "animated GIF": (animated("GIF"), "is an animation of 3 pictures"),
    "animated PNG": (animated("PNG"), "is an animation of 3 pictures"),
    "still GIF": (encoded(Image.fromarray(CELL).quantize(), "GIF"), "is a GIF file; a PNG"),
    "WebP": (encoded(CELL, "WEBP"), "is a WEBP file; a PNG.*Save it as PNG"),
    "pages": (animated("TIFF"), "is a TIFF of 3 pages"),
    "decimals": (encoded(np.ones((20, 20), np.float32), "TIFF"), "holds decimal numbers"),
    "32 bits": (encoded(np.ones((20, 20), np.int32), "TIFF"), "holds 32-bit integers"),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("what", REFUSED)
def test_bad_input_is_refused_with_its_own_sentence(what) -> None:
    upload, sentence = REFUSED[what]
    with pytest.raises(IntakeError, match=sentence) as caught:
        take_cell_image(upload, "cell.png")
    message = str(caught.value)
    assert "cell.png" in message
    assert "expected" in message
    assert message.endswith(".")


def test_a_file_of_200_megabytes_is_refused_unread() -> None:
    with pytest.raises(IntakeError, match=r"cell\.png is 200 MB; at most 50 MB were expected"):
        take_cell_image(bytes(200_000_000), "cell.png")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_huge_header_is_refused_without_decoding() -> None:
    for side in (9_000, 14_000, 40_000):
        with pytest.raises(IntakeError, match="at most 64 megapixels"):
            take_cell_image(png_header(side, side), "cell.png")


def test_limits_can_be_set() -> None:
    upload = encoded(CELL)
    take_cell_image(upload, "cell.png", Limits(len(upload), 80 * 60, 60))
    with pytest.raises(IntakeError, match="at most 0 megapixels"):
        take_cell_image(upload, "cell.png", Limits(pixels=80 * 60 - 1))
    with pytest.raises(IntakeError, match="at least 61 a side"):
        take_cell_image(upload, "cell.png", Limits(side=61))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd.png", "passwd.png"),
        ("C:\\Users\\x\\cell.png", "cell.png"),
        ("a\nb\x00c\u202ed.png", "abcd.png"),
        ("..", "The upload"),
        ("", "The upload"),
        ("x" * 300 + ".png", "x" * 40 + "…" + "x" * 15 + ".png"),
    ],
)
def test_a_name_is_only_ever_shown_and_never_a_path(given, shown, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown_name(given) == shown
    with pytest.raises(IntakeError) as caught:
        take_cell_image(b"", given)
    assert str(caught.value).startswith(f"{shown} is empty")
    take_cell_image(encoded(CELL), given)
    assert list(tmp_path.iterdir()) == []


def test_16_bits_of_grey_are_scaled_to_8() -> None:
    ramp = np.linspace(0, 65535, 32 * 32).reshape(32, 32).astype(np.uint16)
    for kind in ("PNG", "TIFF"):
        taken = take_cell_image(encoded(Image.fromarray(ramp), kind), "cell")
        assert taken.warnings[0] == "The picture had 16 bits a colour; it was scaled to 8."
        assert np.abs(taken.pixels[..., 0].astype(float) - ramp / 257).max() <= 0.5
        assert taken.pixels.max() == 255


def test_16_bits_of_three_colours_are_scaled_to_8() -> None:
    wide = CELL.astype(np.uint16) * 257
    taken = take_cell_image(rgb16_tiff(wide), "cell.tif")
    assert taken.warnings == ("The picture had 16 bits a colour; it was scaled to 8.",)
    np.testing.assert_array_equal(taken.pixels, CELL)


def test_cmyk_is_converted() -> None:
    for kind in ("JPEG", "TIFF"):
        taken = take_cell_image(encoded(Image.fromarray(CELL).convert("CMYK"), kind), "cell")
        assert taken.warnings == (
            "The picture was in print colours (CMYK); it was converted to RGB.",
        )
        assert np.abs(taken.pixels.astype(int) - CELL).mean() < 10


def test_transparent_parts_are_laid_on_white() -> None:
    alpha = np.full((60, 80, 1), 255, np.uint8)
    alpha[:10] = 0
    taken = take_cell_image(encoded(np.concatenate([CELL, alpha], axis=2)), "cell.png")
    assert taken.warnings == ("The picture had transparent parts; they were laid on white.",)
    assert (taken.pixels[:10] == WHITE).all()
    np.testing.assert_array_equal(taken.pixels[10:], CELL[10:])


def test_a_palette_with_a_transparent_colour_is_laid_on_white() -> None:
    flat = Image.new("P", (20, 20), 0)
    flat.putpalette([10, 20, 30, 200, 100, 50])
    flat.paste(1, (0, 0, 20, 10))
    taken = take_cell_image(encoded(flat, transparency=0), "cell.png")
    assert (taken.pixels[:10] == (200, 100, 50)).all()
    assert (taken.pixels[10:] == WHITE).all()


def test_an_alpha_channel_that_hides_nothing_needs_no_word() -> None:
    taken = take_cell_image(encoded(Image.fromarray(CELL).convert("RGBA")), "cell.png")
    np.testing.assert_array_equal(taken.pixels, CELL)
    assert taken.warnings == ()


def test_a_picture_lying_on_its_side_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    taken = take_cell_image(encoded(CELL, exif=exif), "cell.png")
    np.testing.assert_array_equal(taken.pixels, np.rot90(CELL, -1))
    assert taken.warnings == ("The picture was turned upright, as its metadata asked.",)


def test_grey_is_converted_with_a_warning() -> None:
    grey = Image.fromarray(CELL).convert("L")
    taken = take_cell_image(encoded(grey), "cell.png")
    np.testing.assert_array_equal(taken.pixels, np.stack([np.asarray(grey)] * 3, axis=2))
    assert taken.warnings == ("The picture is grey; the models know stained cells in colour.",)


def test_a_colour_profile_is_converted_and_srgb_left_alone() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    taken = take_cell_image(encoded(CELL, icc_profile=srgb), "cell.png")
    np.testing.assert_array_equal(taken.pixels, CELL)
    assert taken.warnings == ()
    broken = take_cell_image(encoded(CELL, icc_profile=b"no profile"), "cell.png")
    np.testing.assert_array_equal(broken.pixels, CELL)
    assert broken.warnings == ("The picture's colour profile could not be used; it was dropped.",)


def test_colours_of_another_profile_are_converted() -> None:
    # A profile of sRGB's own colours under another name: the way through it changes next to none.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    named = srgb.replace("sRGB".encode("utf-16-be"), "abcd".encode("utf-16-be"))
    taken = take_cell_image(encoded(CELL, icc_profile=named), "cell.png")
    assert taken.warnings == (
        "The colours were converted from the profile 'abcd built-in' to sRGB.",
    )
    assert np.abs(taken.pixels.astype(int) - CELL).max() <= 2


def test_of_a_camera_file_with_several_pictures_the_first_is_taken() -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    upload = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    taken = take_cell_image(upload, "cell.jpg")
    assert taken.warnings == ("The file held several pictures; the first was taken.",)
    assert taken.pixels[15, 20, 0] > 240


def sentence_or_pixels(upload: bytes) -> str:
    """What the door says, or a full stop for a picture that passed it with pixels."""
    try:
        taken = take_cell_image(upload, "cell")
    except IntakeError as error:
        return str(error)
    return "." if taken.pixels.shape[2:] == (3,) else "no pixels"


def test_every_cut_of_a_file_gives_a_sentence_and_never_another_error() -> None:
    for kind in ("PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP"):
        whole = encoded(CELL, kind)
        for end in range(1, len(whole), max(1, len(whole) // 40)):
            assert sentence_or_pixels(whole[:end]).endswith(".")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_random_damage_gives_a_picture_or_a_sentence() -> None:
    rng = np.random.default_rng(0)
    for kind in ("PNG", "JPEG", "BMP", "TIFF"):
        for _ in range(60):
            damaged = bytearray(encoded(CELL, kind))
            for at in rng.integers(0, min(len(damaged), 400), 4):
                damaged[at] = rng.integers(256)
            assert sentence_or_pixels(bytes(damaged)).endswith(".")
