"""The subcommand `field`: whole fields and slides, read cell by cell into the store."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `field`; it sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser(
        "field",
        help="read whole fields or slides, cell by cell",
        description="Finds the nuclei of each field, cuts out and reads their cells, and stores "
        "them for the page Read a field. Slides (SVS, NDPI, MRXS, tiled TIFF ...) are read part by "
        "part, whatever their size.",
    )
    parser.add_argument("files", type=Path, nargs="+", help="pictures or slides")
    parser.add_argument("--classifier", help="default: the one that the pages use")
    parser.add_argument("--scale", type=float, help="micrometres a pixel (default: by the file)")
    parser.set_defaults(func=_field)


def _field(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from cervix_models.contracts import OnSlide
    from cervix_models.data.slides import Slide, identity_of, open_field
    from cervix_models.services.fields import Fields
    from cervix_models.services.triage import open_triage

    fields = Fields(open_triage())
    for path in args.files:
        source = open_field(path)
        on_slide = OnSlide(identity_of(path), 0, 0) if isinstance(source, Slide) else None
        with tqdm(total=100, unit="%", desc=path.name, file=sys.stderr) as bar:

            def progress(done: float, cells: int, bar: tqdm = bar) -> bool:
                bar.update(round(100 * done) - bar.n)
                bar.set_postfix(cells=cells)
                return True

            made = fields.read(
                source, progress, micrometres_per_pixel=args.scale,
                classifier=args.classifier, on_slide=on_slide,
            )  # fmt: skip
        rows = fields.cells(made.id)
        called = Counter(row.reading.label or "referred" for row in rows)
        words = ", ".join(f"{name} {count}" for name, count in called.most_common())
        sys.stdout.write(f"{path.name}: {len(rows)} cells ({words or 'none'}); field {made.id}\n")
    return 0
