from __future__ import annotations

import io
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from cervix_models.data.intake import take_cell_image
from cervix_models.data.marks import (
    ASKED,
    KEY,
    is_marked,
    mark_asked,
    mark_synthetic,
    with_covered_corner,
    without_letters,
)
from cervix_models.errors import DataError
from tests.data.made import pixels


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def saved(picture: Image.Image, kind: str, **options) -> Image.Image:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return opened(out.getvalue())


def bare(picture: Image.Image) -> Image.Image:
    """The pixels alone, as a program that drops metadata would save them."""
    return Image.fromarray(np.asarray(picture))


def test_the_mark_stands_in_text_xmp_and_exif() -> None:
    marked = opened(mark_synthetic(pixels(1, 160, 160), "made by a <test> & more"))
    assert marked.info[KEY] == "made by a <test> & more"
    assert marked.getexif()[0x010E] == f"{KEY}: made by a <test> & more"
    packet = ET.fromstring(marked.info["XML:com.adobe.xmp"])
    assert f"{KEY}: made by a <test> & more" in packet.itertext()


@pytest.mark.parametrize("side", [48, 64, 128, 160, 256, 512, 1024])
def test_only_a_corner_is_touched(side) -> None:
    image = pixels(2, side, side)
    changed = (np.asarray(opened(mark_synthetic(image, "x"))) != image).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert rows.min() >= side * 0.75
    assert columns.min() >= side * 0.5
    assert changed.mean() < 0.1


def test_too_small_an_image_is_refused() -> None:
    with pytest.raises(DataError, match="is 47 x 90; at least 48 pixels a side"):
        mark_synthetic(pixels(1, 47, 90), "x")


def test_text_alone_is_enough() -> None:
    picture = bare(opened(mark_synthetic(pixels(1, 160, 160), "x"))).crop((0, 0, 100, 100))
    assert not is_marked(picture)
    exif = Image.Exif()
    exif[0x010E] = f"{KEY}: x"
    assert is_marked(saved(picture, "JPEG", exif=exif))
    assert is_marked(saved(picture, "TIFF", description=f"{KEY}: x"))
    comment = Image.Exif()
    comment.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + f"{KEY}: x".encode("utf-16-le")
    assert is_marked(saved(picture, "JPEG", exif=comment))


@pytest.mark.parametrize("side", [64, 96, 128, 160, 224, 256, 512])
@pytest.mark.parametrize("quality", [40, 90])
def test_letters_alone_are_enough_after_a_resave(side, quality) -> None:
    picture = bare(opened(mark_synthetic(pixels(3, side, side), "x")))
    assert is_marked(saved(picture, "PNG"))
    assert is_marked(saved(picture, "JPEG", quality=quality))
    assert is_marked(saved(picture.convert("L"), "JPEG", quality=quality))


@pytest.mark.parametrize("scale", [0.5, 0.75, 1.37, 2])
def test_letters_survive_a_change_of_size(scale) -> None:
    picture = bare(opened(mark_synthetic(pixels(3, 256, 200), "x")))
    size = (round(256 * scale), round(200 * scale))
    assert is_marked(saved(picture.resize(size, Image.Resampling.BICUBIC), "JPEG"))


def test_unmarked_pictures_are_not_taken_for_marked() -> None:
    rng = np.random.default_rng(0)
    for side in (16, 48, 160, 400):
        assert not is_marked(Image.fromarray(pixels(4, side, side)))
        noise = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
        assert not is_marked(Image.fromarray(noise))
        assert not is_marked(Image.new("RGB", (side, side), "white"))


def test_an_upload_with_the_mark_is_known_as_synthetic() -> None:
    marked = mark_synthetic(pixels(1, 160, 160), "x")
    assert take_cell_image(marked, "cell.png").synthetic
    again = io.BytesIO()
    bare(opened(marked)).save(again, "JPEG", quality=80)
    assert take_cell_image(again.getvalue(), "cell.jpg").synthetic
    stored = take_cell_image(marked, "cell.png").png
    assert KEY.encode() not in stored
    assert take_cell_image(stored, "cell.png").synthetic


@pytest.mark.parametrize("side", [48, 130, 400])
def test_the_letters_can_be_left_out(side) -> None:
    plain = np.full((side, side + 20, 3), 180, np.uint8)
    plain[:, : side // 2] = 90
    with Image.open(io.BytesIO(mark_synthetic(plain, "made"))) as marked:
        seen = np.asarray(marked.convert("RGB"))
    assert (seen != plain).any()
    assert (without_letters(seen) == plain).all()


def test_a_picture_without_letters_stays_as_it_is() -> None:
    plain = np.random.default_rng(0).integers(0, 256, (60, 60, 3), np.uint8)
    assert without_letters(plain) is plain


def test_a_picture_of_a_round_says_nothing_but_that_it_may_be_synthetic() -> None:
    asked = opened(mark_asked(pixels(1, 64, 64)))
    assert asked.info[KEY] == ASKED
    assert asked.getexif()[0x010E] == f"{KEY}: {ASKED}"
    with pytest.raises(DataError, match="is 47 x 90; at least 48 pixels a side"):
        mark_asked(pixels(1, 47, 90))


@pytest.mark.parametrize("side", [64, 128, 256])
def test_real_and_made_pictures_of_a_round_carry_the_same_letters_in_the_same_place(side) -> None:
    real = pixels(1, side, side)
    made = np.asarray(opened(mark_synthetic(pixels(2, side, side), "x")))
    one, two = (np.asarray(opened(mark_asked(each))) for each in (real, made))
    touched = (one != real).any(axis=2)
    rows, columns = np.nonzero(touched)
    corner = np.s_[rows.min() :, columns.min() :]
    assert (one[corner] == two[corner]).all()  # nothing of SYN is left beneath


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("scale", [0.75, 1, 2])
def test_question_marks_alone_are_enough_after_a_resave(kind, scale) -> None:
    picture = bare(opened(mark_asked(pixels(3, 256, 200))))
    size = (round(256 * scale), round(200 * scale))
    again = saved(picture.resize(size, Image.Resampling.BICUBIC), kind)
    assert is_marked(again)
    assert take_cell_image(mark_asked(pixels(3, 64, 64)), "cell.png").synthetic


def test_question_marks_can_be_left_out() -> None:
    plain = pixels(4, 64, 64)
    seen = np.asarray(opened(mark_asked(plain)))
    found = without_letters(seen)
    assert (found != seen).any()
    assert (found == with_covered_corner(plain)).all()
    assert (found == without_letters(np.asarray(opened(mark_synthetic(plain, "x"))))).all()
