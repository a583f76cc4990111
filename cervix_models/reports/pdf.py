"""One reading as a printed report: A4, one page or two."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from xml.sax.saxutils import escape

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from cervix_models.contracts import (
    NOTICE,
    FeatureRange,
    Reading,
    Revision,
    Verdict,
    WorklistRow,
)
from cervix_models.data.labels import class_named
from cervix_models.reports import style
from cervix_models.reports.drawing import (
    CellPicture,
    HeatScale,
    Line,
    ProbabilityBars,
    cytoplasm_line,
    heat_over,
    nucleus_line,
    read_pixels,
)
from cervix_models.reports.feature_table import feature_section
from cervix_models.reports.outlines import outline, read_mask

Ranges = Mapping[str, Mapping[str, FeatureRange]]  # by class, then by feature

PICTURE_HEIGHT = 240
GAP = 14
_GUTTER = ("RIGHTPADDING", (0, 0), (0, -1), GAP)
OFF_CELL = 0.5  # above this share of heat on the background the report says so


@dataclass(frozen=True)
class ReportPictures:
    """The stored PNGs of one reading; None where it has none."""

    image: bytes
    mask: bytes | None
    heat: bytes | None


def reading_pdf(row: WorklistRow, pictures: ReportPictures, ranges: Ranges) -> bytes:
    """A PDF of one reading, the same bytes for the same input: answer or referral, pictures,
    verdict, models, and the features beside `ranges[class][feature]`. The notice heads each page.
    Raises StorageError where the mask is no mask."""
    style.register_fonts()
    out = io.BytesIO()

    def edges(canvas: Canvas, page: BaseDocTemplate) -> None:
        _edges(canvas, page.page, row.current)

    frame = Frame(
        style.MARGIN, style.BOTTOM, style.BODY, style.HEIGHT - style.TOP - style.BOTTOM,
        leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
    )  # fmt: skip
    document = BaseDocTemplate(
        out,
        pagesize=(style.WIDTH, style.HEIGHT),
        title=f"Reading {row.current.id}",
        subject=NOTICE,
        invariant=1,
        pageTemplates=[PageTemplate("page", [frame], onPage=edges)],
    )
    document.build(
        [
            *_head(row.current),
            *_pictures(row.current, pictures, _drawn_by(row.revision)),
            *_answer(row.current),
            *_verdict(row.verdict),
            *_origin(row.current),
            *feature_section(row.current, ranges),
        ]
    )
    return out.getvalue()


def _edges(canvas: Canvas, page: int, reading: Reading) -> None:
    top = style.HEIGHT - style.TOP + 10
    canvas.setFillColor(style.NOTICE_GROUND)
    canvas.rect(style.MARGIN, top, style.BODY, 18, stroke=0, fill=1)
    canvas.setFillColor(style.INK)
    canvas.setFont(style.BOLD, 8.5)
    canvas.drawCentredString(style.WIDTH / 2, top + 5.5, NOTICE)
    canvas.setFont(style.PLAIN, 6.5)
    canvas.setFillColor(style.FAINT)
    canvas.drawString(
        style.MARGIN, 24, f"Reading {reading.id}   Image {reading.image_sha256[:16]}…"
    )
    canvas.drawRightString(style.WIDTH - style.MARGIN, 24, f"Page {page}")


def _head(reading: Reading) -> list[Flowable]:
    made = reading.created_at.astimezone(UTC).strftime("%d %B %Y, %H:%M:%S UTC")
    right = f"{escape(made)}<br/>{reading.width} × {reading.height} pixels{_scale(reading)}"
    head = Table(
        [[Paragraph("Reading of one cell", style.TITLE), Paragraph(right, style.RIGHT)]],
        colWidths=[style.BODY * 0.5, style.BODY * 0.5],
        style=TableStyle([("VALIGN", (0, 0), (-1, -1), "BOTTOM"), *_tight()]),
    )
    found: list[Flowable] = [head, Spacer(0, 8)]
    if reading.sample:
        words = "Synthetic sample: a program drew this picture; it shows no real cell."
        found += [Paragraph(words, style.text(9, bold=True)), Spacer(0, 5)]
    return found


def _scale(reading: Reading) -> str:
    scale = reading.micrometres_per_pixel
    return "" if scale is None else f" at {scale:g} µm a pixel"


def _pictures(reading: Reading, pictures: ReportPictures, drawn_by: str) -> list[Flowable]:
    image = read_pixels(pictures.image)
    width = (style.BODY - GAP) / 2
    box = (width, PICTURE_HEIGHT)
    lines: tuple[Line, ...] = ()
    if pictures.mask is not None:
        mask = read_mask(pictures.mask)
        lines = (cytoplasm_line(outline(mask.cell)), nucleus_line(outline(mask.nucleus)))
    words = (
        f"Nucleus: yellow line. Cytoplasm: blue dashes.{drawn_by}"
        if lines
        else "No outlines were found."
    )
    left: list[Flowable] = [CellPicture(image, box, lines)]
    right: list[Flowable] = []
    if pictures.heat is not None:
        right = [CellPicture(heat_over(image, pictures.heat), box, ())]
    captions = [[Paragraph(words, style.CAPTION)], _heat_caption(reading) if right else ""]
    table = Table(
        [[left, right], captions],
        colWidths=[width + GAP, width],
        style=TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_tight(), _GUTTER]),
    )
    return [table, Spacer(0, 6)]


def _drawn_by(revision: Revision | None) -> str:
    if revision is None or revision.origin == "segmenter":
        return ""
    when = revision.created_at.astimezone(UTC).strftime("%d %B %Y, %H:%M UTC")
    return escape(f" Corrected by {revision.author}, {when}.")


def _heat_caption(reading: Reading) -> list[Flowable]:
    found: list[Flowable] = [HeatScale(), Spacer(0, 2)]
    words = "Grad-CAM: what the classifier weighed."
    heat = reading.heat
    if heat is not None:
        shares = {
            "nucleus": heat.nucleus,
            "cytoplasm": heat.cytoplasm,
            "background": heat.background,
        }
        listed = ", ".join(
            f"{name} {share:.0%}".replace("%", " %") for name, share in shares.items()
        )
        words += f" Share of the heat: {listed}."
        if heat.background > OFF_CELL:
            words += " <b>Most of it falls outside the cell: it does not explain this cell.</b>"
    return [*found, Paragraph(words, style.CAPTION)]


def _answer(reading: Reading) -> list[Flowable]:
    column = (style.BODY - GAP) / 2
    if reading.decision == "class" and reading.label is not None:
        left = _class(reading, reading.label)
    else:
        left = [Paragraph("Refer", style.ANSWER), Spacer(0, 3)]
        left += [Paragraph(f"• {escape(each)}", style.text()) for each in reading.reasons]
        if (
            len(reading.conformal_set) > 1
        ):  # a single one would stand there as if it were the answer
            left += [Spacer(0, 3), Paragraph(_conformal(reading), style.text())]
    right: list[Flowable] = []
    if reading.probabilities:
        referred = reading.decision == "refer"
        title = "Calibrated probabilities" + (" (no answer: referred)" if referred else "")
        bars = ProbabilityBars(reading.probabilities, column, neutral=referred)
        right = [Paragraph(title, style.CAPTION), bars]
    table = Table(
        [[left, right]],
        colWidths=[column + GAP, column],
        style=TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_tight(), _GUTTER]),
    )
    return [table]


def _class(reading: Reading, label: str) -> list[Flowable]:
    share = reading.probabilities.get(label)
    group = class_named(label).group
    certain = (
        "" if share is None else f"{share:.1%}".replace("%", " %") + " calibrated probability. "
    )
    known = f"SIPaKMeD counts the class as {group}. A cell class is not a slide category."
    return [
        Paragraph(escape(label), style.ANSWER),
        Spacer(0, 3),
        Paragraph(certain + known, style.text()),
        Spacer(0, 3),
        Paragraph(_conformal(reading), style.text()),
    ]


def _conformal(reading: Reading) -> str:
    if not reading.conformal_set:
        return ""
    return (
        "Cannot be left out (such a set holds the true class in 90\N{NO-BREAK SPACE}% of cells): "
        f"<b>{escape(', '.join(reading.conformal_set))}</b>."
    )


def _verdict(verdict: Verdict | None) -> list[Flowable]:
    heading = Paragraph("Verdict of the reader", style.HEADING)
    if verdict is None:
        return [heading, Paragraph("None given yet.", style.text(faint=True))]
    said = {
        "agree": "Agrees.",
        "correct": f"Corrects it to {verdict.label}.",
        "refer": "Refers it.",
    }[verdict.kind]
    when = verdict.created_at.astimezone(UTC).strftime("%d %B %Y, %H:%M UTC")
    by = f"{verdict.author}, {when}" if verdict.author else when
    words = f"<b>{escape(said)}</b> {escape(by)}"
    found: list[Flowable] = [heading, Paragraph(words, style.text())]
    if verdict.remark:
        remark = escape(verdict.remark).replace("\n", "<br/>")
        found.append(Paragraph(f"“{remark}”", style.text(leftIndent=8)))
    return found


def _origin(reading: Reading) -> list[Flowable]:
    lines = [("Image", "sha256", reading.image_sha256)]
    lines += [
        (use.role.capitalize(), f"{use.name} {use.version}", use.sha256) for use in reading.models
    ]
    cells = [
        [
            Paragraph(escape(what), style.text(7.5, bold=True)),
            Paragraph(escape(name), style.text(7.5)),
            Paragraph(escape(sha256), style.MONOSPACED),
        ]
        for what, name, sha256 in lines
    ]
    table = Table(
        cells,
        colWidths=[62, 150, style.BODY - 212],
        style=TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, style.LINE), *_tight(2)]),
    )
    found: list[Flowable] = [Paragraph("What spoke, and of what", style.HEADING), table]
    found.append(Spacer(0, 4))
    found += [Paragraph(escape(use.summary), style.CAPTION) for use in reading.models]
    found += [Paragraph(f"• {escape(each)}", style.CAPTION) for each in reading.warnings]
    return found


def _tight(padding: float = 0) -> list[tuple[object, ...]]:
    whole = ((0, 0), (-1, -1))
    return [
        ("LEFTPADDING", *whole, 0),
        ("RIGHTPADDING", *whole, 0),
        ("TOPPADDING", *whole, padding),
        ("BOTTOMPADDING", *whole, padding),
    ]
