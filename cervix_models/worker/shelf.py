"""Where a training finds the models that others made, and leaves its own where nobody reads it
before it is whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from cervix_models.cards import CARD
from cervix_models.evaluation.held_out import CELLS, HELD_OUT
from cervix_models.settings import Settings


class Shelf:
    """A folder of models beside a job: those that are there, as links, and the one that is made."""

    def __init__(self, folder: Path, settings: Settings, name: str) -> None:
        """Makes the folder of a job anew; what the job itself had written there stays."""
        self.folder, self.kept, self.name = folder / "shelf", folder / "weights", name
        (self.folder / CELLS).mkdir(parents=True, exist_ok=True)
        self._link(settings)

    @property
    def done(self) -> Path | None:
        """The folder of the model that was made and kept; None where there is none yet."""
        made = self.kept / self.name
        return made if (made / CARD).is_file() else None

    def keep(self) -> Path:
        """The folder of the model that was made, now where it is kept, whole; links are gone."""
        self.kept.mkdir(parents=True, exist_ok=True)
        for protocol in HELD_OUT.values():
            self._keep_cells(self.folder / self.name / protocol)
        made = self.kept / self.name
        if made.is_dir():  # of a process that ended before it could say so
            shutil.rmtree(made)
        (self.folder / self.name).rename(made)
        shutil.rmtree(self.folder)
        return made

    def _keep_cells(self, held_out: Path) -> None:
        """Keeps what is known of the cells that a file of held-out answers names."""
        if not held_out.is_file():
            return
        with np.load(held_out, allow_pickle=False) as stored:
            known = f"{stored['cells'].item().decode()}.npz"
        (self.kept / CELLS).mkdir(exist_ok=True)
        shutil.copyfile(self.folder / CELLS / known, self.kept / CELLS / known)

    def _link(self, settings: Settings) -> None:
        for shelf in reversed(settings.shelves):  # the later ones stand for the earlier
            for path in sorted(shelf.glob("*")) if shelf.is_dir() else []:
                if path.name == CELLS:
                    for each in path.iterdir():
                        _point(self.folder / CELLS / each.name, each)
                elif path.is_dir() and path.name != self.name:
                    _point(self.folder / path.name, path)


def _point(link: Path, to: Path) -> None:
    if link.is_symlink():
        link.unlink()
    if not link.exists():
        link.symlink_to(to.resolve())
