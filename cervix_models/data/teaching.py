"""What a learner is told of each cell class: its look, the criteria to check, and its look-alikes.

In our own words, after the data set's paper and the standard texts of cytology that each entry
names. The texts are marked for translation here and shown through `language._`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cervix_models.language import later

Part = Literal["nucleus", "cytoplasm", "cell"]
Spot = Literal["nucleus", "nuclear border", "perinuclear zone", "cytoplasm", "rim", "cell border"]

SIPAKMED = "Plissiti et al., SIPaKMeD, IEEE ICIP 2018"
BETHESDA = "Nayar and Wilbur, The Bethesda System for Reporting Cervical Cytology, 3rd edition"
SOURCE = f"{SIPAKMED}; {BETHESDA}, 2015"


@dataclass(frozen=True)
class Criterion:
    """One thing to look for on a cell."""

    part: Part
    title: str  # a few words; marked for translation
    words: str  # what to look for, in a sentence or two; marked for translation
    spot: Spot | None = None  # where on the cell it is pointed out
    feature: str | None = None  # the measurement that speaks of it, where there is one


@dataclass(frozen=True)
class ClassNotes:
    """What a learner is told of one class."""

    label: str
    description: str  # marked for translation
    criteria: tuple[Criterion, ...]
    source: str


@dataclass(frozen=True)
class LookAlike:
    """Two classes that are easily taken for each other, and what tells them apart."""

    one: str
    other: str
    words: str  # marked for translation


_DYSKERATOTIC = ClassNotes(
    "Dyskeratotic",
    later(
        "Squamous cells that made keratin too early, before they reached the surface. They lie "
        "singly, or more often in thick clusters of several layers, and are smaller than other "
        "mature squamous cells. Their cytoplasm is a brilliant orange; their nuclei resemble "
        "those of koilocytes. What a pathologist would report depends on the nuclei, and the "
        "class is disputed."
    ),
    (
        Criterion(
            "cytoplasm",
            later("Brilliant orange cytoplasm"),
            later(
                "Dense and orangeophilic: keratin takes up the orange dye of the Papanicolaou "
                "stain, so the cytoplasm is low in blue light."
            ),
            "cytoplasm",
            "cytoplasm_blue_mean",
        ),
        Criterion(
            "nucleus",
            later("Nucleus like a koilocyte’s"),
            later(
                "Vesicular in the data set’s description, yet often dark or smudged where the "
                "cluster is thick; two or more nuclei are common. A low green value is a dark "
                "nucleus."
            ),
            "nucleus",
            "nucleus_green_mean",
        ),
        Criterion(
            "cell",
            later("Small cell, often in a cluster"),
            later(
                "Smaller than a superficial cell, and often in three-dimensional clusters whose "
                "cells overlap, so that single borders are hard to follow."
            ),
            "cell border",
            "cytoplasm_area",
        ),
        Criterion(
            "nucleus",
            later("Outline of the nucleus"),
            later(
                "Judge the atypia here: an irregular outline and an uneven size weigh more than "
                "the orange colour. Orange cytoplasm alone also occurs in benign keratinisation."
            ),
            "nuclear border",
            "nucleus_solidity",
        ),
    ),
    SOURCE,
)

_KOILOCYTOTIC = ClassNotes(
    "Koilocytotic",
    later(
        "Mostly mature squamous cells, at times metaplastic ones, with the changes that human "
        "papillomavirus (HPV) makes: a large clear cavity round the nucleus with a dense rim of "
        "cytoplasm beyond it, and a changed nucleus. Both are needed; a halo alone is not enough. "
        "HPV was not tested in any cell of this data set."
    ),
    (
        Criterion(
            "cytoplasm",
            later("Clear cavity round the nucleus"),
            later(
                "A large, clear and sharply bounded zone round the nucleus. Glycogen and "
                "inflammation make halos too: without a changed nucleus it is no koilocyte."
            ),
            "perinuclear zone",
            "halo_contrast",
        ),
        Criterion(
            "cytoplasm",
            later("Dense rim of cytoplasm"),
            later(
                "Beyond the cavity the cytoplasm is condensed and stains densely, so that clear "
                "and dense parts stand side by side: the cytoplasm is mottled."
            ),
            "rim",
            "cytoplasm_green_contrast",
        ),
        Criterion(
            "nucleus",
            later("Enlarged nucleus"),
            later(
                "Larger than the nucleus of a normal intermediate cell, often off the middle of "
                "the cell; two nuclei or more are common."
            ),
            "nucleus",
            "nucleus_area",
        ),
        Criterion(
            "nucleus",
            later("Irregular outline, dark chromatin"),
            later(
                "The border of the nucleus is wrinkled or dented, and its chromatin is often dark "
                "(hyperchromatic) or smudged. A dent lowers the solidity of the outline."
            ),
            "nuclear border",
            "nucleus_solidity",
        ),
    ),
    SOURCE,
)

_METAPLASTIC = ClassNotes(
    "Metaplastic",
    later(
        "Cells of the zone where squamous epithelium replaces glandular epithelium: a common and "
        "benign change. They are small or large cells of parabasal type, almost round and much "
        "alike in size, with clear-cut borders. The rim often stains darker than the middle, and "
        "some hold a large vacuole."
    ),
    (
        Criterion(
            "cell",
            later("Clear-cut, almost round border"),
            later(
                "The edge of the cell is easy to follow all round, and the cell is close to a "
                "circle. Cells of one group are much alike in size and shape."
            ),
            "cell border",
            "cell_circularity",
        ),
        Criterion(
            "cytoplasm",
            later("Rim darker than the middle"),
            later(
                "The margin of the cytoplasm is dense, while the middle is paler and often of "
                "another tint, light brown."
            ),
            "rim",
            "cytoplasm_green_contrast",
        ),
        Criterion(
            "nucleus",
            later("Nucleus often off centre"),
            later(
                "The nucleus is round to oval with fine, even chromatin, and often lies towards "
                "one side of the cell."
            ),
            "nucleus",
            "nucleus_eccentric_location",
        ),
        Criterion(
            "cytoplasm",
            later("Dense cytoplasm, sometimes a vacuole"),
            later(
                "Dense cytoplasm, blue-green to brown, darker in red light than that of parabasal "
                "cells here; some cells hold one large vacuole."
            ),
            "cytoplasm",
            "cytoplasm_red_mean",
        ),
    ),
    SOURCE,
)

_PARABASAL = ClassNotes(
    "Parabasal",
    later(
        "Young squamous cells from the deeper layers, the smallest squamous cells that a smear "
        "usually shows. They are round to oval, with dense, mostly blue-green cytoplasm and a "
        "large, pale (vesicular) nucleus. Many of them are expected after the menopause and after "
        "childbirth: a sign of little oestrogen, not of risk."
    ),
    (
        Criterion(
            "cell",
            later("Round to oval cell"),
            later("A smooth, rounded outline without corners, in a cell that is not yet mature."),
            "cell border",
            "cell_circularity",
        ),
        Criterion(
            "nucleus",
            later("Large share of the cell"),
            later(
                "The nucleus fills a far larger part of the cell than in mature cells. In these "
                "young cells that is normal."
            ),
            "nucleus",
            "nucleus_cell_ratio",
        ),
        Criterion(
            "nucleus",
            later("Smooth, round nucleus"),
            later(
                "Round to oval with a thin, even outline and fine, even chromatin: a regular "
                "nucleus speaks against dysplasia, however large its share."
            ),
            "nuclear border",
            "nucleus_circularity",
        ),
        Criterion(
            "cytoplasm",
            later("Even, dense cytoplasm"),
            later(
                "Stained evenly, mostly blue-green (cyanophilic), without the paler middle of "
                "many metaplastic cells: the contrast within it is low."
            ),
            "cytoplasm",
            "cytoplasm_green_contrast",
        ),
    ),
    SOURCE,
)

_SUPERFICIAL = ClassNotes(
    "Superficial-Intermediate",
    later(
        "Mature squamous cells of the upper layers, the most common cells of a smear at "
        "reproductive age. They are large, flat and polygonal, with abundant thin cytoplasm that "
        "stains pink or blue-green, and a small central nucleus: shrunken and dark (pyknotic) in "
        "superficial cells, a little larger and vesicular in intermediate ones."
    ),
    (
        Criterion(
            "cell",
            later("Large, polygonal cell"),
            later("Flat and wide, with corners and a clear border; the edge is often folded."),
            "cell border",
            "cytoplasm_area",
        ),
        Criterion(
            "nucleus",
            later("Small nucleus"),
            later(
                "Pyknotic in superficial cells: small and dark without any visible structure. "
                "Vesicular in intermediate cells: somewhat larger, with fine chromatin."
            ),
            "nucleus",
            "nucleus_area",
        ),
        Criterion(
            "cytoplasm",
            later("Abundant, thin cytoplasm"),
            later(
                "Transparent and pink or blue-green. The cytoplasm makes up nearly all of the "
                "cell: the nucleus fills a few hundredths of it."
            ),
            "cytoplasm",
            "nucleus_cell_ratio",
        ),
        Criterion(
            "nucleus",
            later("Smooth outline of the nucleus"),
            later(
                "Round to oval and clear-cut. Where it is enlarged or dented instead, look again: "
                "koilocytes arise from these cells."
            ),
            "nuclear border",
            "nucleus_circularity",
        ),
    ),
    SOURCE,
)

NOTES: dict[str, ClassNotes] = {
    each.label: each
    for each in (_DYSKERATOTIC, _KOILOCYTOTIC, _METAPLASTIC, _PARABASAL, _SUPERFICIAL)
}

LOOKALIKES: tuple[LookAlike, ...] = (
    LookAlike(
        "Metaplastic",
        "Parabasal",
        later(
            "Both are small round cells with a large share of nucleus, and hard to tell apart. "
            "Metaplastic cells have a more clear-cut border, a rim that is darker than the middle "
            "and at times a vacuole; parabasal cells are stained more evenly and have a smoother, "
            "paler nucleus. Neither is dangerous."
        ),
    ),
    LookAlike(
        "Koilocytotic",
        "Dyskeratotic",
        later(
            "Their nuclei look alike, and one cluster may hold both. The cytoplasm tells them "
            "apart: a clear cavity with a dense rim in koilocytes, dense and brilliant orange "
            "cytoplasm without a cavity in dyskeratotic cells, which are smaller and lie in "
            "thicker clusters."
        ),
    ),
    LookAlike(
        "Koilocytotic",
        "Superficial-Intermediate",
        later(
            "Koilocytes arise from mature cells, and a normal mature cell may have a halo by "
            "glycogen or inflammation. The nucleus decides: small and smooth in normal cells; "
            "enlarged, irregular or dark in koilocytes, where it fills a larger share of the cell."
        ),
    ),
    LookAlike(
        "Koilocytotic",
        "Metaplastic",
        later(
            "Metaplastic cells may have a pale middle or a vacuole, which can pass for a halo. "
            "The cavity of a koilocyte lies round its nucleus and is sharply bounded, and its "
            "nucleus is irregular; a metaplastic cell is almost round and its nucleus smooth."
        ),
    ),
)


def apart(one: str, other: str) -> LookAlike | None:
    """The look-alikes that these two classes are, in either order; None where they are not."""
    return next((each for each in LOOKALIKES if {each.one, each.other} == {one, other}), None)
