"""The form by which an instructor makes a set: by counts of classes, or cell by cell."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.data.labels import CLASS_NAMES, class_named
from cervix_models.errors import CervixError
from cervix_models.language import _, later, several
from cervix_models.lessons import SetKind, Shown
from ui import lessons, session, show

if TYPE_CHECKING:
    from cervix_models.services.classroom import Plan
    from cervix_models.services.quiz_cells import QuizCell

CHOSEN, SEED, SET = "set-chosen", "set-seed", "set"  # the last one in the address
DRAWN, BY_HAND = "drawn", "by-hand"
HOWS = {DRAWN: later("Drawn by chance"), BY_HAND: later("Chosen one by one")}
KINDS: dict[SetKind, str] = {"exam": later("Exam"), "exercise": later("Exercise")}
SHOWNS: dict[Shown, str] = {"closed": later("After I close it"), "handed in": later("At hand-in")}
SOURCES = {False: later("Real cells of SIPaKMeD"), True: later("Synthetic cells")}
A_PAGE = 24
SEEDS = 1_000_000


@st.fragment
def make_set() -> None:
    """Shows the form, and makes the set."""
    cells = lessons.shared_cells()
    sources = [each for each in (False, True) if (cells.generator() if each else cells.real())]
    if not sources:
        st.info(
            _(
                "No cells are here to be asked: SIPaKMeD is not imported, and there is no "
                "generator. Import it: `python -m cervix_models data import PATH`"
            )
        )
        return
    name = st.text_input(_("Name of the set"), max_chars=80, key="set-name", width=420)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            _("Kind"), list(KINDS), default="exam", required=True, key="set-kind",
            format_func=lambda each: _(KINDS[each]),
            help=_(
                "An exam tells nothing before its end and has a time. An exercise tells the truth "
                "after every answer."
            ),
        )  # fmt: skip
        minutes = st.number_input(
            _("Minutes"), min_value=1 if kind == "exam" else 0, max_value=240, value=10,
            key=f"set-minutes-{kind}", width=140,
            help=None if kind == "exam" else _("0: as long as it takes"),
        )  # fmt: skip
        shown: Shown = "handed in"
        if kind == "exam":
            shown = st.segmented_control(
                _("The truth is shown"), list(SHOWNS), default="closed", required=True,
                key="set-shown", format_func=lambda each: _(SHOWNS[each]),
            )  # fmt: skip
    synthetic, how = _source(sources)
    chosen, counts = _cells(how)
    from cervix_models.services.classroom import Plan

    plan = Plan(
        name=name,
        kind=kind,
        minutes=int(minutes) or None,
        shown=shown,
        counts=counts,
        seed=_seed(),
        synthetic=synthetic,
        cells=chosen,
    )
    _make(plan)


def _source(sources: list[bool]) -> tuple[bool, str]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        synthetic = sources[0]
        if len(sources) > 1:
            synthetic = st.segmented_control(
                _("Cells"), sources, default=sources[0], required=True, key="set-source",
                format_func=lambda each: _(SOURCES[each]),
            )  # fmt: skip
        how = DRAWN
        if not synthetic:
            how = st.segmented_control(
                _("Which"), list(HOWS), default=DRAWN, required=True, key="set-how",
                format_func=lambda each: _(HOWS[each]),
            )  # fmt: skip
    if synthetic:
        st.caption(
            _(
                "Synthetic cells are marked on their face. Their truth is the class that was asked "
                "of the generator: no expert has named them."
            )
        )
    return synthetic, how


def _cells(how: str) -> tuple[tuple[QuizCell, ...], dict[str, int]]:
    """The cells that were chosen one by one, or how many of each class are to be drawn."""
    if how == BY_HAND:
        return _by_hand(), {}
    with st.grid(min_column_width=190):
        counts = {
            each: int(
                st.number_input(
                    f"{class_named(each).short} {each}", min_value=0, max_value=40, value=4,
                    key=f"set-count-{each}",
                )
            )
            for each in CLASS_NAMES
        }  # fmt: skip
    return (), counts


def _seed() -> int:
    return int(st.session_state.setdefault(SEED, secrets.randbelow(SEEDS)))


def _make(plan: Plan) -> None:
    total = len(plan.cells) or sum(plan.counts.values())
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            _("Make the set"), type="primary", icon=":material/add:", key="set-make",
            disabled=not total,
        )  # fmt: skip
        if not plan.cells:
            st.button(_("Other cells"), icon=":material/casino:", key="set-again", on_click=_again)
        st.markdown(several("{count} cell", "{count} cells", total).format(count=total))
    if pressed:
        try:
            with st.spinner(_("Making the set")):
                made = lessons.classroom().make(plan, session.current_user().name)
        except CervixError as problem:
            st.error(show.plain(str(problem)))
            return
        for key in (CHOSEN, SEED):
            st.session_state.pop(key, None)
        st.query_params[SET] = made.id
        st.rerun(scope="app")
    if total and st.toggle(_("Show the cells with their truth"), key="set-preview"):
        _preview(plan)


def _again() -> None:
    st.session_state[SEED] = secrets.randbelow(SEEDS)


def _preview(plan: Plan) -> None:
    try:
        with st.spinner(_("Looking for cells")):
            found = lessons.classroom().chosen(plan)
            parts = [_figure(each) for each in found]
    except CervixError as problem:
        st.error(show.plain(str(problem)))
        return
    st.html(f'<div class="cx cx-strip">{"".join(parts)}</div>')


def _figure(cell: QuizCell) -> str:
    words = (_("Synthetic {label} cell") if cell.synthetic else _("{label} cell")).format(
        label=cell.label
    )
    picture = show.picture_html(session.image_url(lessons.small(cell)), words)
    return f"<figure>{picture}<figcaption>{show.badge_html(cell.label)}</figcaption></figure>"


def _by_hand() -> tuple[QuizCell, ...]:
    """The cells of a class to choose from, a page at a time; those chosen so far."""
    chosen: dict[str, QuizCell] = st.session_state.setdefault(CHOSEN, {})
    label = st.segmented_control(
        _("Class"), CLASS_NAMES, default=CLASS_NAMES[0], required=True, key="set-class",
        format_func=lambda each: f"{class_named(each).short} {each}",
    )  # fmt: skip
    found = lessons.shared_cells().of_class(label)
    pages = max(1, -(-len(found) // A_PAGE))
    number = st.pagination(pages, key=f"set-page-{label}") if pages > 1 else 1
    try:
        with st.grid(min_column_width=104, key="set-choose"):
            for cell in found[(number - 1) * A_PAGE : number * A_PAGE]:
                with st.container(gap="xsmall"):
                    st.html(f'<div class="cx cx-cell">{_image(cell)}</div>')
                    here = cell.key in chosen
                    st.button(
                        _("✓ Chosen") if here else _("Choose"), key=f"choose-{cell.key}",
                        type="primary" if here else "secondary", width="stretch",
                        on_click=_choose, args=(cell,),
                    )  # fmt: skip
    except CervixError as problem:
        st.error(show.plain(str(problem)))
    return tuple(chosen.values())


def _image(cell: QuizCell) -> str:
    words = _("{label} cell").format(label=cell.label)
    return show.picture_html(session.image_url(lessons.small(cell)), words)


def _choose(cell: QuizCell) -> None:
    chosen: dict[str, QuizCell] = st.session_state.setdefault(CHOSEN, {})
    if cell.key in chosen:
        del chosen[cell.key]
    else:
        chosen[cell.key] = cell
