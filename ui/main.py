"""The entry script: who is here, and which pages they get."""

from pathlib import Path

import streamlit as st

from cervix_models.language import _
from cervix_models.people import NOBODY
from ui import identity, languages
from ui.contents import SECTIONS, entries

SIDEBAR_PIXELS = 240
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
person = identity.person()
if person == NOBODY:
    doors = [
        st.Page(
            identity.way_in,
            title=_("Sign in"),
            url_path=each.address,
            default=not each.address,
        )
        for each in entries()
    ]
    st.navigation(doors, position="hidden").run()
else:
    identity.show_who(person)
    pages = {
        _(title) if title else "": [
            st.Page(
                each.target,
                title=_(each.title),
                icon=f":material/{each.icon}:",
                url_path=each.address,
                default=not each.address,
            )
            for each in section
            if person.has(each.role)
        ]
        for title, section in SECTIONS.items()
    }
    st.navigation({title: some for title, some in pages.items() if some}, expanded=True).run()
