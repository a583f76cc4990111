"""What a cell class says of care and what it does not: cited sentence by sentence, and under a
banner until a clinician has reviewed it."""

from __future__ import annotations

import streamlit as st

from cervix_models.errors import CervixError
from cervix_models.language import _
from ui import care_review, care_view, session, show


def page() -> None:
    """Shows what guidance says, and whether a clinician has reviewed how it is told here."""
    session.require_role("student")
    st.title(_("Care"), anchor=False)
    show.notice()
    service, today = session.care(), care_view.today()
    try:
        standing = service.standing()
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        st.stop()
    care_review.banner(standing)
    care_view.age_warning(today)
    care_view.content(today)
    care_review.reviews(standing)
    if session.current_user().has("admin"):
        care_review.form(service, today)


page()
