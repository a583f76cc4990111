"""Copies measured figures from their results files into the documents, between markers.

A figure in a document stands between `<!-- from: FILE#path.to.value -->` and `<!-- /from -->`.
FILE is a card or a table of results, by its path from the project folder. What stands between says
how the figure is written: `97.5 %` or `?.? %` a percentage with one decimal, `0.00` two decimals,
`1,000` a whole number. Between `<!-- models -->` and `<!-- /models -->` stands the table of all
cards, between `<!-- splits -->` and `<!-- /splits -->` both splits of every classifier, between
`<!-- segmenters -->` and `<!-- /segmenters -->` the Dice of every segmenter, between
`<!-- generators -->`, `<!-- translators -->`, `<!-- help -->` and their ends what is known of made
cells, between `<!-- tried: NAME -->` and `<!-- /tried -->` what was tried before a recipe was
chosen, and between `<!-- plan -->` and `<!-- /plan -->` what so many users need, by
`scripts/plan.py`.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cervix_models.errors import CervixError, DataError
from cervix_models.services.generation import (
    GeneratorRow,
    Likeness,
    TranslatorRow,
    generator_rows,
    translator_rows,
)
from cervix_models.settings import load_settings
from scripts.plan import plan_table

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "data/README.md", "docs/*.md")

MARKED = re.compile(r"<!-- from: (?P<file>[^#\s]+)#(?P<path>\S+) -->(?P<shown>.*?)<!-- /from -->")
MODELS = re.compile(r"(?<=<!-- models -->\n).*?(?=<!-- /models -->)", re.DOTALL)
SPLITS = re.compile(r"(?<=<!-- splits -->\n).*?(?=<!-- /splits -->)", re.DOTALL)
SEGMENTERS = re.compile(r"(?<=<!-- segmenters -->\n).*?(?=<!-- /segmenters -->)", re.DOTALL)
MADE = re.compile(
    r"(<!-- (?P<what>generators|translators|help) -->\n).*?(?=<!-- /(?P=what) -->)", re.DOTALL
)
TRIED = re.compile(r"(<!-- tried: (?P<name>\S+) -->\n).*?(?=<!-- /tried -->)", re.DOTALL)
PLAN = re.compile(r"(?<=<!-- plan -->\n).*?(?=<!-- /plan -->)", re.DOTALL)
PERCENTAGE = re.compile(r"\d(?:[\d.,]*\d)?\s?%")
MEASURED = re.compile(
    r"(?:accuracy|F1|Dice|IoU|AUROC|kappa|calibration error|coverage)\D{0,40}\b[01]\.\d+",
    re.IGNORECASE,
)
QUOTED = re.compile(r"\b(?:reported|targets?)\b", re.IGNORECASE)
FENCED = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)

logger = logging.getLogger(__name__)


def documents(root: Path = ROOT) -> list[Path]:
    """The documents of the project that may hold figures."""
    return sorted(path for pattern in DOCUMENTS for path in root.glob(pattern))


def refreshed(text: str, root: Path = ROOT) -> str:
    """The document with every marked figure as its results file has it now.

    Raises DataError where the file or the value is missing.
    """

    def renewed(found: re.Match[str]) -> str:
        value = _value(root, found["file"], found["path"])
        shown = written(value, found["shown"])
        return f"<!-- from: {found['file']}#{found['path']} -->{shown}<!-- /from -->"

    parts = FENCED.split(text)  # every second one is code, where a marker is an example
    parts[::2] = [MARKED.sub(renewed, each) for each in parts[::2]]
    whole = MODELS.sub(lambda _: model_table(root), "".join(parts))
    whole = SPLITS.sub(lambda _: split_table(root), whole)
    whole = SEGMENTERS.sub(lambda _: segmenter_table(root), whole)
    whole = PLAN.sub(lambda _: plan_table(root), whole)
    whole = MADE.sub(lambda found: found[1] + made_table(root, found["what"]), whole)
    return TRIED.sub(lambda found: found[1] + tried_table(root, found["name"]), whole)


def model_table(root: Path = ROOT) -> str:
    """A Markdown table of the trained models, each with the line that its card says of itself."""
    rows = []
    for path in sorted(root.glob("weights/*/card.json")):
        place = path.relative_to(root).as_posix()
        facts = [_value(root, place, key) for key in ("kind", "version", "metrics.summary")]
        rows.append(" | ".join([f"| `{path.parent.name}`", *map(str, facts)]) + " |\n")
    head = "| model | kind | version | measured |\n|---|---|---|---|\n"
    return head + "".join(rows) if rows else "No trained model lies in `weights/`.\n"


def split_table(root: Path = ROOT) -> str:
    """A Markdown table of every classifier: both splits, their paired difference, what is reported.

    The most accurate with clusters kept apart first.
    """
    cards = [json.loads(path.read_text("utf-8")) for path in root.glob("weights/*/card.json")]
    measured = [card["metrics"] | {"name": card["name"]} for card in cards
                if "accuracy" in card["metrics"].get("cluster_split", {})]  # fmt: skip
    measured.sort(key=lambda each: (-each["cluster_split"]["accuracy"]["value"], each["name"]))
    head = "| model | clusters apart | random split | difference, points | reported |\n"
    rows = []
    for each in measured:
        random, gain = each.get("random_split"), each.get("random_minus_cluster")
        rows.append(
            f"| `{each['name']}` | {_interval(each['cluster_split']['accuracy'], 100)} "
            f"| {_interval(random['accuracy'], 100) if random else 'not measured yet'} "
            f"| {_interval(gain, 100, '+') if gain else ''} "
            f"| {_reported(each.get('reported', {}))} |\n"
        )
    return head + "|---|---|---|---|---|\n" + "".join(rows)


def segmenter_table(root: Path = ROOT) -> str:
    """A Markdown table of every segmenter, the one with the best mean Dice first: Dice with its
    interval, the boxes that are met within a tenth, and the Dice that is reported."""
    cards = [json.loads(path.read_text("utf-8")) for path in root.glob("weights/*/card.json")]
    measured = [card["metrics"] | {"name": card["name"]} for card in cards
                if card["kind"] == "segmenter" and "cluster_split" in card["metrics"]]  # fmt: skip
    regions = ("nucleus", "cell", "cytoplasm")

    def mean(each: dict[str, Any]) -> float:
        dice = each["cluster_split"]["dice"]
        return float(dice["nucleus"]["value"] + dice["cell"]["value"])

    rows = []
    for each in sorted(measured, key=lambda each: (-mean(each), each["name"])):
        split, told = each["cluster_split"], each.get("reported", {})
        dice = " | ".join(_share(split["dice"][region]) for region in regions)
        reported = ", ".join(
            f"{value:.3f} {key.removeprefix('dice_').replace('_', ' ')}"
            for key, value in told.items()
            if key.startswith("dice_")
        )
        boxes = _interval(split["boxes_within_a_tenth"], 100)
        whole = _share(split["dice_with_background"])
        rows.append(f"| `{each['name']}` | {dice} | {whole} | {boxes} | {reported} |\n")
    head = "| model | nucleus | whole cell | cytoplasm without nucleus | with background "
    return head + "| boxes met | reported |\n|---|---|---|---|---|---|---|\n" + "".join(rows)


def _share(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def made_table(root: Path, what: str) -> str:
    """A Markdown table of what makes cells: of every generator beside real cells ("generators"),
    of every way of every translator ("translators"), or of whether the cells of each generator help
    a classifier ("help")."""
    settings = replace(load_settings(), weights=root / "weights")
    if what == "translators":
        return _translators(translator_rows(settings))
    return (_helps if what == "help" else _generators)(generator_rows(settings))


def _generators(rows: list[GeneratorRow]) -> str:
    """Real cells first, then every generator behind the one that it improves."""
    heads = ("cells of", "KID", "FID", "precision", "recall", "taken for the class",
             "nearest, median", "flagged")  # fmt: skip
    lines: list[list[str]] = []
    for row in rows:
        if not lines:
            median = f"{row.memorised['real_median']:.3f}"
            lines.append(["real cells", *_likeness(row.floor), median])
        nearest, flagged = row.memorised["made_median"], row.memorised["flagged"]
        own = [*_likeness(row.made), f"{nearest:.3f}", f"{100 * flagged:.1f} %"]
        lines.append([f"`{row.name}`", *own])
    return _table(heads, lines)


def _likeness(found: Likeness) -> list[str]:
    told = "" if found.recognised is None else f"{100 * found.recognised:.1f} %"
    shares = (f"{100 * each:.1f} %" for each in (found.precision, found.recall))
    return [_share(found.kid), f"{found.fid:.1f}", *shares, told]


def _translators(rows: list[TranslatorRow]) -> str:
    """A row a way, and one of what the document reports, where it does."""
    heads = ("translator", "into", "KID", "real against real", "taken for the class", "IoU",
             "pixel accuracy", "class accuracy", "SSIM", "PSNR, dB", "MSE")  # fmt: skip
    keys = ("iou", "pixel_accuracy", "class_accuracy")
    lines = []
    for row in rows:
        for way in row.ways:
            told = f"{100 * (way.made.recognised or 0):.1f} %"
            near = [_share(way.made.kid), f"{way.floor.kid['value']:.3f}", told]
            kept = [f"{way.outlines[key]:.3f}" for key in keys]
            ssim, psnr, mse = (way.again[key] for key in ("ssim", "psnr", "mse"))
            back = [f"{ssim:.3f}", f"{psnr:.1f}", f"{mse:.4f}"]
            lines.append([f"`{row.name}`", way.label, *near, *kept, *back])
        if row.reported:
            told = f"{100 * row.reported['accuracy']:.1f} %"
            kept = [f"{row.reported[key]:.3f}" for key in keys]
            lines.append([f"`{row.name}`, reported", "", "", "", told, *kept, "", "", ""])
    return _table(heads, lines)


def _helps(rows: list[GeneratorRow]) -> str:
    """A row a share of the real cells, of every generator that was tried."""
    heads = ("generator", "real cells", "right without made cells", "with made cells",
             "gain, points")  # fmt: skip
    lines = []
    for name, tried in ((f"`{row.name}`", row.help) for row in rows):
        if tried is None:
            continue
        if alone := tried.made_alone:
            lines.append([name, "none", "", _interval(alone.accuracy, 100)])
        for one, two in zip(tried.of_real(made=False), tried.of_real(made=True), strict=True):
            both = (_interval(each.accuracy, 100) for each in (one, two))
            gain = _interval(tried.gains[one.share], 100, "+")
            lines.append([name, f"{100 * one.share:g} %", *both, gain])
    return _table(heads, lines)


def _table(heads: Sequence[str], lines: list[list[str]]) -> str:
    if not lines:
        return "None is measured yet.\n"
    filled = [[*line, *[""] * (len(heads) - len(line))] for line in lines]
    rows = [f"| {' | '.join(each)} |\n" for each in (list(heads), *filled)]
    return "".join([rows[0], f"|{'---|' * len(heads)}\n", *rows[1:]])


def tried_table(root: Path, name: str) -> str:
    """A Markdown table of what was tried before the recipe of this name was chosen."""
    rows = _value(root, f"weights/{name}/card.json", "metrics.tried")
    names = list(dict.fromkeys(key for row in rows for key in row))
    head = " | ".join(["", *(each.replace("_", " ") for each in names), ""]).strip()
    lines = [
        " | ".join(["", *(_cell(row.get(each)) for each in names), ""]).strip() for row in rows
    ]
    return "\n".join([head, "|" + "---|" * len(names), *lines]) + "\n"


def _interval(figure: Mapping[str, float], scale: int, sign: str = "") -> str:
    value, low, high = (f"{scale * figure[key]:{sign}.1f}" for key in ("value", "low", "high"))
    unit = "" if sign else " %"
    return f"{value}{unit} ({low} to {high})"


def _reported(given: dict[str, Any]) -> str:
    return f"{100 * given['accuracy']:.1f} %, split {given['split']}" if given else ""


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def written(value: Any, like: str) -> str:
    """The value in the manner of the text that stood there before."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    decimals = len(re.sub(r"[^\d?]", "", like.partition(".")[2]))
    if "%" in like:
        return f"{100 * value:.{decimals}f} %"
    return f"{value:,.{decimals}f}"


