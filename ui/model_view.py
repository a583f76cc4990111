"""Pieces that the pages on models share."""

from __future__ import annotations

import streamlit as st

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import WeightsError
from cervix_models.plots import Standing
from cervix_models.services.models import ModelRow
from ui import session, show


def rows_to_show() -> list[ModelRow]:
    """Every measured classifier of the five cell classes, the most accurate first; where there is
    none, the page says so."""
    try:
        rows = [row for row in session.model_rows() if row.classes == CLASS_NAMES]
    except WeightsError as problem:
        st.error(show.plain(str(problem)))
        return []
    if not rows:
        st.info(
            "No classifier was measured here yet. Train one: `python -m cervix_models train cnn`",
            icon=":material/inbox:",
        )
    return rows


def rows_elsewhere() -> list[ModelRow]:
    """Every measured classifier of other images."""
    return [row for row in session.model_rows() if row.classes != CLASS_NAMES]


def standing(row: ModelRow) -> Standing:
    """A row of the leaderboard as the figures take it."""
    return Standing(
        name=row.name,
        cluster=row.cluster,
        random=row.random,
        reported=row.reported.get("accuracy"),
        difference=row.difference,
        parameters=row.parameters,
    )
