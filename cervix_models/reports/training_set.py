"""Corrected outlines as a set to train a segmenter on, in the layout that Herlev has.

A folder a class, in it `NAME.png` and its mask `NAME-d.png` in Herlev's colours: the command
`data import` recognises it, checks every file and indexes it, and `data pack` packs it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np
from PIL import Image as Pictures

from cervix_models.contracts import NOTICE, WorklistRow
from cervix_models.data.masks import HERLEV_COLOURS
from cervix_models.reports.outlines import read_mask

UNKNOWN_CLASS = "unknown"


def training_zip(rows: Sequence[WorklistRow], blob: Callable[[str], bytes]) -> bytes:
    """A ZIP of every reading with outlines by a person, but of drawn samples; `blob` gives the
    bytes of a stored picture by its hash.

    The class is the one that the newest verdict names or agrees to; else `unknown`. `manifest.json`
    says who drew what, when. Raises StorageError for a picture that is no mask.
    """
    out, told = io.BytesIO(), []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for row in rows:
            revision = row.revision
            if revision is None or not row.corrected or row.reading.sample:
                continue
            folder = class_said(row) or UNKNOWN_CLASS
            stem = f"{folder}/{row.reading.image_sha256[:24]}"
            archive.writestr(f"{stem}.png", blob(row.reading.image_sha256))
            archive.writestr(f"{stem}-d.png", coloured(blob(revision.mask_sha256)))
            told.append(
                {
                    "file": f"{stem}.png",
                    "reading": row.reading.id,
                    "author": revision.author,
                    "origin": revision.origin,
                    "created_at": revision.created_at.isoformat(),
                    "models": [asdict(use) for use in row.reading.models],
                }
            )
        manifest = {"notice": NOTICE, "cells": told}
        archive.writestr("manifest.json", json.dumps(manifest, indent=1))
    return out.getvalue()


def class_said(row: WorklistRow) -> str | None:
    """What a person said the cell is; None where nobody did."""
    if row.verdict is None or row.verdict.kind == "refer":
        return None
    return row.verdict.label if row.verdict.kind == "correct" else row.reading.label


def coloured(mask_png: bytes) -> bytes:
    """A stored mask as PNG in Herlev's colours. Raises StorageError for a picture that is none."""
    labels = read_mask(mask_png).labels()
    palette = {label: colour for colour, label in HERLEV_COLOURS.items() if label in (0, 1, 2)}
    table = np.array([palette[label] for label in (0, 1, 2)], np.uint8)
    out = io.BytesIO()
    Pictures.fromarray(table[labels]).save(out, "PNG")
    return out.getvalue()
