"""How quick a reading is here, and what it takes: measured on our own synthetic cells."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from cervix_models.cards import here_of, readable
from cervix_models.contracts import Image, Wish
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.sample_field import render_field
from cervix_models.data.samples import render_sample
from cervix_models.data.shapes import CELL_SHAPE, NUCLEUS_SHAPE, drawn_control
from cervix_models.data.slides import Picture
from cervix_models.services.defaults import CLASSIFIER, QUICK
from cervix_models.services.field_reader import FieldReader
from cervix_models.services.reader import Reader
from cervix_models.services.synthesis import Synthesis
from cervix_models.settings import Settings, load_settings

BATCH = 32
MADE = 16  # cells
STEERED = 8  # of them, where outlines are heeded


def bench(readings: int, bulk: int) -> Iterator[str]:
    """Lines of figures: loading, one reading, bulk, peak memory."""
    started = time.perf_counter()
    reader = Reader(load_settings())
    cells = [render_sample(CLASS_NAMES[i % 5], seed=i) for i in range(max(10, min(bulk, 40)))]
    reader.read(cells[0])
    yield f"models loaded and first reading    {time.perf_counter() - started:8.2f} s"
    single = [_timed(reader, cells[i % len(cells)]) for i in range(readings)]
    yield f"one reading, median                {np.median(single) * 1000:8.0f} ms"
    yield f"one reading, 95th percentile       {np.percentile(single, 95) * 1000:8.0f} ms"
    here = {card.name for card in readable(*reader.settings.shelves)}
    for name in (each for each in (CLASSIFIER, QUICK) if each in here):
        speed = _in_bulk(reader, name, [cells[i % len(cells)] for i in range(bulk)])
        yield f"{f'bulk by {name}, no Grad-CAM':<35}{speed:8.1f} images/s"
    yield _field(reader)
    yield from _made(reader.settings)
    yield from _steered(reader.settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"peak memory of reading             {peak:8.0f} MB"


def _in_bulk(reader: Reader, classifier: str, cells: Sequence[Image]) -> float:
    """How many cells a second a classifier reads, with outlines and measures, in one process."""
    reader.voice(classifier)
    started = time.perf_counter()
    for start in range(0, len(cells), BATCH):
        reader.read_many(cells[start : start + BATCH], classifier=classifier)
    return len(cells) / (time.perf_counter() - started)


def _field(reader: Reader) -> str:
    """How long a whole field takes, whose cells are not stored."""
    fields, source = FieldReader(reader), Picture(render_field())
    cells = list(fields.read(source, lambda _done, _cells: True))
    started = time.perf_counter()
    cells = list(fields.read(source, lambda _done, _cells: True))
    seconds = time.perf_counter() - started
    words = f"field of {source.width} x {source.height}, {len(cells)} cells"
    return f"{words:<35}{seconds:8.2f} s"


def _made(settings: Settings) -> Iterator[str]:
    """How long some cells of each generator take, marked and checked for copies."""
    synthesis = Synthesis(settings)
    for card in synthesis.cards():
        synthesis.make(card.name, card.classes[0], MADE, seed=0)
        started = time.perf_counter()
        synthesis.make(card.name, card.classes[1], MADE, seed=1)
        words = f"{MADE} cells by {card.name}"
        yield f"{words:<35}{time.perf_counter() - started:8.2f} s"


def _steered(settings: Settings) -> Iterator[str]:
    """How long some cells of drawn outlines take, looked at while they come out of the noise."""
    for card in here_of(("generator",), *settings.shelves):
        if not card.metrics.get("control"):
            continue
        from cervix_models.steering import open_steered  # brings torch and diffusers

        maker, _ = open_steered(card.name, settings)
        control = drawn_control(CELL_SHAPE, NUCLEUS_SHAPE, maker.side)
        wish = Wish(card.classes[0], STEERED, 0, control.picture)
        maker.make(wish, lambda _step, _images: None)
        started = time.perf_counter()
        maker.make(replace(wish, label=card.classes[1], seed=1), lambda _step, _images: None)
        words = f"{STEERED} steered cells by {card.name}"
        yield f"{words:<35}{time.perf_counter() - started:8.2f} s"


def _timed(reader: Reader, image: Image) -> float:
    started = time.perf_counter()
    reader.read(image)
    return time.perf_counter() - started
