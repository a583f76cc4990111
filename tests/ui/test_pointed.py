"""Numbers and lines over a cell: each number joined to its place, none on another."""

from __future__ import annotations

import base64
import re
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from ui.pointed import MARK, Drawing, pointed_address, pointed_svg

SQUARE = [[10.0, 10.0], [60.0, 10.0], [60.0, 60.0], [10.0, 60.0], [10.0, 10.0]]
SVG = "{http://www.w3.org/2000/svg}"


def drawing(marks, width=100, height=80) -> Drawing:
    outlines = {"nucleus": [SQUARE], "cytoplasm": [SQUARE]}
    return Drawing("data:image/png;base64,AAAA", width, height, outlines, marks)


def discs(svg: str) -> dict[int, tuple[float, float]]:
    root = ET.fromstring(svg)
    return {
        int(each.text or 0): (float(each.get("x", 0)), float(each.get("y", 0)))
        for each in root.iter(f"{SVG}text")
    }


@pytest.mark.parametrize("size", [(100, 80), (60, 200), (300, 40)])
def test_no_number_lies_on_another_or_on_the_picture(size) -> None:
    width, height = size
    middle = (width / 2, height / 2)
    svg = pointed_svg(drawing([(number, middle) for number in range(1, 5)], width, height))
    found = discs(svg)
    assert sorted(found) == [1, 2, 3, 4]
    radius = MARK * max(size)
    for (x0, y0), (x1, y1) in combinations(found.values(), 2):
        assert abs(x0 - x1) + abs(y0 - y1) > 2 * radius
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert box is not None
    wide, high = float(box[1]), float(box[2])
    gutter = (wide - width) / 2
    for x, y in found.values():
        assert radius <= y <= high - radius
        assert radius <= x <= gutter - radius or wide - gutter + radius <= x <= wide - radius


def test_a_number_is_as_high_as_its_place_and_joined_to_it() -> None:
    svg = pointed_svg(drawing([(1, (10.0, 20.0)), (2, (90.0, 60.0))]))
    found = discs(svg)
    assert (found[1][1], found[2][1]) == (20.0, 60.0)
    assert found[1][0] < found[2][0]
    ends = re.findall(r'x2="([\d.]+)" y2="([\d.]+)"', svg)
    assert set(ends) == {("30.0", "20.0"), ("110.0", "60.0")}  # the gutter is 20 wide


def test_the_cell_is_dashed_and_the_nucleus_is_not() -> None:
    root = ET.fromstring(pointed_svg(drawing([])))
    paths = list(root.iter(f"{SVG}path"))
    assert len(paths) == 4  # a dark or light line under each
    assert [each.get("stroke-dasharray") is not None for each in paths] == [
        False, True, False, False,
    ]  # fmt: skip


def test_without_outlines_the_picture_stands_alone() -> None:
    plain = Drawing("data:image/png;base64,AAAA", 100, 80, {}, [])
    root = ET.fromstring(pointed_svg(plain))
    assert not list(root.iter(f"{SVG}path"))
    assert len(list(root.iter(f"{SVG}image"))) == 1


def test_the_address_holds_the_drawing() -> None:
    given = drawing([(1, (10.0, 20.0))])
    kind, _, content = pointed_address(given).partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(content).decode() == pointed_svg(given)
