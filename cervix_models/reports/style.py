"""Fonts, colours and measures of the printed report."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import matplotlib as mpl
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

PLAIN, BOLD, MONO = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"

WIDTH, HEIGHT = A4
MARGIN = 16 * mm
TOP, BOTTOM = 20 * mm, 16 * mm  # room for the notice above, and for the page's line below
BODY = WIDTH - 2 * MARGIN

INK = HexColor("#1F2933")
FAINT = HexColor("#616E7C")
LINE = HexColor("#CBD2D9")
PALE = HexColor("#F3F5F7")
NEUTRAL = HexColor("#888888")
NOTICE_GROUND = HexColor("#E8EEF4")


@cache
def register_fonts() -> None:
    """Makes DejaVu known, which has Latin, Greek and Cyrillic; Matplotlib brings it along."""
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name in (PLAIN, BOLD, MONO):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)


def text(
    size: float = 8.5, *, bold: bool = False, faint: bool = False, **more: object
) -> ParagraphStyle:
    """A style of running text; `more` as ParagraphStyle takes it."""
    return ParagraphStyle(
        f"text-{size}-{bold}-{faint}-{more}",
        fontName=BOLD if bold else PLAIN,
        fontSize=size,
        leading=size * 1.38,
        textColor=FAINT if faint else INK,
        **more,
    )


TITLE = text(17, bold=True)
HEADING = text(9.5, bold=True, spaceBefore=9, spaceAfter=3)
CAPTION = text(7.5, faint=True)
RIGHT = text(7.5, faint=True, alignment=TA_RIGHT)
ANSWER = text(15, bold=True)
MONOSPACED = ParagraphStyle(
    "mono", fontName=MONO, fontSize=6.5, leading=9, textColor=INK, splitLongWords=1
)
