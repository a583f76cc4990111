"""Files of a classroom: answers and items as CSV, and decks for Anki."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from cervix_models.data.pictures import pixels_of
from cervix_models.errors import CervixError, LessonError
from cervix_models.language import _
from cervix_models.lessons import SetItem
from cervix_models.reports.anki import DeckCell
from cervix_models.services.cohort import Cohort, ItemResult
from cervix_models.services.exports import Export, logger
from cervix_models.services.learning import Learning
from cervix_models.services.quiz_cells import QuizCell, QuizCells, drawn
from cervix_models.storage.store import Store

MOST = 500  # cells of a deck of mistakes, the newest


def answers_file(found: Cohort) -> Export:
    """Every answer of a set as CSV, a row each."""
    from cervix_models.reports.lessons import answers_csv

    items = [each.item for each in found.items]
    sittings = [each.sitting for each in found.people]
    content = answers_csv(found.teaching_set, items, sittings, found.answers)
    return Export(f"{_stem(found)}-answers.csv", "text/csv", content, (found.teaching_set.id,))


def items_file(found: Cohort) -> Export:
    """The items of a set with their figures as CSV, a row each."""
    from cervix_models.reports.lessons import items_csv

    rows = [(each.item, _figures(each)) for each in found.items]
    content = items_csv(found.teaching_set, rows, len(found.done))
    return Export(f"{_stem(found)}-items.csv", "text/csv", content, (found.teaching_set.id,))


def deck_of_set(found: Cohort, store: Store) -> Export:
    """The cells of a set as a deck for Anki. Raises StorageError."""
    given = found.teaching_set
    cells = [_of_item(each.item, store, synthetic=given.synthetic) for each in found.items]
    deck = _deck(f"{_stem(found)}.apkg", given.name, f"set {given.id}", cells)
    return deck._replace(of=(given.id,))


def deck_of_mistakes(learning: Learning, learner: str, *, synthetic: bool) -> Export:
    """The cells that a learner got wrong, the newest first, as a deck for Anki.

    Raises LessonError where there are none, DataError and StorageError.
    """
    wrong = learning.mistakes(learner, synthetic=synthetic)[:MOST]
    known = (learning.cells.cell(e.cell, e.label, synthetic=e.synthetic) for e in wrong)
    cells = [_of_cell(each, learning.cells) for each in known if each is not None]
    if not cells:
        raise LessonError(
            _(
                "No cell was named wrongly so far, and a deck of such cells was asked for. "
                "Practise first."
            )
        )
    kind = "synthetic" if synthetic else "real"
    name = _("Cervical cells to see again")
    return _deck("cells-to-see-again.apkg", name, f"mistakes {learner} {kind}", cells)


def _deck(filename: str, name: str, of: str, cells: Iterable[DeckCell]) -> Export:
    from cervix_models.reports.anki import deck_file

    content = deck_file(name, of, list(cells), datetime.now(UTC))
    return Export(filename, "application/octet-stream", content)


def _of_item(item: SetItem, store: Store, *, synthetic: bool) -> DeckCell:
    picture = store.blob(item.picture)
    outlines = None
    if item.mask is not None:
        outlines = drawn(picture, pixels_of(store.blob(item.mask), "L"), synthetic=synthetic)
    return DeckCell(item.cell, item.label, picture, synthetic, outlines)


def _of_cell(cell: QuizCell, cells: QuizCells) -> DeckCell:
    picture = cells.picture(cell)
    try:
        outlines = cells.outlined(cell)
    except CervixError as problem:  # the rest of the deck goes on without outlines
        logger.warning("A cell of a deck has no outlines: %s", problem)
        outlines = None
    return DeckCell(cell.key, cell.label, picture, cell.synthetic, outlines)


def _figures(result: ItemResult) -> dict[str, str | float | int | bool | None]:
    right = result.right or {}
    return {
        "right_part": right.get("value"),
        "right_low": right.get("low"),
        "right_high": right.get("high"),
        "unanswered": result.unanswered,
        "discrimination": result.discrimination,
        "most_frequent_wrong": result.wrong,
        "flags": "; ".join(result.flags),
    }


def _stem(found: Cohort) -> str:
    letters = re.sub(r"[^A-Za-z0-9]+", "-", found.teaching_set.name).strip("-").lower()
    return f"{letters or 'set'}-{found.teaching_set.code.lower()}"
