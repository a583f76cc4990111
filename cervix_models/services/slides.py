"""What the page of slides calls: the slides in a folder, their tiles, and parts of them read.

Names of files are shown, and not stored: the parts that were read keep the slide's identity.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PIL import Image as PilImage

from cervix_models.contracts import FieldReading, OnSlide
from cervix_models.data.pyramid import Pyramid
from cervix_models.data.slides import SMALL, Part, identity_of, open_field
from cervix_models.errors import IntakeError
from cervix_models.limits import take
from cervix_models.people import needs
from cervix_models.services.fields import Fields
from cervix_models.services.jobs import Job, Progress, begin
from cervix_models.services.triage import check_scale

# What OpenSlide 4.0 reads, and plain pictures of at most SMALL pixels.
_OF_SCANNERS = {
    ".svs",
    ".ndpi",
    ".vms",
    ".vmu",
    ".scn",
    ".mrxs",
    ".svslide",
    ".bif",
    ".czi",
    ".dcm",
}
ENDINGS = _OF_SCANNERS | {".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp"}
MOST = 500  # slides that are listed
OPEN = 4  # slides that stay open
QUALITY = 88  # of a tile as JPEG
PART = SMALL  # pixels of a slide that are read at once

Box = tuple[int, int, int, int]  # left, top, width, height, in pixels of the slide


@dataclass(frozen=True)
class SlideFile:
    """A slide in the folder."""

    key: str  # names it in addresses; the same as long as it is not moved
    name: str  # its path in the folder
    path: Path
    size: int  # bytes


class OpenedSlide:
    """A slide that is looked at. Raises IntakeError for a file that is none."""

    def __init__(self, file: SlideFile) -> None:
        """Opens the file."""
        self.file = file
        self.source = open_field(file.path)
        self.pyramid = Pyramid(self.source)

    @cached_property
    def identity(self) -> str:
        """What tells the slide from others, whatever its name is."""
        return identity_of(self.file.path)


class Slides:
    """Shows the slides of the installation's folder and reads parts of them. Threads may share
    one."""

    def __init__(self, fields: Fields) -> None:
        """Keeps the service of fields, which reads the parts."""
        self.fields = fields
        self.folder = fields.triage.settings.slides
        self._opened: OrderedDict[str, OpenedSlide] = OrderedDict()
        self._opening = threading.Lock()

    @needs("pathologist")
    def listing(self) -> list[SlideFile]:
        """The slides of the folder by name, the first MOST; none where there is no folder."""
        if not self.folder.is_dir():
            return []
        found = []
        for path in sorted(self.folder.rglob("*")):
            # A folder of the same name as a slide holds its parts (MRXS).
            if path.suffix.lower() not in ENDINGS or path.parent.with_suffix(".mrxs").is_file():
                continue
            if path.is_file():
                name = path.relative_to(self.folder).as_posix()
                key = hashlib.sha256(name.encode()).hexdigest()[:16]
                found.append(SlideFile(key, name, path, path.stat().st_size))
            if len(found) == MOST:
                break
        return found

    @needs("pathologist")
    def open(self, key: str) -> OpenedSlide:
        """The slide of this key. Raises IntakeError where there is none, or it is no slide."""
        with self._opening:
            if key in self._opened and self._opened[key].file.path.is_file():
                self._opened.move_to_end(key)
                return self._opened[key]
            self._opened.pop(key, None)
            file = next((each for each in self.listing() if each.key == key), None)
            if file is None:
                raise IntakeError(
                    f"No slide has the key {key!r}; expected one of those in {self.folder}. "
                    "Choose it from the list again."
                )
            opened = self._opened[key] = OpenedSlide(file)
            while len(self._opened) > OPEN:
                self._opened.popitem(last=False)
            return opened

    @needs("pathologist")
    def tile(self, key: str, level: int, column: int, row: int) -> bytes:
        """One tile of a slide as JPEG. Raises IntakeError where there is none."""
        pixels = self.open(key).pyramid.tile(level, column, row)
        out = io.BytesIO()
        PilImage.fromarray(pixels).save(out, "JPEG", quality=QUALITY)
        return out.getvalue()

    @needs("pathologist")
    def parts(self, key: str) -> list[FieldReading]:
        """The parts of a slide that were read, newest first. Raises IntakeError."""
        return self.fields.fields(None, self.open(key).identity)

    @needs("pathologist")
    def start(
        self, key: str, box: Box, *,
        micrometres_per_pixel: float | None = None, classifier: str | None = None,
    ) -> Job[FieldReading]:  # fmt: skip
        """A job that reads a part of a slide in the background, as a field of its own.

        What of the box lies beyond the slide is left out. Raises IntakeError for a box that is
        empty or larger than PART, and for a scale that no microscope has.
        """
        check_scale(micrometres_per_pixel)
        take("fields")
        opened = self.open(key)
        part = _part(opened, box)

        def work(progress: Progress) -> FieldReading:
            return self.fields.read(
                part, progress, micrometres_per_pixel=micrometres_per_pixel, classifier=classifier,
                on_slide=OnSlide(opened.identity, part.left, part.top),
            )  # fmt: skip

        return begin(work, "slide")


def _part(opened: OpenedSlide, box: Box) -> Part:
    source, (left, top, width, height) = opened.source, box
    right, bottom = min(source.width, left + width), min(source.height, top + height)
    left, top = max(0, left), max(0, top)
    width, height = right - left, bottom - top
    if width <= 0 or height <= 0:
        raise IntakeError(
            f"A part of {box[2]} x {box[3]} pixels at {box[0]}, {box[1]} was asked for; expected "
            f"one on the slide of {source.width} x {source.height} pixels. Move the view onto the "
            "slide."
        )
    if width * height > PART:
        raise IntakeError(
            f"A part of {width * height / 1e6:.0f} megapixels was asked for; at most "
            f"{PART / 1e6:.0f} are read at once. Zoom in, or read the whole slide by: python -m "
            "cervix_models field FILE"
        )
    return Part(source, left, top, width, height)
