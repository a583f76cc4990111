"""Recognises a folder of images by its layout and lists what should be in its index.

Nothing is decoded here: a `Found` says where each image, mask and outline lies, and `importing.py`
checks them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from cervix_models.errors import DataError

from .cric import cric_table, read_nuclei
from .index import Kind, Source
from .labels import class_of_folder

SUFFIXES = frozenset({".bmp", ".jpg", ".jpeg", ".png", ".tif", ".tiff"})
SPLIT_FOLDERS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation"})
BOXES = "boxes.csv"  # beside images: they are whole fields, with boxes of some of their cells
CELL_NAME = re.compile(r"(\d+)_(\d+)")  # cluster, cell
HERLEV_NAME = re.compile(r"(.+?)-?(\d+)")  # capture, running number


@dataclass(frozen=True)
class Found:
    """One image as the layout names it, before it is opened. Paths are absolute."""

    path: Path
    kind: Kind
    label: str | None
    cluster: str
    mask: Path | None = None
    cytoplasm: Path | None = None
    nucleus: Path | None = None
    field: Path | None = None


@dataclass(frozen=True)
class Listing:
    """A recognised data set: its kind, its root, its images, and what is wrong with their names."""

    source: Source
    root: Path
    found: tuple[Found, ...]
    problems: tuple[str, ...] = ()


def recognise(path: Path, groups: str | None = None) -> Listing:
    """The listing of the data set at `path`: SIPaKMeD, Herlev, CRIC or any folder of classes.

    `groups` is a regular expression that finds in a file's name, in its first bracket or whole,
    which patient or slide the image of a folder of classes is of. Raises DataError where the folder
    is missing, empty or can be read in two ways, and for `groups` of a set that has its own.
    """
    listing = _recognise(path)
    if groups is None:
        return listing
    if listing.source != "folder" or any(each.kind == "field" for each in listing.found):
        raise DataError(
            f"{path} was recognised as {listing.source}, whose images have their clusters already; "
            "groups were expected of a folder of classes alone. Leave --groups out."
        )
    return _grouped(listing, groups)


def _grouped(listing: Listing, groups: str) -> Listing:
    """The listing with the group that each file's name tells as its cluster."""
    try:
        pattern = re.compile(groups)
    except re.error as problem:
        raise DataError(
            f"{groups!r} is no regular expression ({problem}); one that finds the patient or the "
            "slide in a file's name was expected, as '_([0-9]+)_'. Mend it."
        ) from problem
    found, problems = [], list(listing.problems)
    for each in listing.found:
        match = pattern.search(each.path.stem)
        if match is None:
            problems.append(f"{each.path}: {groups!r} finds no group in its name")
        else:
            each = replace(each, cluster=match.group(1 if pattern.groups else 0))
        found.append(each)
    return replace(listing, found=tuple(found), problems=tuple(problems))


def _recognise(path: Path) -> Listing:
    if not path.is_dir():
        raise DataError(
            f"{path} is not a folder; a data set's folder was expected. Unpack a download first, "
            "and give the folder it made (data/README.md lists the layouts)."
        )
    root = _unwrap(path.resolve())
    if cric_table(root):
        return _cric(root)
    if (root / BOXES).is_file():
        fields = tuple(Found(each, "field", None, each.stem) for each in _images(root))
        return Listing("folder", root, fields)
    folders = _subfolders(root)
    if any(_cropped(folder) for folder in folders):
        return _sipakmed_full(root, folders)
    if any(_mask_beside(image) for folder in folders for image in _images(folder)):
        return _herlev(root, folders)
    if folders and all(_sipakmed_names(folder) for folder in folders):
        return _sipakmed_crops(root, folders)
    return _folder_of_classes(root, folders)


def _unwrap(root: Path) -> Path:
    """The folder below `root` that holds the data: an archive often wraps it in one more."""
    while True:
        inner = _subfolders(root)
        if len(inner) != 1 or _images(root) or class_of_folder(inner[0].name):
            return root
        if not _subfolders(inner[0]) and not cric_table(inner[0]):
            return root
        root = inner[0]


def _subfolders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir() and _visible(each))


def _images(folder: Path) -> list[Path]:
    return sorted(
        each
        for each in folder.iterdir()
        if each.is_file() and _visible(each) and each.suffix.lower() in SUFFIXES
    )


def _visible(path: Path) -> bool:
    return not path.name.startswith((".", "__MACOSX"))


def _cropped(folder: Path) -> Path | None:
    """The CROPPED folder of a class of the full SIPaKMeD download, in `im_X` or `im_X/im_X`."""
    for parent in (folder, *_subfolders(folder)):
        for each in _subfolders(parent):
            if each.name.upper() == "CROPPED":
                return each
    return None


def _sipakmed_names(folder: Path) -> bool:
    images = _images(folder)
    named = sum(CELL_NAME.fullmatch(each.stem) is not None for each in images)
    return class_of_folder(folder.name) is not None and 2 * named > len(images)


def _first(paths: Iterable[Path]) -> Path | None:
    return next((each for each in paths if each.is_file()), None)


