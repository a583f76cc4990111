"""The web application: the entry script of the pages, and the routes beside them.

Start it with `streamlit run app.py`. The entry script stands in `ui/`, so that no `pages/` folder
lies beside it: Streamlit would serve such a folder past `st.navigation`.
"""

import streamlit as st

from ui.routes import ROUTES

app = st.App("ui/main.py", routes=ROUTES)
