"""The entry script: who is here, and which pages they get."""

from pathlib import Path

import streamlit as st

from ui import languages

SIDEBAR_PIXELS = 240

PAGES = {
    "": [
        st.Page("../pages/start/home.py", title="Home", icon=":material/home:", default=True),
    ],
    "Triage": [
        st.Page(
            "../pages/triage/reading.py",
            title="Read cells",
            icon=":material/biotech:",
            url_path="triage",
        ),
        st.Page(
            "../pages/triage/field.py",
            title="Read a field",
            icon=":material/grid_view:",
            url_path="field",
        ),
        st.Page(
            "../pages/triage/slide.py",
            title="Read a slide",
            icon=":material/zoom_in_map:",
            url_path="slide",
        ),
        st.Page(
            "../pages/triage/compare.py",
            title="Compare models",
            icon=":material/compare:",
            url_path="compare",
        ),
        st.Page(
            "../pages/triage/worklist.py",
            title="Worklist",
            icon=":material/checklist:",
            url_path="worklist",
        ),
    ],
    "Generate": [
        st.Page(
            "../pages/generate/studio.py",
            title="Studio",
            icon=":material/palette:",
            url_path="studio",
        ),
        st.Page(
            "../pages/generate/measures.py",
            title="Generators measured",
            icon=":material/query_stats:",
            url_path="generators",
        ),
    ],
    "Learn": [
        st.Page(
            "../pages/learn/quiz.py",
            title="Quiz",
            icon=":material/school:",
            url_path="quiz",
        ),
        st.Page(
            "../pages/learn/classroom.py",
            title="Classroom",
            icon=":material/groups:",
            url_path="classroom",
        ),
        st.Page(
            "../pages/learn/real_or_fake.py",
            title="Real or fake",
            icon=":material/quiz:",
            url_path="real-or-fake",
        ),
        st.Page(
            "../pages/learn/care.py",
            title="Care",
            icon=":material/health_and_safety:",
            url_path="care",
        ),
    ],
    "Explore": [
        st.Page(
            "../pages/explore/dataset.py",
            title="The data set",
            icon=":material/dataset:",
            url_path="dataset",
        ),
        st.Page(
            "../pages/explore/atlas.py",
            title="Atlas",
            icon=":material/menu_book:",
            url_path="atlas",
        ),
    ],
    "Models": [
        st.Page(
            "../pages/models/leaderboard.py",
            title="Leaderboard",
            icon=":material/leaderboard:",
            url_path="leaderboard",
        ),
        st.Page(
            "../pages/models/honesty.py",
            title="What the split hides",
            icon=":material/call_split:",
            url_path="honesty",
        ),
        st.Page(
            "../pages/models/robustness.py",
            title="Robustness lab",
            icon=":material/science:",
            url_path="robustness",
        ),
        st.Page(
            "../pages/models/card.py",
            title="Model card",
            icon=":material/description:",
            url_path="card",
        ),
    ],
}

HERE = Path(__file__).parent
ICON = HERE / "icon.svg"  # a symbol by name would be fetched from elsewhere

st.set_page_config(
    page_title="Cervical cytology",
    page_icon=ICON,
    layout="wide",
    initial_sidebar_state=SIDEBAR_PIXELS,
)
st.logo(ICON, size="large")
st.html(HERE / "style.css")
languages.choose()
st.navigation(PAGES, expanded=True).run()