def _sipakmed_full(root: Path, folders: list[Path]) -> Listing:
    found: list[Found] = []
    problems: list[str] = []
    for folder in folders:
        known, cropped = class_of_folder(folder.name), _cropped(folder)
        if known is None or cropped is None:
            problems.append(
                f"{folder.name}: not a SIPaKMeD class folder im_<Class> with CROPPED in it"
            )
            continue
        fields = {each.stem: each for each in _images(cropped.parent)}
        found += [
            Found(each, "field", known.name, f"{known.name}/{n}") for n, each in fields.items()
        ]
        cells, wrong = _cells(cropped, known.name, fields)
        found += cells
        problems += wrong
    return Listing("sipakmed", root, tuple(found), tuple(problems))


def _sipakmed_crops(root: Path, folders: list[Path]) -> Listing:
    found: list[Found] = []
    problems: list[str] = []
    for folder in folders:
        known = class_of_folder(folder.name)
        cells, wrong = _cells(folder, known.name if known else folder.name, {})
        found += cells
        problems += wrong
    return Listing("sipakmed", root, tuple(found), tuple(problems))


def _cells(folder: Path, label: str, fields: dict[str, Path]) -> tuple[list[Found], list[str]]:
    """The cells `NNN_MM` of one class folder, and a problem for each image of another name."""
    found: list[Found] = []
    problems: list[str] = []
    for image in _images(folder):
        match = CELL_NAME.fullmatch(image.stem)
        if match is None:
            problems.append(f"{image}: the name should be NNN_MM (cluster, cell)")
            continue
        cluster, cell = match.groups()
        cytoplasm, nucleus = _outlines(folder, cluster, cell)
        if (cytoplasm is None) != (nucleus is None):
            problems.append(f"{image}: has only one of its two outlines (.dat)")
        home = f"{label}/{cluster}"
        field = fields.get(cluster)
        found.append(Found(image, "cell", label, home, None, cytoplasm, nucleus, field))
    return found, problems


def _outlines(folder: Path, cluster: str, cell: str) -> tuple[Path | None, Path | None]:
    """Cytoplasm and nucleus outline: beside the crop, or beside the field in the field's pixels."""
    beside = [folder / f"{cluster}_{cell}_{part}.dat" for part in ("cyt", "nuc")]
    above = [folder.parent / f"{cluster}_{part}{cell}.dat" for part in ("cyt", "nuc")]
    return (_first((beside[0], above[0])), _first((beside[1], above[1])))


def _is_mask(image: Path) -> bool:
    return image.stem.endswith("-d")


def _mask_beside(image: Path) -> Path | None:
    """Herlev's mask `NAME-d` of an image `NAME`, of whatever suffix."""
    if _is_mask(image):
        return None
    names = (f"{image.stem}-d{suffix}" for suffix in (".png", ".bmp", ".PNG", ".BMP"))
    return _first(image.with_name(name) for name in names)


def _herlev(root: Path, folders: list[Path]) -> Listing:
    found: list[Found] = []
    problems: list[str] = []
    for folder in folders:
        images = _images(folder)
        cells = [each for each in images if not _is_mask(each)]
        stems = {each.stem for each in cells}
        problems += [
            f"{each}: a mask without its image"
            for each in images
            if _is_mask(each) and each.stem[:-2] not in stems
        ]
        for image in cells:
            mask = _mask_beside(image)
            if mask is None:
                problems.append(f"{image}: its mask {image.stem}-d is missing")
            match = HERLEV_NAME.fullmatch(image.stem)
            capture = match.group(1) if match else image.stem
            found.append(Found(image, "cell", folder.name, f"{folder.name}/{capture}", mask))
    return Listing("herlev", root, tuple(found), tuple(problems))


def _cric(root: Path) -> Listing:
    listed = {nucleus.image for nucleus in read_nuclei(root)}
    images = {each.name: each for each in _images(root)}
    problems = [
        f"{root / name}: in the table of nuclei, but missing"
        for name in sorted(listed - set(images))
    ]
    found = [Found(each, "field", None, each.stem) for each in images.values()]
    return Listing("cric", root, tuple(found), tuple(problems))


def _folder_of_classes(root: Path, folders: list[Path]) -> Listing:
    _refuse_doubt(root, folders)
    found = []
    for folder in folders:
        known = class_of_folder(folder.name)
        label = known.name if known else folder.name
        found += [Found(each, "cell", label, f"{label}/{each.stem}") for each in _images(folder)]
    return Listing("folder", root, tuple(found))


def _refuse_doubt(root: Path, folders: list[Path]) -> None:
    splits = [each.name for each in folders if each.name.lower() in SPLIT_FOLDERS]
    if splits:
        raise DataError(
            f"{root} holds {', '.join(splits)}, so its classes lie one folder deeper and are split "
            f"already; a folder of classes was expected. Import one of them: {root / splits[0]}"
        )
    if not any(_images(folder) for folder in folders):
        raise DataError(
            f"{root} holds no folder of images; one sub-folder a class, with "
            f"{', '.join(sorted(SUFFIXES))} files in it, was expected. See data/README.md."
        )
    if _images(root):
        raise DataError(
            f"{root} holds images beside its class folders, so their class is not known; one "
            "sub-folder a class was expected. Move them into a class folder, or out."
        )
    deep = [each.name for each in folders if any(_images(inner) for inner in _subfolders(each))]
    if deep:
        raise DataError(
            f"{root} has images two folders deep (in {deep[0]}); one sub-folder a class was "
            "expected. Give the folder that holds the class folders."
        )