def bare_figures(text: str) -> list[str]:
    """The lines that state a figure without a marker, and are no quotation or target."""
    unmarked = FENCED.sub("", MARKED.sub("", text))
    for generated in (MODELS, SPLITS, SEGMENTERS, MADE, TRIED, PLAN):
        unmarked = generated.sub("", unmarked)
    return [
        line.strip()
        for line in unmarked.splitlines()
        if not QUOTED.search(line) and (PERCENTAGE.search(line) or MEASURED.search(line))
    ]


def _value(root: Path, file: str, path: str) -> Any:
    try:
        value = json.loads((root / file).read_text("utf-8"))
    except FileNotFoundError as error:
        raise DataError(
            f"A document takes {path} from {file}, which is not there. "
            "Name a card or results file of the project, or take the figure out."
        ) from error
    for key in path.split("."):
        try:
            value = value[int(key)] if isinstance(value, list) else value[key]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise DataError(
                f"A document takes {path} from {file}, which has no {key!r} there. "
                "Correct the path in the marker."
            ) from error
    return value


def main() -> int:
    """The exit status after every document was brought up to date."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        for path in documents():
            before = path.read_text("utf-8")
            after = refreshed(before)
            if after != before:
                path.write_text(after, "utf-8")
                logger.info("%s: figures renewed", path.relative_to(ROOT))
    except CervixError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
