"""The subcommand `data`: import, fetch, pack, compose, tabulate and list image sets."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cervix_models.commands._arguments import positive
from cervix_models.errors import DataError
from cervix_models.settings import load_settings

if TYPE_CHECKING:
    from cervix_models.data.importing import ImportReport, Progress
    from cervix_models.data.index import Index

SIZE, QUALITY = 160, 92  # pixels a side, WebP quality: 15 MB and 41 dB for SIPaKMeD and Herlev
LIMIT_MB = 30  # of the packed file, so that it can be carried anywhere


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `data` with its verbs; each sets `func`, from arguments to exit code."""
    parser = subparsers.add_parser("data", help="import, fetch, pack, compose and list image sets")
    verbs = parser.add_subparsers(dest="verb", required=True)

    one = verbs.add_parser("import", help="check every file of an image set and index it")
    one.add_argument("path", type=Path, help="SIPaKMeD, Herlev, CRIC or any folder of classes")
    one.add_argument("--name", help="kept under this name (default: the kind of set)")
    one.add_argument(
        "--groups", metavar="REGEX",
        help="of a folder of classes: what in a file's name tells the patient or slide it is of; "
        "images of one are kept on one side of every split (default: each image its own)",
    )  # fmt: skip
    one.set_defaults(func=_import)

    two = verbs.add_parser("fetch", help="download SIPaKMeD from Kaggle and import it")
    two.set_defaults(func=_fetch)

    three = verbs.add_parser("pack", help="write all crops at training size into one file")
    three.add_argument("names", nargs="*", help="imported sets (default: sipakmed and herlev)")
    three.add_argument("--out", type=Path, help="default: cells<SIZE>.npz or tiles<SIZE>.npz")
    three.add_argument("--size", type=int, default=SIZE, help="pixels a side (default %(default)s)")
    three.add_argument(
        "--quality", type=int, default=QUALITY, help="of WebP, 1 to 100 (default %(default)s)"
    )
    three.add_argument(
        "--tiles", action="store_true", help="windows of whole fields (named sets) instead of crops"
    )
    three.add_argument(
        "--fields", action="store_true",
        help="whole fields (named sets) with the centres of their nuclei, into fields.npz",
    )  # fmt: skip
    three.set_defaults(func=_pack)

    four = verbs.add_parser(
        "compose",
        help="write fields composed of made cells, with the centres of their nuclei, into one file",
    )
    four.add_argument("--generator", default="cellflux", help="default: %(default)s")
    four.add_argument("--fields", type=positive, default=20, help="default: %(default)s")
    four.add_argument("--cells", type=positive, default=12, help="a field (default %(default)s)")
    four.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    four.add_argument("--out", type=Path, help="default: fields_<generator>.npz")
    four.set_defaults(func=_compose)

    six = verbs.add_parser(
        "tables", help="work out every table that is kept of the imported SIPaKMeD cells"
    )
    six.add_argument("--out", type=Path, help="folder (default: data/tables)")
    six.set_defaults(func=_tables)

    _add_corrected(verbs)
    five = verbs.add_parser("list", help="list the imported image sets")
    five.set_defaults(func=_list)


