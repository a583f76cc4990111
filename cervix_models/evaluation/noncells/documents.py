"""Charts, tables, pages of text and screens, drawn with Pillow and its built-in font."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from cervix_models.contracts import Image
from cervix_models.evaluation.noncells.drawn import any_colour

WORDS = (
    "slide", "report", "sample", "class", "nucleus", "area", "value", "mean", "error", "page",
    "total", "result", "note", "date", "cell", "method", "figure", "table", "count", "ratio",
    "level", "index", "screen", "image", "light", "stain", "field", "group", "range", "test",
)  # fmt: skip
INK, PAPER, FAINT = (30, 30, 40), (255, 255, 255), (205, 208, 214)


def chart(rng: np.random.Generator, number: int) -> Image:
    """A line, bar, scatter, pie, heat or step chart, with axes and letters, on white or black."""
    width, height = int(rng.integers(220, 420)), int(rng.integers(180, 320))
    dark = number % 5 == 4
    picture = PilImage.new("RGB", (width, height), (16, 18, 24) if dark else PAPER)
    brush = ImageDraw.Draw(picture)
    ink = (225, 225, 230) if dark else INK
    box = (38, 24, width - 14, height - 30)
    _axes(brush, rng, box, ink)
    drawings = (_line, _bars, _scatter, _pie, _heat, _steps)
    drawings[number % len(drawings)](brush, rng, box)
    brush.text((box[0], 5), _words(rng, 3), fill=ink, font=_font(12))
    return np.asarray(picture)


def table(rng: np.random.Generator, _number: int) -> Image:
    """Rows of words and numbers between ruled lines."""
    rows, columns = int(rng.integers(5, 14)), int(rng.integers(3, 7))
    picture = PilImage.new("RGB", (columns * 72 + 8, rows * 22 + 8), PAPER)
    brush = ImageDraw.Draw(picture)
    head = any_colour(rng)
    brush.rectangle([4, 4, columns * 72 + 4, 26], fill=head)
    for row in range(rows):
        for column in range(columns):
            said = _words(rng, 1) if row == 0 or column == 0 else f"{rng.uniform(0, 99):.2f}"
            brush.text((column * 72 + 9, row * 22 + 7), said, fill=INK, font=_font(11))
            corner = (column * 72 + 4, row * 22 + 4)
            brush.rectangle([corner, (corner[0] + 72, corner[1] + 22)], outline=FAINT)
    return np.asarray(picture)


def text(rng: np.random.Generator, number: int) -> Image:
    """A page of print: small or large letters, one or two columns, on white, cream or black."""
    paper = (PAPER, (246, 240, 226), (20, 20, 24))[number % 3]
    ink = (235, 235, 235) if number % 3 == 2 else INK
    width, height = int(rng.integers(200, 380)), int(rng.integers(180, 360))
    picture = PilImage.new("RGB", (width, height), paper)
    brush = ImageDraw.Draw(picture)
    size = int(rng.integers(9, 22))
    columns = 1 + number % 2
    wide = (width - 16) // columns
    for column in range(columns):
        left = 8 + column * wide
        for top in range(8, height - size, round(size * 1.4)):
            line = _words(rng, 12)
            while brush.textlength(line, font=_font(size)) > wide - 10 and " " in line:
                line = line.rpartition(" ")[0]
            brush.text((left, top), line, fill=ink, font=_font(size))
    return np.asarray(picture)


def screen(rng: np.random.Generator, number: int) -> Image:
    """A window of some program: title bar, menu, buttons, fields and cards, light or dark."""
    dark = number % 2 == 1
    ground, card, ink = (
        ((24, 26, 32), (44, 47, 56), (228, 228, 232)) if dark else ((243, 244, 247), PAPER, INK)
    )
    width, height = int(rng.integers(260, 440)), int(rng.integers(200, 320))
    picture = PilImage.new("RGB", (width, height), ground)
    brush = ImageDraw.Draw(picture)
    accent = any_colour(rng)
    brush.rectangle([0, 0, width, 24], fill=accent)
    brush.text((10, 6), _words(rng, 3), fill=PAPER, font=_font(12))
    brush.rectangle([0, 24, 76, height], fill=card)
    for at, top in enumerate(range(34, height - 16, 20)):
        brush.text((8, top), _words(rng, 1), fill=accent if at == 1 else ink, font=_font(11))
    for top in range(34, height - 50, 62):
        for left in range(86, width - 80, 96):
            brush.rounded_rectangle([left, top, left + 86, top + 52], 6, fill=card, outline=FAINT)
            brush.text((left + 7, top + 6), _words(rng, 2), fill=ink, font=_font(10))
            brush.rounded_rectangle([left + 7, top + 28, left + 58, top + 44], 5, fill=accent)
    return np.asarray(picture)


Box = tuple[int, int, int, int]


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _words(rng: np.random.Generator, count: int) -> str:
    return " ".join(rng.choice(WORDS, count))


def _axes(
    brush: ImageDraw.ImageDraw, rng: np.random.Generator, box: Box, ink: tuple[int, int, int]
) -> None:
    left, top, right, low = box
    brush.line([left, top, left, low, right, low], fill=ink, width=1)
    for part in np.linspace(0, 1, 5):
        row, column = low - part * (low - top), left + part * (right - left)
        brush.line([left, row, right, row], fill=FAINT, width=1)
        brush.text((8, row - 6), f"{100 * part:.0f}", fill=ink, font=_font(10))
        brush.text((column - 6, low + 5), f"{rng.integers(10, 99)}", fill=ink, font=_font(10))


def _line(brush: ImageDraw.ImageDraw, rng: np.random.Generator, box: Box) -> None:
    left, top, right, low = box
    for _ in range(int(rng.integers(1, 4))):
        walk = np.cumsum(rng.normal(size=40))
        walk = (walk - walk.min()) / np.ptp(walk)
        points = zip(np.linspace(left, right, 40), low - walk * (low - top), strict=True)
        brush.line([(float(x), float(y)) for x, y in points], fill=any_colour(rng), width=2)


def _bars(brush: ImageDraw.ImageDraw, rng: np.random.Generator, box: Box) -> None:
    left, top, right, low = box
    count = int(rng.integers(4, 10))
    step = (right - left) / count
    colour = any_colour(rng)
    for at, part in enumerate(rng.uniform(0.1, 1, count)):
        start = left + (at + 0.15) * step
        brush.rectangle([start, low - part * (low - top), start + 0.7 * step, low], fill=colour)


def _scatter(brush: ImageDraw.ImageDraw, rng: np.random.Generator, box: Box) -> None:
    left, top, right, low = box
    for _ in range(3):
        colour, middle = any_colour(rng), rng.uniform(0.25, 0.75, 2)
        for across, up in rng.normal(middle, 0.1, (30, 2)).clip(0, 1):
            x, y = left + across * (right - left), low - up * (low - top)
            brush.ellipse([x - 3, y - 3, x + 3, y + 3], fill=colour)


def _pie(brush: ImageDraw.ImageDraw, rng: np.random.Generator, box: Box) -> None:
    left, top, right, low = box
    radius = min(right - left, low - top) / 2 - 4
    x, y = (left + right) / 2, (top + low) / 2
    ends = np.concatenate([[0], np.cumsum(rng.dirichlet(np.full(5, 3.0)))]) * 360
    for start, end in pairwise(ends):
        around = [x - radius, y - radius, x + radius, y + radius]
        brush.pieslice(around, float(start), float(end), fill=any_colour(rng), outline=PAPER)


def _heat(brush: ImageDraw.ImageDraw, rng: np.random.Generator, box: Box) -> None:
    left, top, right, low = box
    count = int(rng.integers(5, 12))
    high, wide = (low - top) / count, (right - left) / count
    for row in range(count):
        for column in range(count):
            part = rng.uniform()
            colour = (round(255 - 220 * part), round(250 - 160 * part), round(255 - 80 * part))
            x, y = left + column * wide, top + row * high
            brush.rectangle([x, y, x + wide - 1, y + high - 1], fill=colour)


def _steps(brush: ImageDraw.ImageDraw, rng: np.random.Generator, box: Box) -> None:
    left, top, right, low = box
    heights = np.histogram(rng.normal(size=400), bins=24)[0]
    step = (right - left) / len(heights)
    colour = any_colour(rng)
    for at, part in enumerate(heights / heights.max()):
        x = left + at * step
        brush.rectangle([x, low - part * (low - top), x + step, low], fill=colour, outline=INK)
