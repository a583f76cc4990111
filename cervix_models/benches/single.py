"""What one reading costs: processor time, bytes kept, and how many a database takes."""

from __future__ import annotations

import io
import tempfile
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cervix_models.data.packed import PackedSet
from cervix_models.settings import Settings

READINGS = 24
WRITES = 400


def single(settings: Settings, packed: PackedSet, database: str | None) -> dict[str, Any]:
    """Processor seconds of one reading with and without Grad-CAM, the bytes that it leaves, and how
    many readings a second the database takes one after the other.

    `database` is the URL of one that may be written to; default: a new SQLite file.
    """
    from cervix_models.services.triage import Triage
    from cervix_models.storage import open_store

    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        own = replace(
            settings, home=home, ray_address=None,
            database_url=database or f"sqlite:///{home / 'cervix.sqlite3'}",
        )  # fmt: skip
        store = open_store(own)
        triage = Triage(store, own)
        reader = triage.reader()
        uploads = [_png(packed.images[at]) for at in range(READINGS)]
        triage.read(uploads[0], "cell.png")  # loads what draws Grad-CAM
        with_heat, readings = [], []
        for upload in uploads:
            began = time.process_time()
            readings.append(triage.read(upload, "cell.png"))
            with_heat.append(time.process_time() - began)
        plain = []
        for at in range(READINGS):
            began = time.process_time()
            reader.read_many([packed.images[at]])
            plain.append(time.process_time() - began)
        kept = sum(path.stat().st_size for path in own.blobs.rglob("*") if path.is_file())
        some = [replace(readings[at % READINGS], id=uuid.uuid4().hex) for at in range(WRITES)]
        began = time.perf_counter()
        for each in some:
            store.add_reading(each)
        writes = WRITES / (time.perf_counter() - began)
        store.close()
    return {
        "readings": READINGS,
        "processor_seconds": round(float(np.mean(with_heat)), 4),
        "processor_seconds_without_heat": round(float(np.mean(plain)), 4),
        "a_second_a_core": round(1 / float(np.mean(with_heat)), 2),
        "kilobytes": round(kept / READINGS / 1000, 1),
        "database": own.database_url.partition(":")[0].partition("+")[0],
        "writes_a_second": round(writes, 1),
    }


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()
