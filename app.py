"""The web application: the entry script of the pages, and the routes beside them.

Start it with `streamlit run app.py`. The entry script stands in `ui/`, so that no `pages/` folder
lies beside it: Streamlit would serve such a folder past `st.navigation`.
"""

import streamlit as st
from starlette.middleware import Middleware

from cervix_models.people import nobody_otherwise
from cervix_models.services.heap import few_arenas
from cervix_models.settings import load_settings, set_thread_policy
from cervix_models.telemetry import set_up_logs

set_thread_policy()  # before anything imports torch, which looks once
few_arenas()
nobody_otherwise()  # whatever a page asks for, it asks for a person

from ui.account_routes import ACCOUNT_ROUTES  # noqa: E402
from ui.doors import Doors  # noqa: E402
from ui.routes import ROUTES  # noqa: E402
from ui.starting import lifespan  # noqa: E402
from ui.telemetry import TELEMETRY_ROUTES, Telemetry, register  # noqa: E402

set_up_logs(load_settings().log)
register()
app = st.App(
    "ui/main.py",
    lifespan=lifespan,
    routes=[*ROUTES, *ACCOUNT_ROUTES, *TELEMETRY_ROUTES],
    middleware=[Middleware(Telemetry), Middleware(Doors)],
)
