"""Clusters, which of their cells show the same pixels, and what a split leaks, on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.language import _, several
from cervix_models.plots import leaks_chart, per_cent, sizes_chart, violins
from ui import show
from ui.figure_tools import Figure, show_figures
from ui.routes import CELL_URL

if TYPE_CHECKING:
    from cervix_models.services.dataset import DataSet, Placed

METRIC = 190  # pixels
WIDEST = 560  # pixels of a group of crops that are laid out


def show_clusters(service: DataSet) -> None:
    """Shows how many cells clusters have, how many of them overlap, and one cluster laid out."""
    clusters = service.clusters
    cells = int(clusters["cells"].sum())
    overlapped = float((clusters["overlapped"] * clusters["cells"]).sum() / cells)
    with st.container(horizontal=True):
        st.metric(_("Clusters"), f"{len(clusters):,}", width=METRIC, border=True)
        st.metric(_("Cells of a cluster"), f"{clusters['cells'].median():g}", width=METRIC,
                  border=True, help=_("The median."))  # fmt: skip
        st.metric(_("Pairs that share pixels"), f"{clusters['pairs'].sum():,}", width=METRIC,
                  border=True)  # fmt: skip
        st.metric(_("Cells that share pixels"), per_cent(overlapped), width=METRIC, border=True)
    sizes = {
        name: clusters.loc[clusters["label"] == name, "cells"].tolist() for name in CLASS_NAMES
    }
    shared = clusters.loc[clusters["cells"] > 1, ["label", "overlapped"]].rename(
        columns={"overlapped": "share"}
    )
    shared["share"] *= 100
    parts = {name: shared.loc[shared["label"] == name, "share"].tolist() for name in CLASS_NAMES}
    show_figures(
        [
            Figure("clusters-sizes", _("How many cells a cluster has"), lambda: sizes_chart(sizes),
                   lambda: clusters[["cluster", "label", "cells"]]),
            Figure("clusters-shared", _("How many of them share pixels"),
                   lambda: violins(parts, _("cells of a cluster that share pixels, %")),
                   lambda: clusters,
                   _("Of clusters with two cells or more. Two crops share pixels where one laid "
                     "over the other shows the same picture; overlaps of less than a fiftieth are "
                     "not found.")),
        ]
    )  # fmt: skip
    _one_cluster(service)


def _one_cluster(service: DataSet) -> None:
    st.subheader(_("One cluster laid out"), anchor=False)
    ordered = service.clusters.sort_values(["pairs", "cluster"], ascending=[False, True])
    counts = dict(zip(ordered["cluster"], ordered["cells"].tolist(), strict=True))
    cluster = st.selectbox(
        _("Cluster"), list(counts), width=300, key="clusters-one",
        format_func=lambda each: _cluster_words(each, counts[each]),
    )  # fmt: skip
    groups = service.laid_out(cluster)
    st.html('<div class="cx cx-laid">' + "".join(map(laid_html, groups)) + "</div>")
    st.caption(
        _(
            "Crops lie to each other as in the field, as far as they hang together by shared "
            "pixels; where groups lie to each other is not known."
        )
    )


def _cluster_words(cluster: str, count: int) -> str:
    words = several("{name}: {count} cell", "{name}: {count} cells", count)
    return words.format(name=cluster, count=count)


def laid_html(group: list[Placed]) -> str:
    """Crops that hang together, laid over each other, each with a frame."""
    width = max(each.left + each.width for each in group)
    height = max(each.top + each.height for each in group)
    parts = "".join(
        f'<img src="{CELL_URL}{each.sha256}" alt="" style="left:{100 * each.left / width:.3f}%;'
        f"top:{100 * each.top / height:.3f}%;width:{100 * each.width / width:.3f}%;"
        f'height:{100 * each.height / height:.3f}%">'
        for each in group
    )
    words = several("{count} crop", "{count} crops that share pixels", len(group)).format(
        count=len(group)
    )
    return (
        f'<div role="img" aria-label="{show.html(words)}" '
        f'style="width:{min(width, WIDEST)}px;aspect-ratio:{width}/{height}">{parts}</div>'
    )


def show_leaks(service: DataSet) -> None:
    """Shows what a split that is blind to clusters lets through."""
    leaks = service.leaks
    random = [each for each in leaks if each.split == "random"]
    cluster = next(each for each in leaks if each.split == "cluster")
    pixels = [each.pixels for each in random]
    names = {_("Random split"): random, _("Split by clusters"): [cluster]}
    shares = {
        name: (
            float(np.mean([each.relatives for each in found])),
            float(np.mean([each.pixels for each in found])),
        )
        for name, found in names.items()
    }
    table = pd.DataFrame([vars(each) for each in leaks])
    st.markdown(
        _(
            "A model that is tested on cells of a field it has learned from is tested on what it "
            "knows. Where cells are dealt out at random into five parts, {relatives} of those held "
            "out have a cell of their own cluster among those that are learned from, and {pixels} "
            "show pixels that are learned from ({low} to {high} in {count} draws). Where whole "
            "clusters are dealt out, none do."
        ).format(
            relatives=per_cent(shares[_("Random split")][0]),
            pixels=per_cent(shares[_("Random split")][1]),
            low=per_cent(min(pixels)),
            high=per_cent(max(pixels)),
            count=len(random),
        )
    )
    show_figures(
        [Figure("dataset-leaks", _("What a split lets through"), lambda: leaks_chart(shares),
                lambda: table)]
    )  # fmt: skip
    st.page_link(
        "../pages/models/honesty.py",
        label=_("What that does to the accuracy of each model"),
        icon=":material/call_split:",
    )
