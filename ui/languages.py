"""In which language a session's pages speak, and where a reader chooses it."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cervix_models.language import ENGLISH, LANGUAGES, follow, nearest

CHOSEN = "language"  # in the session's state
ASKED = "lang"  # in the address


def spoken() -> str:
    """The language of the session that asks; English outside any."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ENGLISH
    if CHOSEN not in st.session_state:
        st.session_state[CHOSEN] = nearest(st.query_params.get(ASKED) or st.context.locale)
    return str(st.session_state[CHOSEN])


def choose() -> None:
    """Shows in the side bar in which language the pages speak, to choose another."""
    st.sidebar.selectbox(
        "Language / Idioma / 语言",
        list(LANGUAGES),
        format_func=lambda code: LANGUAGES[code],
        index=list(LANGUAGES).index(spoken()),
        key="language-box",
        on_change=_keep,
    )


def _keep() -> None:
    st.session_state[CHOSEN] = st.session_state["language-box"]


follow(spoken)
