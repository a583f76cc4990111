"""One cell that is asked, the buttons that answer, and what is told after the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from cervix_models.data.labels import CLASS_NAMES, class_named
from cervix_models.data.pictures import pixels_of
from cervix_models.data.teaching import NOTES, Part, apart
from cervix_models.errors import CervixError
from cervix_models.language import _, later
from cervix_models.plots import per_cent
from ui import lessons, session, show

if TYPE_CHECKING:
    from cervix_models.services.quiz_cells import Looked, QuizCell

BUTTON = 160  # pixels, the least width of an answer's button
BAR = 50  # pixels of the cell's own picture that the bar under it stands for
PLAIN, LINES, HEAT = "plain", "lines", "heat"
LAYERS = {PLAIN: later("Picture"), LINES: later("Outlines"), HEAT: later("Heat map")}
PARTS: dict[Part, str] = {
    "nucleus": later("Nucleus"),
    "cytoplasm": later("Cytoplasm"),
    "cell": later("Whole cell"),
}


@dataclass(frozen=True)
class Told:
    """What is told of a cell after the answer."""

    key: str  # of the widgets
    label: str  # the truth
    said: str | None  # None: not answered
    synthetic: bool
    picture: bytes  # PNG
    outlined: Callable[[], bytes] | None  # PNG; raises as the services do
    heard: Mapping[str, float] | None  # by the model that did not learn from it
    cell: QuizCell | None = None  # of which a heat map can be had


def source_words() -> None:
    """Shows that the cells are synthetic, where no real ones are imported, and whose they are."""
    cells = lessons.shared_cells()
    if cells.real():
        return
    card = cells.generator()
    if card is None:
        return
    known = card.metrics.get("recognised", {}).get("value")
    st.info(
        _(
            "SIPaKMeD is not imported here, so these cells are **synthetic**: {name} made them, "
            "and the truth is the class that was asked of it. Import real ones: "
            "`python -m cervix_models data import PATH`."
        ).format(name=show.plain(card.name))
        + (
            " "
            + _(
                "Of its cells, our classifier takes {share} for the class that was asked for."
            ).format(share=per_cent(known))
            if known is not None
            else ""
        ),
        icon=":material/auto_awesome:",
    )


def show_picture(content: bytes, words: str, *, scale: bool = True) -> None:
    """Shows the picture of a cell; with `scale`, under it a bar of 50 of its pixels, as all real
    crops have one magnification."""
    picture = show.picture_html(session.image_url(content), words)
    bar = ""
    if scale:
        height, width = pixels_of(content, "L").shape
        length = show.html(_("{count} pixels").format(count=BAR))
        bar = (
            f'<p class="cx-scale"><i style="width:{100 * BAR / width:.1f}%"></i>'
            f"<span>{length}</span></p>"
        )
        picture = f'<div style="--ratio:{width / height:.4f}">{picture}{bar}</div>'
    st.html(f'<div class="cx cx-quiz">{picture}</div>')


def answer_buttons(
    key: str, among: Sequence[str], answer: Callable[[str], None], said: str | None = None
) -> None:
    """Shows a button a class, with the keys 1 to 5; the one that was `said` stands out."""
    with st.grid(min_column_width=BUTTON, key="answers-of-cell"):
        for number, name in enumerate(CLASS_NAMES, start=1):
            if name in among:
                st.button(
                    f"{class_named(name).short} {name}",
                    key=f"say-{key}-{name}",
                    shortcut=str(number),
                    width="stretch",
                    type="primary" if name == said else "secondary",
                    on_click=answer,
                    args=(name,),
                )


def verdict_words(told: Told) -> None:
    """Shows the truth beside what was said."""
    if told.said is None:
        mark = _("– not answered")
    elif told.said == told.label:
        mark = _("✓ right")
    else:
        mark = _("✗ you said {label}").format(label=told.said)
    group = _(GROUPS[class_named(told.label).group])
    st.html(
        f'<div class="cx" role="status"><div class="cx-answer">{show.badge_html(told.label)}'
        f"<strong>{show.html(told.label)}</strong> <span>{show.html(mark)}</span></div>"
        f'<p class="cx-quiet">{show.html(_truth_words(told, group))}</p></div>'
    )


def layers(told: Told) -> None:
    """Shows the picture after the answer: as it is, with outlines, or with the heat map."""
    kinds = [PLAIN, *([LINES] if told.outlined else []), *([HEAT] if told.cell else [])]
    chosen = st.session_state.get(f"layer-{told.key}", LINES if told.outlined else PLAIN)
    words = (_("Synthetic {label} cell") if told.synthetic else _("{label} cell")).format(
        label=told.label
    )
    content, looked, slot = told.picture, None, st.empty()
    with slot:  # at once, as the rest may take a moment
        show_picture(content, words, scale=not told.synthetic)
    try:
        if chosen == LINES and told.outlined:
            content = told.outlined()
            words += _(", with the outlines of nucleus and cell")
        elif chosen == HEAT and told.cell:
            with st.spinner(_("Asking the classifier where it looks")):
                looked, content = lessons.looked(told.cell)
            words += _(", with a heat map of where the classifier looked")
    except CervixError as problem:
        st.error(show.plain(str(problem)))
    if content is not told.picture:
        with slot:
            show_picture(content, words, scale=False)
    if len(kinds) > 1:
        st.segmented_control(
            _("Shown"), kinds, default=chosen, required=True, key=f"layer-{told.key}",
            format_func=lambda kind: _(LAYERS[kind]), label_visibility="collapsed",
        )  # fmt: skip
    if looked is not None:
        _looked(looked)
    elif chosen == LINES and told.outlined:
        st.caption(_outline_words(told))


def criteria(told: Told) -> None:
    """Shows what to look for in the true class, and what tells it from what was said."""
    if told.said not in (None, told.label):
        _apart(told.label, str(told.said))
    st.html(f'<div class="cx cx-lookfor">{_criteria_html(told.label)}</div>')


def model_words(told: Told) -> None:
    """Shows what the default classifier said of the cell, after the learner."""
    if told.heard is None:
        return
    top = max(told.heard, key=lambda name: told.heard[name] if told.heard else 0.0)
    with st.expander(
        _("What the model said: {label}, {share}").format(
            label=top, share=per_cent(told.heard[top])
        ),
        icon=":material/neurology:",
    ):
        show.bars(told.heard, narrow=True)
        st.caption(
            _(
                "By the default classifier, its networks each trained without this cell and all "
                "others of its cluster. It may be wrong where you are right."
            )
        )


GROUPS = {
    "abnormal": later("abnormal"),
    "benign": later("benign"),
    "normal": later("normal"),
}


def _truth_words(told: Told, group: str) -> str:
    if told.synthetic:
        return _(
            "The class that was asked of the generator. In the data set’s own words: {group}."
        ).format(group=group)
    return _(
        "The class that experts gave it in SIPaKMeD; in the data set’s own words: {group}."
    ).format(group=group)


def _outline_words(told: Told) -> str:
    if told.synthetic:
        return _("Nucleus: yellow line. Cell: dashed blue line. By the default segmenter.")
    return _(
        "Nucleus: yellow line. Cell: dashed blue line. By a segmenter that did not learn from this "
        "cell."
    )


def _apart(true: str, said: str) -> None:
    look = apart(true, said)
    title = _("{one} or {other}?").format(one=true, other=said)
    if look is not None:
        st.html(
            f'<div class="cx cx-apart"><b>{show.html(title)}</b>'
            f"<p>{show.html(_(look.words))}</p></div>"
        )
        return
    st.html(
        f'<div class="cx cx-lookfor"><p><b>{show.html(title)}</b> '
        + show.html(_("Compare what to look for in each."))
        + f"</p>{_criteria_html(said)}</div>"
    )


def _criteria_html(label: str) -> str:
    rows = "".join(
        f"<li><b>{show.html(_(each.title))}</b> "
        f'<span class="cx-of">{show.html(_(PARTS[each.part]))}</span>'
        f"<p>{show.html(_(each.words))}</p></li>"
        for each in NOTES[label].criteria
    )
    title = _("What to look for: {label}").format(label=label)
    return (
        f"<p>{show.badge_html(label)} <b>{show.html(title)}</b></p><ul>{rows}</ul>"
        f'<p class="cx-quiet">{show.html(NOTES[label].source)}</p>'
    )


def _looked(found: Looked) -> None:
    said = _("The app’s classifier says {label}, {share}.").format(
        label=found.top, share=per_cent(found.probabilities[found.top])
    )
    where = ""
    if found.shares is not None:
        where = _(
            "Of its heat (Grad-CAM) {nucleus} lie on the nucleus, {cytoplasm} on the cytoplasm, "
            "{outside} outside the cell."
        ).format(
            nucleus=per_cent(found.shares.nucleus),
            cytoplasm=per_cent(found.shares.cytoplasm),
            outside=per_cent(found.shares.background),
        )
    learned = _("It learned from this very cell, so its answer proves nothing.")
    parts = [said, where, learned if found.learned else "", _("Heat says where, not why.")]
    st.caption(" ".join(each for each in parts if each))
    if found.shares is not None and found.shares.background > show.MOSTLY_OUTSIDE:
        st.warning(
            _("Most of the heat falls outside the cell: the classifier looked elsewhere."),
            icon=":material/visibility_off:",
        )
