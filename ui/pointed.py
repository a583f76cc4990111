"""A cell with its outlines and numbered marks, drawn over its picture as SVG."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ui.pictures import CYTOPLASM_COLOUR, NUCLEUS_COLOUR, Polygon

GUTTER = 0.2  # of the picture's longer side, left and right of it: room for the numbers
MARK = 0.052  # radius of a number's disc, of that side
APART = 2.5  # radii between the middles of two discs of one side
DASH = "7 5"  # of the cell's line, so that colour is never the only sign
DARK, LIGHT = "#14191b", "#ffffff"
Point = tuple[float, float]


@dataclass(frozen=True)
class Drawing:
    """What is drawn over a picture of `width` and `height` pixels."""

    address: str  # of the picture
    width: int
    height: int
    outlines: Mapping[str, Sequence[Polygon]]  # "nucleus" and "cytoplasm", the whole cell
    marks: Sequence[tuple[int, Point]]  # number and place


def pointed_address(drawing: Drawing) -> str:
    """The picture with outlines and marks as an address that holds it."""
    return "data:image/svg+xml;base64," + base64.b64encode(pointed_svg(drawing).encode()).decode()


def pointed_svg(drawing: Drawing) -> str:
    """The picture with outlines and marks as SVG, a number in the gutter joined to its place."""
    longer = max(drawing.width, drawing.height)
    gutter, radius = GUTTER * longer, MARK * longer
    wide, high = drawing.width + 2 * gutter, max(drawing.height, 2 * APART * radius)
    down = (high - drawing.height) / 2
    discs = disc_places(drawing, gutter, radius, high)
    moved = [(number, (x + gutter, y + down)) for number, (x, y) in drawing.marks]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.1f} {high:.1f}">'
        f'<g transform="translate({gutter:.1f} {down:.1f})"><image href="{drawing.address}" '
        f'width="{drawing.width}" height="{drawing.height}"/>'
        f"{_line(drawing.outlines.get('cytoplasm', ()), CYTOPLASM_COLOUR, longer, DASH)}"
        f"{_line(drawing.outlines.get('nucleus', ()), NUCLEUS_COLOUR, longer, '')}</g>"
        + "".join(_leader(place, discs[number], longer) for number, place in moved)
        + "".join(_disc(number, discs[number], radius) for number, _ in moved)
        + "</svg>"
    )


def disc_places(drawing: Drawing, gutter: float, radius: float, high: float) -> dict[int, Point]:
    """The middle of each number's disc: half of them left and half right of the picture, as their
    places lie, each as high as its place where there is room."""
    by_x = sorted(drawing.marks, key=lambda mark: mark[1][0])
    half = len(by_x) // 2
    down = (high - drawing.height) / 2
    found: dict[int, Point] = {}
    for side, x in ((by_x[:half], radius * 1.3), (by_x[half:], 0.0)):
        column = x or drawing.width + 2 * gutter - radius * 1.3
        least = radius * 1.2
        ordered = sorted(side, key=lambda mark: mark[1][1])
        for left, (number, (_, y)) in zip(range(len(ordered), 0, -1), ordered, strict=True):
            most = high - radius * 1.2 - (left - 1) * APART * radius
            at = min(max(y + down, least), most)
            found[number] = (column, at)
            least = at + APART * radius
    return found


def _line(polygons: Sequence[Polygon], colour: tuple[int, int, int], longer: int, dash: str) -> str:
    path = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in each) + "Z" for each in polygons)
    if not path:
        return ""
    width = longer / 150
    dashes = " ".join(f"{float(each) * width:.1f}" for each in dash.split())
    marked = f' stroke-dasharray="{dashes}"' if dash else ""
    ink = "#{:02x}{:02x}{:02x}".format(*colour)
    under = LIGHT if dash else DARK
    return (
        f'<path d="{path}" fill="none" stroke="{under}" stroke-width="{1.8 * width:.2f}" '
        f'stroke-opacity=".75"/><path d="{path}" fill="none" stroke="{ink}" '
        f'stroke-width="{width:.2f}"{marked}/>'
    )


def _leader(place: Point, disc: Point, longer: int) -> str:
    ends = f'x1="{disc[0]:.1f}" y1="{disc[1]:.1f}" x2="{place[0]:.1f}" y2="{place[1]:.1f}"'
    thin = longer / 200
    return (
        f'<line {ends} stroke="{DARK}" stroke-width="{2.4 * thin:.2f}"/>'
        f'<line {ends} stroke="{LIGHT}" stroke-width="{thin:.2f}"/>'
        f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{2.6 * thin:.2f}" fill="{LIGHT}" '
        f'stroke="{DARK}" stroke-width="{thin:.2f}"/>'
    )


def _disc(number: int, place: Point, radius: float) -> str:
    return (
        f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{radius:.1f}" fill="{DARK}" '
        f'stroke="{LIGHT}" stroke-width="{radius / 9:.2f}"/>'
        f'<text x="{place[0]:.1f}" y="{place[1]:.1f}" dy=".35em" text-anchor="middle" '
        f'font-family="sans-serif" font-weight="700" font-size="{1.25 * radius:.1f}" '
        f'fill="{LIGHT}">{number}</text>'
    )
