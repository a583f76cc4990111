"""Shows the cards of the models in use."""

from __future__ import annotations

import streamlit as st

from cervix_models.errors import WeightsError
from ui import session, show
from ui.card_view import show_card


def page() -> None:
    """Shows one card at a time, the classifier's first; `?model=<name>` names another."""
    session.require_role("learner")
    st.title("Model card", anchor=False)
    show.notice()
    try:
        cards = {card.name: card for card in session.triage().cards()}
    except WeightsError as problem:
        st.error(show.plain(str(problem)))
        return
    if not cards:
        st.info("There are no weights here yet, so there is no card to show.")
        return
    name = st.segmented_control(
        "Model",
        list(cards),
        format_func=lambda each: f"{each} ({cards[each].kind})",
        default=next(iter(cards)),
        required=True,
        key="model",
        bind="query-params",
    )
    show_card(cards[name])


page()
