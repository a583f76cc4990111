"""What this is, the ways in, and what was read lately."""

from __future__ import annotations

import streamlit as st

from cervix_models.language import _, later
from ui import session, show
from ui.contents import may_open
from ui.routes import picture_url

RECENT = 6
DOOR_PIXELS = 280  # the least width of a door
DOORS = (
    (
        "../pages/triage/reading.py",
        later("Read cells"),
        ":material/biotech:",
        later(
            "Drop images of single cells. Each gets a class with its probabilities, or “refer”, "
            "with outlines and measurements."
        ),
    ),
    (
        "../pages/triage/field.py",
        later("Read a field"),
        ":material/grid_view:",
        later(
            "Drop a whole field. Its cells are found, parted and read, and reviewed one after the "
            "other from the keyboard."
        ),
    ),
    (
        "../pages/triage/slide.py",
        later("Read a slide"),
        ":material/zoom_in_map:",
        later(
            "Look at a whole slide of this installation, zoom in, and read what is in view, "
            "whatever its size."
        ),
    ),
    (
        "../pages/triage/worklist.py",
        later("Worklist"),
        ":material/checklist:",
        later(
            "Go through past readings, give your verdict, and take them out as tables and reports."
        ),
    ),
    (
        "../pages/learn/quiz.py",
        later("Quiz"),
        ":material/school:",
        later(
            "Name cells, then see the truth and why. Those you miss come again, and you see where "
            "you lean."
        ),
    ),
    (
        "../pages/learn/classroom.py",
        later("Classroom"),
        ":material/groups:",
        later("For instructors: make sets and exams, and see what the group came to."),
    ),
    (
        "../pages/learn/real_or_fake.py",
        later("Real or fake"),
        ":material/quiz:",
        later("Tell real cells from made ones, rate them, and see what gives the made ones away."),
    ),
    (
        "../pages/explore/atlas.py",
        later("Atlas"),
        ":material/menu_book:",
        later(
            "What to look for in each of the five classes, pointed out on cells, and look-alikes."
        ),
    ),
    (
        "../pages/explore/dataset.py",
        later("The data set"),
        ":material/dataset:",
        later(
            "All cells as a whole: true to scale, by size, stain and shape, on a map, and what a "
            "random split leaks."
        ),
    ),
    (
        "../pages/learn/care.py",
        later("Care"),
        ":material/health_and_safety:",
        later("What a cell class says of care and what it does not, and how cancer is prevented."),
    ),
    (
        "../pages/generate/studio.py",
        later("Studio"),
        ":material/palette:",
        later(
            "Make cells of a class by a network, go from one to another, and turn a cell into "
            "another class."
        ),
    ),
    (
        "../pages/models/honesty.py",
        later("What the split hides"),
        ":material/call_split:",
        later(
            "See how much of a reported accuracy comes from how the cells were split, model by "
            "model."
        ),
    ),
    (
        "../pages/models/card.py",
        later("Model card"),
        ":material/description:",
        later(
            "See what the models learned from, how well they were measured, and where they fail."
        ),
    ),
    (
        "../pages/admin/training.py",
        later("Training"),
        ":material/model_training:",
        later("For administrators: train a model, watch it learn, and make it the one that reads."),
    ),
)


def page() -> None:
    """Shows the front page."""
    person = session.require_role("student")
    st.title(_("Cervical cytology, cell by cell"), anchor=False)
    st.markdown(
        _(
            "For learning and for trying out triage: five classes of cells from Pap smears, "
            "read by models that show their reasons and say when they are unsure."
        )
    )
    show.notice()
    with st.grid(min_column_width=DOOR_PIXELS):
        for target, title, icon, words in DOORS:
            if not may_open(person, target):
                continue
            with st.container(border=True, height="stretch"):
                st.page_link(target, label=f"**{_(title)}**", icon=icon)
                st.markdown(_(words))
    if person.has("pathologist"):
        _recent()
    _samples()


def _recent() -> None:
    rows = session.triage().worklist(limit=RECENT)
    if not rows:
        return
    st.header(_("Read lately"), anchor=False)
    with st.grid(min_column_width=130):
        for row in rows:
            reading = row.reading
            with st.container(gap="xsmall"):
                address = picture_url("image", reading.image_sha256)
                picture = show.picture_html(address, show.picture_words(reading))
                st.html(f'<div class="cx cx-cell">{picture}</div>')
                st.page_link(
                    "../pages/triage/reading.py",
                    label=show.answer_words(reading),
                    query_params={"reading": reading.id},
                )


def _samples() -> None:
    st.header(_("The five classes, drawn by a program"), anchor=False)
    pictures = "".join(
        "<figure>"
        + show.picture_html(
            session.image_url(content),
            _("Synthetic cell in the manner of {label}").format(label=label),
        )
        + f"<figcaption>{show.badge_html(label)} {label}</figcaption></figure>"
        for label, content in _one_a_class().items()
    )
    st.html(f'<div class="cx cx-strip">{pictures}</div>')
    st.caption(_("Synthetic pictures. They show the idea of a class, not its spread."))


def _one_a_class() -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for _name, label, content in session.samples():
        found.setdefault(label, content)
    return found


page()
