"""A whole field read cell by cell: nuclei found, cells cut out, outlined and classified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cervix_models.cards import use_of
from cervix_models.contracts import Image, ModelUse
from cervix_models.cutting import REACH, Cut, cut_cells
from cervix_models.data.slides import FieldSource
from cervix_models.predictors import NucleusReader
from cervix_models.services.jobs import Progress
from cervix_models.services.reader import Finding, Reader

CORE = 1536  # pixels a side of a part of the field, whose nuclei it gives
RIM = int(REACH) + 56  # round it, so that cells at its border are seen whole
AT_ONCE = 8  # cells
SAME = 12.0  # pixels: two nuclei of neighbouring parts that are nearer are one


@dataclass(frozen=True)
class FoundCell:
    """One cell of a field."""

    image: Image  # its window
    left: int  # of the window, in pixels of the field
    top: int
    x: float  # centre of its nucleus, in pixels of the field
    y: float
    score: float
    finding: Finding


class FieldReader:
    """Reads fields with the models of a Reader and a finder of nuclei."""

    def __init__(self, reader: Reader) -> None:
        """Loads the finder. Raises WeightsError."""
        self.reader = reader
        self.nuclei = NucleusReader(reader.defaults.finder, reader.settings)
        reader.defaults.check(self.nuclei.card)

    def models_of(self, classifier: str | None = None) -> tuple[ModelUse, ...]:
        """The weights that speak in a field. Raises WeightsError."""
        return (*self.reader.models_of(classifier), use_of("finder", self.nuclei.card))

    def read(
        self, source: FieldSource, progress: Progress, classifier: str | None = None
    ) -> Iterator[FoundCell]:
        """The cells of a field, part by part, as they are read.

        `progress` is asked after each batch, and ends the reading by answering False. Raises
        WeightsError.
        """
        known = np.empty((0, 2))  # nuclei given already, in pixels of the field
        parts, count = list(_parts(source.width, source.height)), 0
        for number, part in enumerate(parts):
            image = source.region(*part.window)
            nuclei = self.nuclei.find(image)
            cuts = cut_cells(image, nuclei[:, :2])
            own = [at for at in range(len(cuts)) if part.gives(nuclei[at], known)]
            known = np.vstack([known, nuclei[own, :2] + (part.left, part.top)])
            for start in range(0, len(own), AT_ONCE):
                some = own[start : start + AT_ONCE]
                chosen = [cuts[at] for at in some]
                for cell in self._cells(image, chosen, nuclei[some], part, classifier):
                    count += 1
                    yield cell
                done = (number + (start + len(some)) / len(own)) / len(parts)
                if not progress(done, count):
                    return
            if not own and not progress((number + 1) / len(parts), count):
                return

    def _cells(
        self,
        image: Image,
        cuts: list[Cut],
        nuclei: NDArray[np.float64],
        part: _Part,
        classifier: str | None,
    ) -> Iterator[FoundCell]:
        windows = [np.ascontiguousarray(image[cut.window]) for cut in cuts]
        points = [(x - c.left, y - c.top) for c, (x, y, _) in zip(cuts, nuclei, strict=True)]
        insides = [cut.inside for cut in cuts]
        masks = self.reader.outlines.predict_at(windows, points, insides)
        findings = self.reader.judge(windows, masks, classifier=classifier)
        for cut, window, nucleus, finding in zip(cuts, windows, nuclei, findings, strict=True):
            yield FoundCell(
                image=window,
                left=cut.left + part.left,
                top=cut.top + part.top,
                x=float(nucleus[0]) + part.left,
                y=float(nucleus[1]) + part.top,
                score=float(nucleus[2]),
                finding=finding,
            )


@dataclass(frozen=True)
class _Part:
    """A part of a field: what is looked at, and in it the core whose nuclei it gives."""

    left: int
    top: int
    width: int
    height: int
    core: tuple[int, int, int, int]  # left, top, right, bottom, in pixels of the field

    @property
    def window(self) -> tuple[int, int, int, int]:
        return self.left, self.top, self.width, self.height

    def gives(self, nucleus: NDArray[np.float64], known: NDArray[np.float64]) -> bool:
        """Whether a nucleus lies in the core, and was not given by a part before."""
        x, y = nucleus[0] + self.left, nucleus[1] + self.top
        left, top, right, bottom = self.core
        if not (left <= x < right and top <= y < bottom):
            return False
        return not len(known) or bool(np.hypot(*(known - (x, y)).T).min() > SAME)


def _parts(width: int, height: int) -> Iterator[_Part]:
    """Parts of at most CORE pixels a side, whose cores cover the field, in reading order."""
    for top, bottom in _spans(height):
        for left, right in _spans(width):
            low_x, low_y = max(0, left - RIM), max(0, top - RIM)
            high_x, high_y = min(width, right + RIM), min(height, bottom + RIM)
            core = (left, top, right, bottom)
            yield _Part(low_x, low_y, high_x - low_x, high_y - low_y, core)


def _spans(length: int) -> list[tuple[int, int]]:
    """Equal spans of at most a third more than CORE, so that an ordinary field is one or two."""
    count = max(1, round(length / CORE))
    ends = np.linspace(0, length, count + 1).round().astype(int).tolist()
    return list(pairwise(ends))
