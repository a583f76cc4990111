"""Readings and pictures made for the tests of store and reports."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from PIL import Image as Pictures

from cervix_models.contracts import (
    FieldReading,
    HeatShares,
    ModelUse,
    Place,
    Reading,
    Revision,
    Verdict,
)
from cervix_models.data.labels import CLASS_NAMES

NOON = datetime(2026, 3, 14, 12, 0, 0, 123456, tzinfo=UTC)
MODELS = (
    ModelUse("classifier", "resnet", "1.2", "c" * 64, "resnet 1.2: accuracy on made cells"),
    ModelUse("segmenter", "outliner", "0.9", "d" * 64, "outliner 0.9: Dice on made cells"),
)


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Pictures.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def ellipse(height: int, width: int, radii: tuple[float, float], centre=(0.5, 0.5)) -> np.ndarray:
    """The pixels whose middle lies in an ellipse; radii (y, x) in pixels, centre in parts."""
    y, x = np.mgrid[:height, :width] + 0.5
    dy, dx = (y - centre[0] * height) / radii[0], (x - centre[1] * width) / radii[1]
    return dy**2 + dx**2 <= 1


def cell_labels(height: int = 120, width: int = 160) -> np.ndarray:
    labels = np.zeros((height, width), np.uint8)
    labels[ellipse(height, width, (50, 70))] = 1
    labels[ellipse(height, width, (16, 20))] = 2
    return labels


def cell_image(height: int = 120, width: int = 160, seed: int = 0) -> np.ndarray:
    labels = cell_labels(height, width)
    colours = np.array([(228, 226, 232), (150, 190, 205), (82, 66, 120)], float)
    grain = np.random.default_rng(seed).normal(0, 5, (height, width, 3))
    return np.clip(colours[labels] + grain, 0, 255).astype(np.uint8)


def cell_heat(height: int = 120, width: int = 160) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    far = ((y - height * 0.45) / 30) ** 2 + ((x - width * 0.55) / 35) ** 2
    return (255 * np.exp(-far)).astype(np.uint8)


def pictures(seed: int = 0) -> dict[str, bytes]:
    """A picture, a mask and a heat map of one cell, by the field of a reading that names them."""
    return {
        "image_sha256": png(cell_image(seed=seed)),
        "mask_sha256": png(cell_labels()),
        "heat_sha256": png(cell_heat()),
    }


def make_reading(number: int = 0, **changes) -> Reading:
    """A reading of a made cell; each number is a second later."""
    probabilities = dict(zip(CLASS_NAMES, (0.02, 0.91, 0.04, 0.02, 0.01), strict=True))
    reading = Reading(
        id=f"reading-{number:04}",
        created_at=NOON + timedelta(seconds=number),
        image_sha256="0" * 64,
        width=160,
        height=120,
        decision="class",
        label="Koilocytotic",
        reasons=(),
        probabilities=probabilities,
        conformal_set=("Koilocytotic",),
        features={"nucleus_area": 1005.0, "cytoplasm_area": 10995.5, "nucleus_solidity": 0.98},
        heat=HeatShares(0.5, 0.4, 0.1),
        mask_sha256=None,
        heat_sha256=None,
        gate={"sharpness": 12.5, "distance": 0.3},
        models=MODELS,
        micrometres_per_pixel=0.25,
        sample=False,
        warnings=("16-bit values were scaled to 8 bits.",),
    )
    return replace(reading, **changes)


def referred(number: int = 0, **changes) -> Reading:
    """A reading that was referred, of a picture without outlines."""
    nothing = {"label": None, "probabilities": {}, "conformal_set": (), "features": {}}
    reason = "The picture is blurred. Take it again in focus."
    fields = {"decision": "refer", "heat": None, "reasons": (reason,), **nothing, **changes}
    return make_reading(number, **fields)


def stored(store, number: int = 0, make=make_reading, **changes) -> Reading:
    """A reading that the store now has, with its pictures."""
    named = {name: store.put_blob(data) for name, data in pictures(seed=number).items()}
    reading = make(number, **{**named, **changes})
    store.add_reading(reading)
    return reading


def stored_field(store, number: int = 0, cells: int = 3, **changes) -> FieldReading:
    """A field that the store now has, with the readings of its cells."""
    field = FieldReading(
        id=f"field-{number:04}",
        created_at=NOON + timedelta(seconds=number),
        image_sha256=store.put_blob(png(cell_image(seed=100 + number))),
        width=2048,
        height=1536,
        complete=True,
        models=MODELS,
        micrometres_per_pixel=0.2,
        warnings=("Its colours are pale.",),
        **changes,
    )
    readings = []
    for at in range(cells):
        named = {k: store.put_blob(v) for k, v in pictures(seed=10 * number + at).items()}
        reading = make_reading(100 * (number + 1) + at, **named)
        place = Place(field.id, cells - at, 10 * at, 20 * at, 10.5 * at + 5, 20.5 * at + 5, 0.9)
        readings.append((reading, place))
    store.add_field(field, readings)
    return field


def make_verdict(kind: str = "agree", label: str | None = None, remark: str = "", seconds: int = 0):
    return Verdict(kind, label, remark, "A. Reader", NOON + timedelta(hours=1, seconds=seconds))


def make_revision(store=None, seconds: int = 0, shift: int = 3, **changes) -> Revision:
    """Corrected outlines of a made reading; with a store, it now has their mask."""
    mask = png(np.roll(cell_labels(), shift, axis=1))
    revision = Revision(
        created_at=NOON + timedelta(hours=2, seconds=seconds),
        author="A. Reader",
        origin="painted",
        mask_sha256=store.put_blob(mask) if store else "f" * 64,
        features={"nucleus_area": 1111.0, "cytoplasm_area": math.nan},
        heat=HeatShares(0.6, 0.3, 0.1),
        decision="class",
        label="Metaplastic",
        reasons=(),
        probabilities={"Koilocytotic": 0.1, "Metaplastic": 0.9},
    )
    return replace(revision, **changes)
