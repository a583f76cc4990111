"""The drawn parts of the printed report: the cell with outlines or heat, and bars."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
import shapely
from PIL import Image as Pictures
from reportlab.lib.colors import Color, HexColor, black
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from cervix_models.contracts import Image
from cervix_models.data.labels import CLASSES
from cervix_models.reports import style
from cervix_models.reports.geojson import CYTOPLASM_COLOUR, NUCLEUS_COLOUR

HEAT_ALPHA = 0.5  # of the heat map over the cell
DASH = (5, 2.5)  # of the cytoplasm's line, so that colour is never the only sign


@dataclass(frozen=True)
class Line:
    """One outline, and how it is drawn."""

    geometry: shapely.Geometry
    colour: Color
    dash: tuple[float, ...] = ()


def nucleus_line(geometry: shapely.Geometry) -> Line:
    """The outline of a nucleus, whole and yellow."""
    return Line(geometry, Color(*(each / 255 for each in NUCLEUS_COLOUR)))


def cytoplasm_line(geometry: shapely.Geometry) -> Line:
    """The outline of a cytoplasm, dashed and blue."""
    return Line(geometry, Color(*(each / 255 for each in CYTOPLASM_COLOUR)), DASH)


def read_pixels(png: bytes) -> Image:
    """The RGB pixels of a stored picture."""
    with Pictures.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB"))


def heat_over(image: Image, heat_png: bytes) -> Image:
    """The image under a stored heat map in viridis, at the image's size."""
    height, width = image.shape[:2]
    with Pictures.open(io.BytesIO(heat_png)) as picture:
        heat = np.asarray(picture.convert("L").resize((width, height)))
    colours = mpl.colormaps["viridis"](heat)[:, :, :3] * 255
    return (HEAT_ALPHA * colours + (1 - HEAT_ALPHA) * image).round().astype(np.uint8)


class CellPicture(Flowable):
    """A picture in a box of its own width, with outlines drawn as lines that stay sharp."""

    def __init__(self, pixels: Image, box: tuple[float, float], lines: tuple[Line, ...]) -> None:
        super().__init__()
        height, width = pixels.shape[:2]
        self.scale = min(box[0] / width, box[1] / height)
        self.pixels, self.lines = pixels, lines
        self.width, self.height = width * self.scale, height * self.scale

    def wrap(self, *_room: float) -> tuple[float, float]:
        """Width and height in points."""
        return self.width, self.height

    def draw(self) -> None:
        """Draws picture, outlines and frame."""
        canvas: Canvas = self.canv
        picture = ImageReader(Pictures.fromarray(self.pixels))
        canvas.drawImage(picture, 0, 0, self.width, self.height)
        for line in self.lines:
            self._stroke(line, black, 2.6, alpha=0.55)  # a dark rim, seen on pale ground
            self._stroke(line, line.colour, 1.3, alpha=1)
        canvas.setDash()
        canvas.setStrokeColor(style.LINE)
        canvas.setLineWidth(0.5)
        canvas.rect(0, 0, self.width, self.height)

    def _stroke(self, line: Line, colour: Color, width: float, *, alpha: float) -> None:
        canvas: Canvas = self.canv
        canvas.saveState()
        canvas.setStrokeColor(colour)
        canvas.setStrokeAlpha(alpha)
        canvas.setLineWidth(width)
        canvas.setLineJoin(1)
        canvas.setDash(*([list(line.dash)] if line.dash else []))
        path = canvas.beginPath()
        for ring in _rings(line.geometry):
            x, y = ring[:, 0] * self.scale, self.height - ring[:, 1] * self.scale
            path.moveTo(x[0], y[0])
            for point in zip(x[1:], y[1:], strict=True):
                path.lineTo(*point)
            path.close()
        canvas.drawPath(path)
        canvas.restoreState()


class ProbabilityBars(Flowable):
    """A bar a class in the classes' one order; all grey where the reading is referred."""

    ROW = 15.0
    NAMES = 132.0

    def __init__(self, probabilities: Mapping[str, float], width: float, *, neutral: bool) -> None:
        super().__init__()
        self.probabilities, self.neutral = probabilities, neutral
        self.width, self.height = width, self.ROW * len(CLASSES)

    def wrap(self, *_room: float) -> tuple[float, float]:
        """Width and height in points."""
        return self.width, self.height

    def draw(self) -> None:
        """Draws letters, name, bar and per cent of each class."""
        canvas: Canvas = self.canv
        room = self.width - self.NAMES - 44
        for number, each in enumerate(CLASSES):
            y = self.height - self.ROW * (number + 1)
            share = self.probabilities.get(each.name, 0.0)
            canvas.setFillColor(style.INK)
            canvas.setFont(style.BOLD, 7.5)
            canvas.drawString(0, y + 4, each.short)
            canvas.setFont(style.PLAIN, 8)
            canvas.drawString(17, y + 4, each.name)
            canvas.setFillColor(style.PALE)
            canvas.rect(self.NAMES, y + 2, room, self.ROW - 5, stroke=0, fill=1)
            canvas.setFillColor(style.NEUTRAL if self.neutral else HexColor(each.colour))
            canvas.rect(self.NAMES, y + 2, room * share, self.ROW - 5, stroke=0, fill=1)
            canvas.setFillColor(style.INK)
            canvas.drawRightString(self.width, y + 4, f"{share:.1%}".replace("%", " %"))


class HeatScale(Flowable):
    """The colours of the heat map from cool to hot."""

    def __init__(self, width: float = 90) -> None:
        super().__init__()
        self.width, self.height = width, 8.0

    def wrap(self, *_room: float) -> tuple[float, float]:
        """Width and height in points."""
        return self.width, self.height

    def draw(self) -> None:
        """Draws the strip between its words."""
        canvas: Canvas = self.canv
        colours = mpl.colormaps["viridis"](np.arange(256)[None])[:, :, :3] * 255
        strip = ImageReader(Pictures.fromarray(colours.astype(np.uint8)))
        canvas.setFont(style.PLAIN, 7)
        canvas.setFillColor(style.FAINT)
        canvas.drawString(0, 1, "less")
        canvas.drawImage(strip, 20, 0, self.width - 44, 7)
        canvas.drawRightString(self.width, 1, "more")


def _rings(geometry: shapely.Geometry) -> list[np.ndarray]:
    polygons = [each for each in shapely.get_parts(geometry) if not each.is_empty]
    rings = [ring for each in polygons for ring in (each.exterior, *each.interiors)]
    return [shapely.get_coordinates(ring) for ring in rings]
