"""The web application: the entry script of the pages, and the routes beside them.

Start it with `streamlit run app.py`. The entry script stands in `ui/`, so that no `pages/` folder
lies beside it: Streamlit would serve such a folder past `st.navigation`.
"""

import streamlit as st

from cervix_models.settings import set_thread_policy

set_thread_policy()  # before anything imports torch, which looks once

from ui.routes import ROUTES  # noqa: E402
from ui.stopping import stopping_in_time  # noqa: E402

app = st.App("ui/main.py", lifespan=stopping_in_time, routes=ROUTES)
