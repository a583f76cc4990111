"""Drawings that explain, as SVG: pictures with their own ground, for light and dark pages."""

from __future__ import annotations

import base64

# Cells of one cluster: middle, radii, turn in degrees; and the half sides of their crop.
_CELLS = (
    (62, 66, 44, 30, 20, 46, 40),
    (124, 60, 40, 34, -15, 44, 40),
    (96, 122, 46, 32, 60, 42, 48),
    (164, 126, 42, 30, 10, 46, 36),
    (40, 150, 30, 24, 0, 34, 30),
    (198, 72, 30, 36, 0, 34, 40),
)
_RANDOM = (True, False, True, True, False, False)  # asked?
_ORANGE, _BLUE = "#E69F00", "#0072B2"


def split_drawings() -> list[tuple[str, str, str]]:
    """Title, address and words of two drawings of one cluster: under the random split overlapping
    crops lie on both sides, with clusters kept apart all lie on one."""
    return [
        (
            "Random split",
            _address(_RANDOM),
            "One cluster image with six overlapping cells: three crops are learned from, and the "
            "three that overlap them are asked.",
        ),
        (
            "Clusters kept apart",
            _address((True,) * len(_CELLS)),
            "The same cluster image: all six crops are asked, none is learned from.",
        ),
    ]


def _address(asked: tuple[bool, ...]) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(_panel(asked).encode()).decode()


def _panel(asked: tuple[bool, ...]) -> str:
    cells = "".join(
        f'<g transform="rotate({turn} {x} {y})"><ellipse cx="{x}" cy="{y}" rx="{wide}" '
        f'ry="{high}" fill="#6fa8b8" fill-opacity=".5"/><ellipse cx="{x}" cy="{y}" rx="9" '
        'ry="8" fill="#3b3f73" fill-opacity=".85"/></g>'
        for x, y, wide, high, turn, _, _ in _CELLS
    )
    boxes = "".join(
        f'<rect x="{x - half}" y="{y - tall}" width="{2 * half}" height="{2 * tall}" rx="3" '
        f"fill='none' {_stroke(dashed=out)}/>"
        for (x, y, _, _, _, half, tall), out in zip(_CELLS, asked, strict=True)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 244 194">'
        '<rect x="2" y="2" width="240" height="190" rx="8" fill="#dfeaee"/>'
        f"{cells}{boxes}</svg>"
    )


def _stroke(*, dashed: bool) -> str:
    if dashed:
        return f'stroke="{_ORANGE}" stroke-width="2.5" stroke-dasharray="7 4"'
    return f'stroke="{_BLUE}" stroke-width="2.5"'
