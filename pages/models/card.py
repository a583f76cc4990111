"""Shows the cards of the models in use."""

from __future__ import annotations

import streamlit as st

from cervix_models.contracts import Card
from cervix_models.errors import WeightsError
from cervix_models.services.defaults import Defaults
from ui import session, show
from ui.card_view import show_card


def page() -> None:
    """Shows one card at a time, those of the default models first; `?model=<name>` names one."""
    session.require_role("student")
    st.title("Model card", anchor=False)
    show.notice()
    try:
        defaults = session.triage().defaults()
        found = sorted(session.triage().cards(), key=lambda card: _order(card, defaults))
        cards = {card.name: card for card in found}
    except WeightsError as problem:
        st.error(show.plain(str(problem)))
        return
    if not cards:
        st.info("There are no weights here yet, so there is no card to show.")
        return
    name = st.selectbox("Model", list(cards), key="model", bind="query-params", width=420)
    show_card(cards[name])


def _order(card: Card, defaults: Defaults) -> tuple[bool, str, str]:
    return card.name not in (defaults.classifier, defaults.segmenter), card.kind, card.name


page()
