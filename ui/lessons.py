"""The services of quiz and classroom, which all sessions share, and pictures of their cells."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image as Pictures

from cervix_models.data.pictures import pixels_of, png_of
from ui import pictures, session

if TYPE_CHECKING:
    from cervix_models.contracts import Segmenter
    from cervix_models.services.classroom import Classroom
    from cervix_models.services.learning import Learning
    from cervix_models.services.quiz_cells import Looked, QuizCell, QuizCells

SMALL = 160  # pixels


@st.cache_resource(show_spinner=False)
def shared_cells() -> QuizCells:
    """The cells that are asked, one service a process. Raises StorageError where the store cannot
    be opened."""
    from cervix_models.services.quiz_cells import QuizCells

    triage = session.shared_triage()
    made = QuizCells(triage.store, session.shared_synthesis(), triage.reader, shared_outliner)
    made.warm_up()
    return made


@st.cache_resource(show_spinner=False)
def shared_outliner() -> Segmenter:
    """The default segmenter, one a process, without the classifiers that a reading needs besides.
    Raises WeightsError where it is not here."""
    from cervix_models.services.quiz_cells import open_outliner

    return open_outliner(session.shared_triage().settings)


def learning() -> Learning:
    """The service of practice, for a page: it stops with the reason as `session.triage` does."""
    from cervix_models.services.learning import Learning

    session.triage()
    return session.in_hands(Learning(shared_cells()))


def classroom() -> Classroom:
    """The service of sets and sittings, for a page: it stops as `learning` does."""
    from cervix_models.services.classroom import Classroom

    session.triage()
    return session.in_hands(Classroom(shared_cells()))


@st.cache_resource(show_spinner=False, max_entries=200)
def outlined(cell: QuizCell) -> bytes:
    """The picture of a cell with its outlines as lines, as PNG. Raises DataError, StorageError and
    WeightsError."""
    return shared_cells().outlined(cell)


@st.cache_resource(show_spinner=False, max_entries=200)
def outlined_item(picture: str, mask: str, *, synthetic: bool) -> bytes:
    """The stored picture of an item with its outlines as lines, as PNG. Raises StorageError."""
    from cervix_models.services.quiz_cells import drawn

    store = shared_cells().store
    return drawn(store.blob(picture), pixels_of(store.blob(mask), "L"), synthetic=synthetic)


@st.cache_resource(show_spinner=False, max_entries=100)
def looked(cell: QuizCell) -> tuple[Looked, bytes]:
    """Where the default classifier looks at a cell, and a PNG of that over its picture. Raises as
    `outlined` does."""
    cells = shared_cells()
    found = cells.looked(cell)
    return found, pictures.heat_over(cells.picture(cell), found.png)


@st.cache_resource(show_spinner=False, max_entries=500)
def small(cell: QuizCell) -> bytes:
    """The picture of a cell, at most 160 pixels a side, as PNG. Raises DataError and
    StorageError."""
    with Pictures.open(io.BytesIO(shared_cells().picture(cell))) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((SMALL, SMALL))
    return png_of(np.asarray(picture))
