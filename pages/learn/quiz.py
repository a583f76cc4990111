"""Naming cells: practice that comes again in time, drills, exams, and the learner's own figures."""

from __future__ import annotations

import streamlit as st

from cervix_models.language import _, later
from ui import lessons, session
from ui.answer_view import source_words
from ui.exam_view import CODE, SITTING, exam
from ui.learner_view import show_figures
from ui.practice_view import drill, leave, practise

WAYS = {
    "practise": later("Practise"),
    "drill": later("Drill"),
    "exam": later("Exam"),
    "figures": later("Your figures"),
}
WAY = "quiz-way"


def page() -> None:
    """Shows the way that was chosen; an address of a sitting or with a code shows the exam."""
    session.require_role("student")
    st.title(_("Quiz"), anchor=False)
    lessons.learning()
    named = SITTING in st.query_params or CODE in st.query_params
    way = st.segmented_control(
        _("Way"), list(WAYS), default="exam" if named else "practise", required=True, key=WAY,
        format_func=lambda each: _(WAYS[each]), label_visibility="collapsed", on_change=leave,
    )  # fmt: skip
    if way == "exam":
        exam()
        return
    if not lessons.shared_cells().real():  # in a line, so that a phone still shows all buttons
        st.markdown(_("**Synthetic cells**, as SIPaKMeD is not imported here."))
    if way == "practise":
        practise()
    elif way == "drill":
        drill()
    else:
        show_figures()
    source_words()


page()
