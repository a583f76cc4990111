"""A slide in square tiles of every size, as a viewer with deep zoom asks for them.

The levels are those of the Deep Zoom format: level 0 is one pixel, each next one is twice as wide
and high, and the last has the slide at its full size.
"""

from __future__ import annotations

import threading

import numpy as np
from PIL import Image as PilImage

from cervix_models.contracts import Image
from cervix_models.data.slides import FieldSource
from cervix_models.errors import IntakeError

TILE = 256  # pixels a side, less at the right and lower border
OVERVIEW = 4096  # pixels a side of the picture that small levels are cut from
AT_ONCE = 2048  # pixels a side that may be read for one tile where the overview has them, too


class Pyramid:
    """A slide by tiles. Threads may share one."""

    def __init__(self, source: FieldSource) -> None:
        """Keeps the slide; nothing of it is read yet."""
        self.source = source
        self.last = (max(source.width, source.height) - 1).bit_length()
        self._overview: PilImage.Image | None = None
        self._making = threading.Lock()

    def overview(self) -> PilImage.Image:
        """The whole slide, at most OVERVIEW pixels wide and high; made once."""
        with self._making:
            if self._overview is None:
                self._overview = PilImage.fromarray(self.source.overview(OVERVIEW))
            return self._overview

    def tile(self, level: int, column: int, row: int) -> Image:
        """One tile. Raises IntakeError where the slide has none there."""
        source, shrink = self.source, 2 ** max(0, self.last - level)
        left, top = column * TILE * shrink, row * TILE * shrink
        if not (0 <= level <= self.last and 0 <= left < source.width and 0 <= top < source.height):
            raise IntakeError(
                f"Tile {column}, {row} of level {level} was asked for; the slide of {source.width} "
                f"x {source.height} pixels has levels 0 to {self.last}, of {TILE} pixels a tile, "
                "and none there. Load the page again."
            )
        width, height = (
            min(TILE * shrink, whole - start)
            for start, whole in ((left, source.width), (top, source.height))
        )
        read = TILE * shrink / max(each for each in source.shrinks if each <= shrink)
        if read <= AT_ONCE or shrink * OVERVIEW < max(source.width, source.height):
            return source.shrunk(left, top, width, height, shrink)
        return self._from_overview((left, top, left + width, top + height), shrink)

    def _from_overview(self, box: tuple[int, int, int, int], shrink: int) -> Image:
        whole = self.overview()
        by = (whole.width / self.source.width, whole.height / self.source.height)
        low_x, low_y, high_x, high_y = (each * by[at % 2] for at, each in enumerate(box))
        size = (-(-(box[2] - box[0]) // shrink), -(-(box[3] - box[1]) // shrink))
        seen = (low_x, low_y, high_x, high_y)
        return np.asarray(whole.resize(size, PilImage.Resampling.BOX, box=seen))
