"""The entry script: who is here, and which pages they get."""

from pathlib import Path

import streamlit as st

from cervix_models.language import _
from ui import languages

SIDEBAR_PIXELS = 240

PAGES = {
    "": [
        st.Page("../pages/start/home.py", title=_("Home"), icon=":material/home:", default=True),
    ],
    _("Triage"): [
        st.Page(
            "../pages/triage/reading.py",
            title=_("Read cells"),
            icon=":material/biotech:",
            url_path="triage",
        ),
        st.Page(
            "../pages/triage/field.py",
            title=_("Read a field"),
            icon=":material/grid_view:",
            url_path="field",
        ),
        st.Page(
            "../pages/triage/slide.py",
            title=_("Read a slide"),
            icon=":material/zoom_in_map:",
            url_path="slide",
        ),
        st.Page(
            "../pages/triage/compare.py",
            title=_("Compare models"),
            icon=":material/compare:",
            url_path="compare",
        ),
        st.Page(
            "../pages/triage/worklist.py",
            title=_("Worklist"),
            icon=":material/checklist:",
            url_path="worklist",
        ),
    ],
    _("Generate"): [
        st.Page(
            "../pages/generate/studio.py",
            title=_("Studio"),
            icon=":material/palette:",
            url_path="studio",
        ),
        st.Page(
            "../pages/generate/measures.py",
            title=_("Generators measured"),
            icon=":material/query_stats:",
            url_path="generators",
        ),
    ],
    _("Learn"): [
        st.Page(
            "../pages/learn/quiz.py",
            title=_("Quiz"),
            icon=":material/school:",
            url_path="quiz",
        ),
        st.Page(
            "../pages/learn/classroom.py",
            title=_("Classroom"),
            icon=":material/groups:",
            url_path="classroom",
        ),
        st.Page(
            "../pages/learn/real_or_fake.py",
            title=_("Real or fake"),
            icon=":material/quiz:",
            url_path="real-or-fake",
        ),
        st.Page(
            "../pages/learn/care.py",
            title=_("Care"),
            icon=":material/health_and_safety:",
            url_path="care",
        ),
    ],
    _("Explore"): [
        st.Page(
            "../pages/explore/dataset.py",
            title=_("The data set"),
            icon=":material/dataset:",
            url_path="dataset",
        ),
        st.Page(
            "../pages/explore/atlas.py",
            title=_("Atlas"),
            icon=":material/menu_book:",
            url_path="atlas",
        ),
    ],
    _("Models"): [
        st.Page(
            "../pages/models/leaderboard.py",
            title=_("Leaderboard"),
            icon=":material/leaderboard:",
            url_path="leaderboard",
        ),
        st.Page(
            "../pages/models/honesty.py",
            title=_("What the split hides"),
            icon=":material/call_split:",
            url_path="honesty",
        ),
        st.Page(
            "../pages/models/robustness.py",
            title=_("Robustness lab"),
            icon=":material/science:",
            url_path="robustness",
        ),
        st.Page(
            "../pages/models/card.py",
            title=_("Model card"),
            icon=":material/description:",
            url_path="card",
        ),
    ],
}

HERE = Path(__file__).parent
ICON = HERE / "icon.svg"  # a symbol by name would be fetched from elsewhere

st.set_page_config(
    page_title=_("Cervical cytology"),
    page_icon=ICON,
    layout="wide",
    initial_sidebar_state=SIDEBAR_PIXELS,
)
st.logo(ICON, size="large")
st.html(HERE / "style.css")
languages.choose()
st.navigation(PAGES, expanded=True).run()
