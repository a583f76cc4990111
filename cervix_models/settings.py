"""Where things lie and what the surroundings say, read from the environment when asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """Paths and choices of this installation; docs/deploying.md explains every variable."""

    home: Path  # CERVIX_HOME: database, stored images, logs; default data/
    images: Path | None  # CERVIX_DATA: image sets for training and real-data tests
    pretrained: Path | None  # CERVIX_PRETRAINED: backbones; default pretrained/ beside CERVIX_DATA
    weights: Path  # CERVIX_WEIGHTS: default weights/
    cache: Path  # CERVIX_CACHE: exported ONNX files, by hash of their weights; default .cache/
    database_url: str  # CERVIX_DATABASE_URL: default SQLite under home
    slides: Path  # CERVIX_SLIDES: slides that pages show; default slides/ under home
    threads: int  # CERVIX_THREADS: of each inference session; default one a processor, 4 at most
    # CERVIX_FLUX, CERVIX_FLUX_CONTROLNET: folders, or names in the cache of the hub, of the large
    # Flux and its ControlNet; default those of flux.py
    flux: str | None = None
    flux_controlnet: str | None = None

    @property
    def blobs(self) -> Path:
        """The folder of stored images, by sha256."""
        return self.home / "blobs"


def load_settings() -> Settings:
    """The settings the environment asks for, with defaults inside the project folder."""
    home = _path("CERVIX_HOME") or ROOT / "data"
    images = _path("CERVIX_DATA")
    beside = images.parent / "pretrained" if images else None
    return Settings(
        home=home,
        images=images,
        pretrained=_path("CERVIX_PRETRAINED") or (beside if beside and beside.is_dir() else None),
        weights=_path("CERVIX_WEIGHTS") or ROOT / "weights",
        cache=_path("CERVIX_CACHE") or ROOT / ".cache",
        database_url=os.environ.get("CERVIX_DATABASE_URL")
        or f"sqlite:///{home / 'cervix.sqlite3'}",
        slides=_path("CERVIX_SLIDES") or home / "slides",
        flux=os.environ.get("CERVIX_FLUX") or None,
        flux_controlnet=os.environ.get("CERVIX_FLUX_CONTROLNET") or None,
        threads=int(os.environ.get("CERVIX_THREADS") or min(4, os.cpu_count() or 1)),
    )


def set_thread_policy() -> None:
    """Sets waiting OpenMP threads to sleep, after a moment. Call it before torch is imported.

    Threads that spin while they wait make a forward pass on busy cores ten times slower (pytorch
    issue 57715); threads that never do cost an idle machine a hundred milliseconds a reading.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def _path(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).expanduser().resolve() if value else None
