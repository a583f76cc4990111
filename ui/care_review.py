"""Whether a clinician has reviewed the care page, and the form by which an administrator records
that."""

from __future__ import annotations

from datetime import date

import streamlit as st

from cervix_models.contracts import CareReview
from cervix_models.data.care import content_sha256
from cervix_models.errors import CervixError
from cervix_models.language import ENGLISH, _, spoken
from cervix_models.services.care import Care, Standing
from ui import show

READ = "care-read-hash"  # in the session: the content that this visit was shown
SHORT = 12  # digits of a hash
FIRST_DAY = date(2026, 1, 1)  # no review can be older than the page


def banner(standing: Standing) -> None:
    """Shows who reviewed the page as it stands, or that a clinician has yet to."""
    st.session_state.setdefault(READ, content_sha256())
    review = standing.current
    if review is not None:
        st.info(
            _("Reviewed by {name} on {date}.").format(
                name=show.plain(review.reviewer), date=review.reviewed_on.isoformat()
            )
            + _in_english(),
            icon=":material/verified:",
        )
        return
    words = _(
        "**For a clinician to review.** No clinician has reviewed this page yet. Do not use it to "
        "teach clinical practice."
    )
    if standing.earlier:
        last = standing.earlier[0]
        words = _(
            "**For a clinician to review.** What this page says has changed since {name} reviewed "
            "it on {date}. Do not use it to teach clinical practice."
        ).format(name=show.plain(last.reviewer), date=last.reviewed_on.isoformat())
    st.warning(words, icon=":material/stethoscope:")


def reviews(standing: Standing) -> None:
    """Shows the reviews that were recorded, where there are any."""
    rows = [standing.current] if standing.current else []
    rows += standing.earlier
    if not rows:
        return
    st.header(_("Reviews"), anchor=False)
    for review in rows:
        st.markdown(_line(review, current=review is standing.current))


def form(service: Care, today: date) -> None:
    """Asks an administrator for a review that a clinician has made, and keeps it."""
    st.header(_("Record a review"), anchor=False)
    st.markdown(
        _(
            "For administrators. A clinician reads this page in English, to its last sentence, and "
            "agrees that it may be used for teaching. The review holds for what the page says now, "
            "content {hash}; it ends when a word, a source or a threshold changes."
        ).format(hash=f"`{st.session_state[READ][:SHORT]}`")
    )
    with st.form("care-review", border=True):
        name = st.text_input(_("Name of the clinician"), max_chars=200, key="care-reviewer")
        day = st.date_input(
            _("Reviewed on"), value=today, min_value=FIRST_DAY, max_value=today,
            format="YYYY-MM-DD", key="care-day",
        )  # fmt: skip
        note = st.text_area(_("Note (optional)"), max_chars=2000, key="care-note")
        sure = st.checkbox(
            _("The clinician has read the whole page in English and agrees with it."),
            key="care-sure",
        )
        given = st.form_submit_button(
            _("Record the review"), type="primary", icon=":material/verified:"
        )
    if given and not sure:
        st.error(_("Confirm that the clinician has read the page, by the box above."))
    elif given:
        _record(service, name, day, note)


def _record(service: Care, name: str, day: date, note: str) -> None:
    try:
        service.record(name, day, st.session_state[READ], note)
    except CervixError as problem:
        st.session_state[READ] = content_sha256()
        st.error(show.plain(str(problem)))
        return
    st.rerun()


def _line(review: CareReview, *, current: bool) -> str:
    words = (
        _("{name} on {date}, recorded by {recorder}, content {hash}: holds.")
        if current
        else _("{name} on {date}, recorded by {recorder}, content {hash}: replaced or outdated.")
    )
    line = words.format(
        name=show.plain(review.reviewer), date=review.reviewed_on.isoformat(),
        recorder=show.plain(review.recorded_by), hash=f"`{review.content_sha256[:SHORT]}`",
    )  # fmt: skip
    return f"- {line}" + (f" {show.plain(review.note)}" if review.note else "")


def _in_english() -> str:
    if spoken() == ENGLISH:
        return ""
    return " " + _("The review was of the English text; this translation was not reviewed.")
