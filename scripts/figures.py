"""Copies measured figures from their results files into the documents, between markers.

A figure in a document stands between `<!-- from: FILE#path.to.value -->` and `<!-- /from -->`.
FILE is a card or a table of results, by its path from the project folder. What stands between says
how the figure is written: `97.5 %` or `?.? %` a percentage with one decimal, `0.00` two decimals,
`1,000` a whole number. Between `<!-- models -->` and `<!-- /models -->` stands the table of all
cards, between `<!-- splits -->` and `<!-- /splits -->` both splits of every classifier, between
`<!-- segmenters -->` and `<!-- /segmenters -->` the Dice of every segmenter, and between
`<!-- tried: NAME -->` and `<!-- /tried -->` what was tried before a recipe was chosen.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path
from typing import Any

from cervix_models.errors import CervixError, DataError

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "data/README.md", "docs/*.md")

MARKED = re.compile(r"<!-- from: (?P<file>[^#\s]+)#(?P<path>\S+) -->(?P<shown>.*?)<!-- /from -->")
MODELS = re.compile(r"(?<=<!-- models -->\n).*?(?=<!-- /models -->)", re.DOTALL)
SPLITS = re.compile(r"(?<=<!-- splits -->\n).*?(?=<!-- /splits -->)", re.DOTALL)
SEGMENTERS = re.compile(r"(?<=<!-- segmenters -->\n).*?(?=<!-- /segmenters -->)", re.DOTALL)
TRIED = re.compile(r"(<!-- tried: (?P<name>\S+) -->\n).*?(?=<!-- /tried -->)", re.DOTALL)
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


def _share(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def tried_table(root: Path, name: str) -> str:
    """A Markdown table of what was tried before the recipe of this name was chosen."""
    rows = _value(root, f"weights/{name}/card.json", "metrics.tried")
    names = list(dict.fromkeys(key for row in rows for key in row))
    head = " | ".join(["", *(each.replace("_", " ") for each in names), ""]).strip()
    lines = [
        " | ".join(["", *(_cell(row.get(each)) for each in names), ""]).strip() for row in rows
    ]
    return "\n".join([head, "|" + "---|" * len(names), *lines]) + "\n"


def _interval(figure: dict[str, float], scale: int, sign: str = "") -> str:
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
    for generated in (MODELS, SPLITS, SEGMENTERS, TRIED):
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
