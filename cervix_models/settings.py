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
    # CERVIX_BLOBS: folder, or address such as s3://bucket/prefix, of images and weights by their
    # hash; default blobs/ under home
    blobs_url: str | None = None
    # CERVIX_IMPORTS: the folder that image sets may be imported from by the pages; default imports/
    # under home
    imports_from: Path | None = None
    queue: int = 20  # CERVIX_QUEUE: jobs that may wait at once
    log: str = "text"  # CERVIX_LOG: how log lines look, text or json
    rate: int = 600  # CERVIX_RATE: readings or made cells of one person a minute; 0: any number
    metrics_token: str | None = None  # CERVIX_METRICS_TOKEN: lets others than this machine see them
    teaching: bool = False  # CERVIX_TEACHING: whether the learner's pages open without sign-in
    ray_address: str | None = None  # CERVIX_RAY_ADDRESS: host:port of a Ray cluster; default none
    ray_workers: int = 2  # CERVIX_RAY_WORKERS: processes there that share one training
    # CERVIX_RAY_STORAGE: where they keep checkpoints, a folder that all machines see or s3://...;
    # default ray/ under home
    ray_storage: str | None = None

    @property
    def models(self) -> Path:
        """The folder of models that were made the default here, each as it was then."""
        return self.home / "models"

    @property
    def shelves(self) -> tuple[Path, Path]:
        """Where models stand: those that came with the project, and those of this installation."""
        return self.weights, self.models

    def shelf(self, name: str) -> Path:
        """The folder that holds the folder of the model `name`; `weights` where none does."""
        return self.models if (self.models / name).is_dir() else self.weights

    @property
    def imports(self) -> Path:
        """The folder that image sets may be imported from by the pages."""
        return self.imports_from or self.home / "imports"

    @property
    def runs(self) -> Path:
        """The folder of what jobs make, a folder a job."""
        return self.home / "runs"

    @property
    def blobs(self) -> Path:
        """The folder of stored images, by sha256, where CERVIX_BLOBS names no other place."""
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
        log=os.environ.get("CERVIX_LOG") or "text",
        rate=int(os.environ.get("CERVIX_RATE") or 600),
        metrics_token=os.environ.get("CERVIX_METRICS_TOKEN") or None,
        teaching=os.environ.get("CERVIX_TEACHING", "").lower() in ("1", "true", "yes"),
        blobs_url=os.environ.get("CERVIX_BLOBS") or None,
        imports_from=_path("CERVIX_IMPORTS"),
        queue=int(os.environ.get("CERVIX_QUEUE") or 20),
        ray_address=os.environ.get("CERVIX_RAY_ADDRESS") or None,
        ray_workers=int(os.environ.get("CERVIX_RAY_WORKERS") or 2),
        ray_storage=os.environ.get("CERVIX_RAY_STORAGE") or None,
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
