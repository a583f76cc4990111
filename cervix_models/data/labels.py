"""The one list of cell classes, in the one order, with what every page needs to know of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["normal", "abnormal", "benign"]


@dataclass(frozen=True)
class CellClass:
    """One of the five SIPaKMeD cell classes (Plissiti et al., IEEE ICIP 2018)."""

    name: str
    short: str  # two letters, so that colour is never the only sign
    group: Group  # the data set's own word for it
    colour: str  # Okabe and Ito (2008), told apart by colour-blind readers
    aliases: tuple[str, ...]  # folder names met in downloads, lower case, letters only


CLASSES: tuple[CellClass, ...] = (
    CellClass("Dyskeratotic", "DK", "abnormal", "#D55E00", ("dyskeratotic", "imdyskeratotic")),
    CellClass("Koilocytotic", "KO", "abnormal", "#CC79A7", ("koilocytotic", "imkoilocytotic")),
    CellClass("Metaplastic", "MP", "benign", "#E69F00", ("metaplastic", "immetaplastic")),
    CellClass("Parabasal", "PB", "normal", "#56B4E9", ("parabasal", "imparabasal")),
    CellClass(
        "Superficial-Intermediate",
        "SI",
        "normal",
        "#009E73",
        ("superficialintermediate", "imsuperficialintermediate"),
    ),
)

CLASS_NAMES: tuple[str, ...] = tuple(each.name for each in CLASSES)


def class_named(name: str) -> CellClass:
    """The class of this name. Raises KeyError, with the names there are, for any other."""
    for each in CLASSES:
        if each.name == name:
            return each
    raise KeyError(f"No cell class is named {name!r}; the classes are {', '.join(CLASS_NAMES)}.")


def short_name(name: str) -> str:
    """The two letters of a cell class; the whole name of a class of other images."""
    return next((each.short for each in CLASSES if each.name == name), name)


def class_of_folder(folder: str) -> CellClass | None:
    """The class a folder name stands for (`im_Koilocytotic`, `koilocytotic`), or None."""
    letters = "".join(ch for ch in folder.lower() if ch.isalpha())
    return next((each for each in CLASSES if letters in each.aliases), None)