def _add_corrected(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser(
        "corrected",
        help="make a set of the readings that persons corrected, and pack it to train on",
    )
    parser.add_argument("name", help="of the set")
    parser.add_argument(
        "--agreed", action="store_true",
        help="whoever gave the pictures agreed that they may be learned from",
    )  # fmt: skip
    parser.set_defaults(func=_corrected)


def _import(args: argparse.Namespace) -> int:
    from cervix_models.data.importing import import_dataset
    from cervix_models.services.audit import note_import
    from cervix_models.storage import open_store

    settings = load_settings()
    with _bar("checking", "file") as progress:
        report = import_dataset(
            args.path, settings.home, name=args.name, groups=args.groups, progress=progress
        )
    store = open_store(settings)
    note_import(store, report)
    store.close()
    _say_report(report)
    return 0


def _fetch(args: argparse.Namespace) -> int:
    from cervix_models.data.fetching import fetch_sipakmed

    args.path, args.name, args.groups = fetch_sipakmed(), None, None
    return _import(args)


def _pack(args: argparse.Namespace) -> int:
    from cervix_models.data.fields import pack_fields
    from cervix_models.data.packed import pack, pack_tiles

    home = load_settings().home
    if args.fields:
        path = pack_fields(
            _chosen(home, args.names), args.out or home / "fields.npz", quality=args.quality
        )
        _say(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
        return 0
    out = args.out or home / f"{'tiles' if args.tiles else 'cells'}{args.size}.npz"
    write = pack_tiles if args.tiles else pack
    path = write(_chosen(home, args.names), out, size=args.size, quality=args.quality)
    megabytes = path.stat().st_size / 1e6
    _say(f"{path}: {megabytes:.1f} MB")
    if megabytes > LIMIT_MB:
        _say(f"This is over {LIMIT_MB} MB; a lower --quality or --size makes it smaller.")
    return 0


def _compose(args: argparse.Namespace) -> int:
    from cervix_models.data.fields import pack_composed
    from cervix_models.services.composing import made_fields
    from cervix_models.services.steering import Steering
    from cervix_models.services.triage import open_triage

    name, out = args.generator, args.out or load_settings().home / f"fields_{args.generator}.npz"
    with _bar("composing", "field") as progress:
        fields = made_fields(
            Steering(open_triage()), name, args.fields, args.cells, args.seed, progress
        )
        path = pack_composed(fields, name, out)
    _say(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


def _tables(args: argparse.Namespace) -> int:
    from cervix_models.data.derived import TABLES
    from cervix_models.services.tables import build_tables

    folder = args.out or TABLES
    build_tables(load_settings(), folder, _say)
    _say(f"{folder}: {sum(each.stat().st_size for each in folder.iterdir()) / 1e6:.1f} MB")
    return 0


def _corrected(args: argparse.Namespace) -> int:
    from cervix_models.services.corrected import Corrected
    from cervix_models.storage import open_store

    settings = load_settings()
    made = Corrected(open_store(settings), settings).make(args.name, agreed=args.agreed)
    _say(
        f"{made.packed}: {made.found.with_class} cells with a class, "
        f"{made.found.with_outlines} with outlines by a person; {made.found.left_out} left out, as "
        "models are measured on them"
    )
    return 0


def _list(args: argparse.Namespace) -> int:
    from cervix_models.data.importing import list_datasets

    home = load_settings().home
    datasets = list_datasets(home)
    for name, index in datasets.items():
        _say(f"{name}: {_summary(index)}; images in {index.root}")
    if not datasets:
        _say(f"No image set is imported in {home}. Run: python -m cervix_models data import PATH")
    return 0


def _chosen(home: Path, names: list[str]) -> list[Index]:
    """The named data sets, or those of single cells with known classes or masks."""
    from cervix_models.data.importing import list_datasets

    have = list_datasets(home)
    missing = [name for name in names if name not in have]
    if missing:
        raise DataError(
            f"No image set is named {missing[0]!r}; imported: {', '.join(have) or 'none'}. "
            "Import it first with: python -m cervix_models data import PATH"
        )
    if names:
        return [have[name] for name in names]
    return [index for index in have.values() if index.source in ("sipakmed", "herlev")]


def _say_report(report: ImportReport) -> None:
    _say(f"{report.name}: {_summary(report.index)}; index in {report.folder}")
    for label, count in report.index.counts.items():
        _say(f"  {label}: {count}")
    for warning in report.warnings:
        _say(f"  note: {warning}")


def _summary(index: Index) -> str:
    parts = []
    if index.cells:
        parts.append(f"{len(index.cells)} cells in {index.clusters} clusters")
    if index.fields:
        parts.append(f"{len(index.fields)} fields")
    return f"{index.source}, {' and '.join(parts)}"


@contextmanager
def _bar(doing: str, unit: str) -> Iterator[Progress]:
    """A progress function that draws a bar on standard error."""
    from tqdm import tqdm

    with tqdm(unit=unit, desc=doing, file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
