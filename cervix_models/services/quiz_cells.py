"""The cells that a quiz asks: imported ones, by the truth of their data set; without them made
ones, by the class that was asked for. With each its outlines, and what models say of it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cervix_models.cards import load_cards
from cervix_models.contracts import Card, HeatShares, Segmentation, Segmenter
from cervix_models.data.importing import find_sipakmed
from cervix_models.data.index import Index, IndexRow
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import mark_synthetic, without_letters
from cervix_models.data.overlays import lines_over
from cervix_models.data.pictures import grey_png, pixels_of, png_of, read_rgb
from cervix_models.errors import DataError, WeightsError
from cervix_models.language import _
from cervix_models.morphology import heat_shares
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from cervix_models.services.synthesis import Synthesis
from cervix_models.settings import Settings
from cervix_models.storage.store import Store

if TYPE_CHECKING:
    from cervix_models.evaluation.held_out import HeldMasks
    from cervix_models.services.reader import Reader

BATCH = 8  # cells of a class that are made at once
SEED = 20_000  # of the first batch
MOST_BATCHES = 50
SIPAKMED = "SIPaKMeD"
OUTLINED = "outlines of a cell that a generator made for a quiz"


@dataclass(frozen=True)
class QuizCell:
    """One cell, whose picture `QuizCells` has."""

    key: str  # sha256 of the image file, or of the picture of a made one
    label: str
    synthetic: bool


@dataclass(frozen=True)
class Looked:
    """Where the default classifier looked, and what it says."""

    png: bytes  # grey, 255 the hottest
    shares: HeatShares | None  # None where nothing is outlined
    probabilities: Mapping[str, float]
    top: str
    learned: bool  # it learned from this very cell


class QuizCells:
    """The cells at hand. Threads may share one."""

    def __init__(
        self,
        store: Store,
        synthesis: Synthesis,
        reader: Callable[[], Reader],
        outliner: Callable[[], Segmenter] | None = None,
    ) -> None:
        """Looks at nothing yet; `reader` gives the models, and `outliner` the segmenter alone,
        which is there sooner; that of the reader where none is given."""
        self.store, self.synthesis, self._reader = store, synthesis, reader
        self._outliner = outliner or (lambda: reader().outlines)
        self._looking, self._making = threading.Lock(), threading.Lock()
        self._known: Index | None = None
        self._rows: dict[str, IndexRow] = {}
        self._masks: HeldMasks | None = None
        self._heard: dict[str, dict[str, float]] | None = None
        self._made: dict[tuple[str, str, int], list[QuizCell]] = {}
        self._pictures: dict[str, bytes] = {}  # of made cells

    def real(self) -> bool:
        """Whether imported cells are asked."""
        return bool(self._index())

    def generator(self) -> Card | None:
        """The card of what makes the cells that are asked where none are imported."""
        cards = self.synthesis.cards()
        return next((card for card in cards if set(CLASS_NAMES) <= set(card.classes)), None)

    def origin(self, *, synthetic: bool) -> str:
        """Where these cells come from, in a few words. Raises DataError where there are none."""
        if not synthetic:
            return SIPAKMED
        card = self._maker()
        return f"{card.name} {card.version} ({card.weights_sha256[:12]})"

    def draw(
        self, label: str, but: Collection[str], random: np.random.Generator, *, synthetic: bool
    ) -> QuizCell | None:
        """A cell of a class that is none of `but`, of any cluster alike; None where none is left.

        Raises DataError where there are no such cells at all, WeightsError.
        """
        return self._draw_made(label, but) if synthetic else self._draw_real(label, but, random)

    def cell(self, key: str, label: str, *, synthetic: bool) -> QuizCell | None:
        """The cell of a key, where its picture is still here."""
        if synthetic:
            here = key in self._pictures or self.store.has_blob(key)
            return QuizCell(key, label, synthetic=True) if here else None
        self._index()
        row = self._rows.get(key)
        return QuizCell(key, row.label or label, synthetic=False) if row else None

    def of_class(self, label: str) -> list[QuizCell]:
        """All imported cells of a class, in an order of their own."""
        self._index()
        found = [key for key, row in self._rows.items() if row.label == label]
        return [QuizCell(key, label, synthetic=False) for key in sorted(found)]

    def picture(self, cell: QuizCell) -> bytes:
        """The PNG of a cell, without any word of its class; of a made one with its mark.

        Raises DataError where its file is gone, StorageError.
        """
        if cell.synthetic:
            return self._pictures.get(cell.key) or self.store.blob(cell.key)
        index, row = self._index(), self._rows.get(cell.key)
        if index is None or row is None:
            raise _gone(cell.key[:12], "the data set was imported again without it")
        try:
            return png_of(read_rgb(index.root / row.path))
        except OSError as error:
            raise _gone(row.path, str(error)) from error

    def labels(self, cell: QuizCell) -> NDArray[np.uint8]:
        """The outlines of a cell `(height, width)`, one label a pixel, by a network that did not
        learn from it: the one that it was held out from, else the default segmenter.

        Raises as `picture` does, and WeightsError.
        """
        small, row = self._held_masks().get(cell.key), self._rows.get(cell.key)
        if small is None or row is None:
            picture = without_letters(pixels_of(self.picture(cell), "RGB"))
            return self._outliner().predict([picture])[0].labels()
        from cervix_models.services.cells import enlarged

        return enlarged(small, (row.height, row.width)).labels()

    def outlined(self, cell: QuizCell) -> bytes:
        """The picture of a cell with its outlines as lines, as PNG. Raises as `labels` does."""
        return drawn(self.picture(cell), self.labels(cell), synthetic=cell.synthetic)

    def heard(self, cell: QuizCell) -> Mapping[str, float] | None:
        """What the default classifier said of an imported cell without having learned from it, or
        None where that is not known."""
        return None if cell.synthetic else self._held_answers().get(cell.key)

    def looked(self, cell: QuizCell) -> Looked:
        """Where the default classifier of the app looks, by Grad-CAM, and what it says.

        Raises WeightsError where it cannot be loaded or reads no picture, and as `labels` does.
        """
        mask = Segmentation.from_labels(self.labels(cell))
        image = without_letters(pixels_of(self.picture(cell), "RGB"))
        reader = self._reader()
        seen = reader.voice(CLASSIFIER).cells.predict([image], [mask])[0]
        explainer = reader.explainer(CLASSIFIER)
        if explainer is None:
            raise WeightsError(
                f"{CLASSIFIER} reads features alone, and a heat map was asked for; one that reads "
                "pictures was expected. Choose another default classifier."
            )
        heat = explainer.heat(image, seen.top, mask)
        return Looked(
            png=grey_png((heat * 255).astype(np.uint8)),
            shares=heat_shares(heat, mask),
            probabilities=dict(seen.probabilities),
            top=seen.top,
            learned=not cell.synthetic and cell.key in self._held_answers(),
        )

    def warm_up(self) -> None:
        """Begins to load outlines and answers, so that the first question need not wait."""
        if self.real():
            threading.Thread(target=self._warm, daemon=True, name="quiz-cells").start()

    def _warm(self) -> None:
        self._held_masks()
        self._held_answers()

    def _index(self) -> Index | None:
        """The imported SIPaKMeD; None where it is not here, or has no cell of our classes."""
        index = find_sipakmed(self.synthesis.settings.home)
        with self._looking:
            if index is not self._known:
                cells = index.cells if index else ()
                self._rows = {row.sha256: row for row in cells if row.label in CLASS_NAMES}
                self._known = index
            return index if self._rows else None

    def _draw_real(
        self, label: str, but: Collection[str], random: np.random.Generator
    ) -> QuizCell | None:
        if self._index() is None:
            raise _no_real()
        rows = [
            row for key, row in sorted(self._rows.items()) if row.label == label and key not in but
        ]
        if not rows:
            return None
        clusters = sorted({row.cluster for row in rows})
        chosen = clusters[random.integers(len(clusters))]
        inside = [row for row in rows if row.cluster == chosen]
        return QuizCell(inside[random.integers(len(inside))].sha256, label, synthetic=False)

    def _draw_made(self, label: str, but: Collection[str]) -> QuizCell | None:
        for batch in range(MOST_BATCHES):
            for cell in self._batch(label, batch):
                if cell.key not in but:
                    return cell
        return None

    def _batch(self, label: str, batch: int) -> list[QuizCell]:
        """Made cells of a class, always the same of one generator: all but near copies of real
        ones. Their files say what made them, and not the class that would be the answer."""
        card = self._maker()
        where = (card.weights_sha256, label, batch)
        with self._making:
            if where not in self._made:
                about = f"a cell made for a quiz by {card.name} ({card.weights_sha256[:12]})"
                made = self.synthesis.make(card.name, label, BATCH, seed=SEED + batch)
                found = []
                for each in (one for one in made if not one.near_copy):
                    png = mark_synthetic(pixels_of(each.png, "RGB"), about)
                    key = _sha256(png)
                    self._pictures[key] = png
                    found.append(QuizCell(key, label, synthetic=True))
                self._made[where] = found
            return self._made[where]

    def _maker(self) -> Card:
        card = self.generator()
        if card is None:
            raise DataError(
                _(
                    "No cells are here to be asked: SIPaKMeD is not imported, and there is no "
                    "generator. Import it: python -m cervix_models data import PATH"
                )
            )
        return card

    def _held_masks(self) -> HeldMasks:
        """The outlines of cells by networks that never saw them; none where it was not measured."""
        from cervix_models.evaluation.held_out import HeldMasks, held_masks

        with self._looking:
            if self._masks is None:
                weights = self.synthesis.settings.weights
                known = _is_measured(SEGMENTER, weights)
                self._masks = held_masks(SEGMENTER, weights) if known else HeldMasks(1, {})
            return self._masks

    def _held_answers(self) -> Mapping[str, Mapping[str, float]]:
        with self._looking:
            if self._heard is None:
                held = _held(CLASSIFIER, self.synthesis.settings.weights)
                names = [each.decode() for each in held.get("classes", ())]
                rows = held.get("probabilities", ())
                self._heard = {
                    key: dict(zip(names, map(float, row), strict=True))
                    for key, row in zip(held.get("sha256", ()), rows, strict=True)
                }
            return self._heard


def drawn(picture: bytes, labels: NDArray[np.uint8], *, synthetic: bool) -> bytes:
    """A picture with outlines as lines, as PNG; that of a synthetic cell is marked."""
    return lines_over(picture, labels, about=OUTLINED if synthetic else None)


def open_outliner(settings: Settings) -> Segmenter:
    """The default segmenter, loaded anew. Raises WeightsError where it is not here."""
    from cervix_models.predictors import OutlineReader

    return OutlineReader(SEGMENTER, settings)


def _held(name: str, weights: Any) -> dict[str, Any]:
    """What the folds of a model said of the cells held out from them; nothing where it was not
    measured here."""
    from cervix_models.evaluation.held_out import load_held_out

    return load_held_out(name, weights) if _is_measured(name, weights) else {}


def _is_measured(name: str, weights: Path) -> bool:
    from cervix_models.evaluation.held_out import HELD_OUT

    known = any(card.name == name for card in load_cards(weights))
    return known and (weights / name / HELD_OUT["cluster"]).is_file()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _no_real() -> DataError:
    return DataError(
        _(
            "SIPaKMeD is not imported, and its cells were asked for. Import it first: "
            "python -m cervix_models data import PATH"
        )
    )


def _gone(which: str, why: str) -> DataError:
    return DataError(
        f"The picture {which} of SIPaKMeD cannot be read ({why}); it was expected where it was "
        "imported from. Put it back, or import the data set again."
    )
