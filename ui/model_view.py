"""Pieces that the pages on models share."""

from __future__ import annotations

import streamlit as st

from cervix_models.plots import Standing
from cervix_models.services.models import ModelRow


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


def no_models() -> None:
    """Says that nothing was measured yet, and what to do."""
    st.info(
        "No classifier was measured here yet. Train one: `python -m cervix_models train cnn`",
        icon=":material/inbox:",
    )
