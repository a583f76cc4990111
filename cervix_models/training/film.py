"""How a segmenter learns to draw, and a generator to make cells: pictures while it does, and a film
of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw
from skimage.segmentation import mark_boundaries

from cervix_models.cards import FILM
from cervix_models.data.marks import synthetic_film
from cervix_models.data.pictures import read_rgb
from cervix_models.data.transforms import IMAGENET_MEAN, IMAGENET_STD, normalise
from cervix_models.generators.base import CellGenerator
from cervix_models.recipes import Recipe
from cervix_models.training.batches import Cells
from cervix_models.training.segmentation import targets_of

SHOWN = 6  # cells of a segmenter
ABREAST, PICTURES = 8, 40  # cells of a class that a generator makes; how often, about
FEW = 6  # how often, of what takes many steps to make a cell
FRAME = 400  # milliseconds an epoch
STRIP = 14  # pixels under the cells, for the number of the epoch
QUALITY = 60  # of WebP
LAST = 2000  # milliseconds the last epoch stands
CELL, INNER = (0.0, 0.45, 0.7), (0.94, 0.89, 0.26)  # of the outlines: cell, nucleus


class Film(Callback):
    """After every epoch, a picture of what the network draws on some watched cells, above the true
    outlines; after the last, all of them as one film, `film.webp`. They stay beside the run."""

    def __init__(self, cells: Cells, watch: NDArray[np.intp], folder: Path) -> None:
        """Takes SHOWN of the outlined cells that are watched, evenly spread, or as many as there
        are; without one there is no film."""
        outlined = watch[cells.has_mask[torch.as_tensor(watch)].numpy()]
        picked = np.linspace(0, len(outlined) - 1, min(SHOWN, len(outlined))).round().astype(int)
        rows = torch.as_tensor(outlined[picked])
        self.folder, self.images, self.masks = folder, cells.images[rows], cells.masks[rows]

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Draws the cells as the network sees them now."""
        if not len(self.images):
            return
        network = pl_module.get_submodule("network")
        ready = normalise(self.images.float() / 255, IMAGENET_MEAN, IMAGENET_STD)
        network.eval()
        with torch.inference_mode():
            found = network(ready.to(pl_module.device)).float().cpu() > 0
        network.train()
        truth, known = targets_of(self.masks)
        rows = [self._row(found), self._row((truth > 0) & (known > 0))]
        _keep(np.concatenate(rows), self.folder, trainer.current_epoch + 1)

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Joins the pictures of all epochs, also those of before a stop."""
        _join(self.folder)

    def _row(self, masks: torch.Tensor) -> NDArray[np.uint8]:
        """The cells beside each other with the outlines of masks `(n, 2, side, side)`."""
        drawn = []
        for image, (cell, nucleus) in zip(self.images, masks.numpy(), strict=True):
            picture = image.permute(1, 2, 0).numpy()
            for region, colour in ((cell, CELL), (nucleus, INNER)):
                picture = mark_boundaries(picture, region.astype(np.uint8), colour, mode="inner")
            drawn.append(np.round(picture * 255).astype(np.uint8))
        return np.concatenate(drawn, axis=1)


class MadeFilm(Callback):
    """Now and then in a training of a generator, what it makes of the same noise: a row a class; at
    the end all of it as one film, `film.webp`. They stay beside the run."""

    def __init__(self, recipe: Recipe, folder: Path, epochs: int) -> None:
        """Takes the same noise for every class and every time."""
        pictures = FEW if recipe.flow else PICTURES
        self.folder, self.every = folder, max(1, epochs // pictures)
        self.draw = torch.Generator().manual_seed(recipe.seed)
        self.noise: torch.Tensor | None = None
        self.classes = len(recipe.told_apart)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Makes cells as the network does now."""
        epoch = trainer.current_epoch + 1
        if epoch % self.every:
            return
        network = cast(CellGenerator, pl_module.get_submodule("network"))
        if self.noise is None:
            self.noise = torch.randn(ABREAST, network.latent, generator=self.draw)
        network.eval()
        with torch.inference_mode():
            made = network(
                self.noise.repeat(self.classes, 1).to(pl_module.device),
                torch.eye(self.classes).repeat_interleave(ABREAST, 0).to(pl_module.device),
            )
        network.train()
        cells = (made.float().cpu() * 255).round().byte().permute(0, 2, 3, 1).numpy()
        side = network.side
        rows = cells.reshape(self.classes, ABREAST, side, side, 3).transpose(0, 2, 1, 3, 4)
        pixels = rows.reshape(self.classes * side, ABREAST * side, 3)
        _keep(pixels, self.folder, epoch)

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Joins the pictures, also those of before a stop."""
        made_film([self.folder], self.folder / FILM)


def made_film(runs: Sequence[Path], path: Path, most: int | None = None) -> None:
    """Writes the film of a generator's `runs`, which went on from each other, to `path`, marked
    synthetic: of all pictures, or of so many, evenly spread, the last among them. There is none
    where there is no picture."""
    paths = [each for run in runs for each in sorted((run / "film").glob("epoch_*.png"))]
    if not paths:
        return
    count = min(most or len(paths), len(paths))
    chosen = [paths[at] for at in np.linspace(len(paths) - 1, 0, count).round().astype(int)[::-1]]
    times = [FRAME] * (count - 1) + [LAST]
    pictures = [read_rgb(each) for each in chosen]
    about = "what a generator made of the same noise as it learned"
    path.write_bytes(synthetic_film(pictures, about, times, QUALITY))


def _keep(pixels: NDArray[np.uint8], folder: Path, epoch: int) -> None:
    """Writes one picture of a film, with the number of its epoch under it."""
    path = folder / "film" / f"epoch_{epoch:04}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    words = np.zeros((STRIP, *pixels.shape[1:]), np.uint8)
    picture = PilImage.fromarray(np.concatenate([pixels, words]))
    ImageDraw.Draw(picture).text((4, len(pixels)), f"epoch {epoch}")
    picture.save(path)


def _join(folder: Path) -> None:
    """Writes the film of the pictures there are."""
    paths = sorted((folder / "film").glob("epoch_*.png"))
    if not paths:
        return
    first, *others = [PilImage.open(path) for path in paths]
    times = [FRAME] * len(others) + [LAST]
    first.save(
        folder / FILM, save_all=True, append_images=others, duration=times, loop=0,
        quality=QUALITY,
    )  # fmt: skip
