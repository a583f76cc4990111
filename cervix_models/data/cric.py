"""The CRIC collection's table of nuclei (Rezende et al., Scientific Data 8:151, 2021)."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cervix_models.errors import DataError

CRIC_TABLES = ("nuclei.csv", "classifications.csv")  # short, or CRIC's own
COLUMNS = (
    ("image", "bethesda", "x", "y"),
    ("image_filename", "bethesda_system", "nucleus_x", "nucleus_y"),
)


@dataclass(frozen=True)
class Nucleus:
    """The centre of one annotated nucleus of a CRIC field, in pixels, and its Bethesda label."""

    image: str
    bethesda: str
    x: float
    y: float


def cric_table(root: Path) -> Path | None:
    """The table of nuclei in `root`, or None where there is none."""
    return next((root / name for name in CRIC_TABLES if (root / name).is_file()), None)


def read_nuclei(root: Path) -> list[Nucleus]:
    """The annotated nuclei of the CRIC fields in `root`.

    Raises DataError where a column is missing or a line cannot be read.
    """
    table = cric_table(root)
    if table is None:
        raise DataError(
            f"{root} holds no {' or '.join(CRIC_TABLES)}; one was expected. Give the CRIC folder."
        )
    with table.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        columns = _nuclei_columns(table, reader.fieldnames or ())
        nuclei = []
        for line in reader:
            image, bethesda, x, y = (line[name] or "" for name in columns)
            try:
                nuclei.append(Nucleus(image, bethesda, float(x), float(y)))
            except ValueError:
                raise DataError(
                    f"Line {reader.line_num} of {table} gives the centre {x!r}, {y!r}; two numbers "
                    "were expected. Restore the file from the download."
                ) from None
    return nuclei


def _nuclei_columns(table: Path, names: Iterable[str]) -> tuple[str, ...]:
    """The columns of image, label, x and y, by the short names or by CRIC's own."""
    have = tuple(names)
    for wanted in COLUMNS:
        if set(wanted) <= set(have):
            return wanted
    raise DataError(
        f"{table} has the columns {', '.join(have) or '(none)'}; image, bethesda, x and y were "
        "expected. Restore the file from the download."
    )
