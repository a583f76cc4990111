"""Several classifiers on one cell, and outlines changed by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cervix_models.cards import readable
from cervix_models.contracts import Segmentation
from cervix_models.errors import MeasurementError
from cervix_models.recipes import Kernel
from cervix_models.registry import create
from cervix_models.services.compare import (
    Member,
    Opinion,
    drawings,
    grown,
    opinions,
    repainted,
)
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from cervix_models.services.models import milliseconds, rows
from cervix_models.services.reader import Reader
from tests import tiny
from tests.fakes import cell_shapes, drawn_cell

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Weights of the defaults, of a network with masks, of one on features, and of their mean."""
    made = tiny.save_defaults(tmp_path_factory.mktemp("compare"))
    masked = tiny.recipe("convnext_masked", name="masked", side=32)
    tiny.save_tiny(made.weights, masked)
    features = tiny.recipe("svm_features", name="features", kernel=Kernel(views=1))
    network = create("svm_features")
    network.neck.even.running_var.fill_(1e6)  # so that areas in pixels do not drown all else
    tiny.save_tiny(made.weights, features, network)
    both = replace(features, name="both", model="", members=("masked", "features"))
    tiny.save_ensemble(made.weights, both)
    return made


@pytest.fixture(scope="module")
def reader(settings) -> Reader:
    return Reader(settings)


IMAGE = drawn_cell(120)


def test_each_is_asked_by_the_same_outlines(reader) -> None:
    mask, found = opinions(reader, IMAGE, [CLASSIFIER, "masked", "features"])
    assert [each.name for each in found] == [CLASSIFIER, "masked", "features"]
    assert mask.nucleus.any()
    for each in found:
        assert sum(each.probabilities.values()) == pytest.approx(1)
        assert each.members == ()
        assert each.disagreement is None
    assert [each.reads_outlines for each in found] == [False, True, True]
    assert [each.heat is not None for each in found] == [True, True, False]


def test_segmenters_draw_the_same_cell_and_say_how_far_they_agree(reader, settings) -> None:
    tiny.save_tiny(settings.weights, tiny.recipe(tiny.register_outliner(), name="other"), seed=3)
    first, again, other = drawings(reader, IMAGE, [SEGMENTER, SEGMENTER, "other"])
    np.testing.assert_array_equal(first.labels, reader.outlines.predict([IMAGE])[0].labels())
    assert first.labels.shape == IMAGE.shape[:2]
    assert again.agreement == {"nucleus": 1.0, "cytoplasm": 1.0, "cell": 1.0}
    assert all(0 <= each <= 1 for each in other.agreement.values())
    assert first.pixels["cell"] >= first.pixels["nucleus"] > 0
    assert reader.outliner("other") is reader.outliner("other")


def test_an_ensemble_shows_its_members_and_how_far_they_lie_apart(reader) -> None:
    (found,) = opinions(reader, IMAGE, ["both"])[1]
    assert [member.name for member in found.members] == ["masked", "features"]
    one, two = (member.probabilities for member in found.members)
    wanted = 0.5 * sum(abs(one[name] - two[name]) for name in one)
    assert found.disagreement == pytest.approx(wanted)
    for name, value in found.probabilities.items():
        assert value == pytest.approx((one[name] + two[name]) / 2, abs=1e-6)
    assert found.heat is not None  # of the member that has a place in the picture


def test_a_member_of_a_loaded_ensemble_is_not_loaded_again(settings) -> None:
    fresh = Reader(settings)
    members = fresh.voice("both").cells.readers
    assert [fresh.voice(member.card.name).cells for member in members] == members


def test_another_outline_changes_what_reads_it_and_nothing_else(reader) -> None:
    names = [CLASSIFIER, "masked", "features"]
    mask, before = opinions(reader, IMAGE, names)
    y, x = np.mgrid[:120, :120]
    more = mask.nucleus | ((x - 60) ** 2 + (y - 60) ** 2 < 25**2)
    other = Segmentation(nucleus=more, cytoplasm=mask.cell & ~more)
    _, after = opinions(reader, IMAGE, names, other)
    for one, two, reads in zip(before, after, (False, True, True), strict=True):
        same = one.probabilities == pytest.approx(two.probabilities, abs=1e-6)
        assert same is not reads


def test_parts_grow_and_shrink_by_pixels() -> None:
    rows, columns = np.ogrid[:60, :60]
    apart = np.hypot(rows - 30, columns - 30)
    labels = np.where(apart <= 6, 2, np.where(apart <= 16, 1, 0)).astype(np.uint8)

    def reach(found, least: int) -> int:
        return int((found[30] >= least).sum() - 1) // 2

    assert reach(grown(labels, 4, "nucleus"), 2) == 10
    assert reach(grown(labels, -3, "nucleus"), 2) == 3
    assert reach(grown(labels, -3, "nucleus"), 1) == 16
    assert reach(grown(labels, 20, "nucleus"), 2) == 16  # within the cell
    assert reach(grown(labels, 4, "cytoplasm"), 1) == 20
    assert reach(grown(labels, 4, "cytoplasm"), 2) == 6
    assert reach(grown(labels, -12, "cytoplasm"), 2) == 4  # cut off with the cell
    assert not grown(labels, -30, "cytoplasm").any()
    assert not grown(np.zeros_like(labels), 5, "nucleus").any()
    np.testing.assert_array_equal(grown(labels, 0, "nucleus"), labels)
    with pytest.raises(MeasurementError, match="'background' was to grow by 2 pixels; nucleus or"):
        grown(labels, 2, "background")


def test_what_is_painted_goes_to_its_part() -> None:
    cell, nucleus = cell_shapes(40, 40)
    labels = np.where(nucleus, 2, cell).astype(np.uint8)
    painted = np.zeros((40, 40), bool)
    painted[:, 15:30] = True
    assert (repainted(labels, painted, "nucleus")[painted] == 2).all()
    assert (repainted(labels, painted, "background")[painted] == 0).all()
    ring = repainted(labels, painted, "cytoplasm")
    assert (ring[painted & ~nucleus] == 1).all()
    assert (ring[nucleus] == 2).all()
    np.testing.assert_array_equal(ring[~painted], labels[~painted])
    with pytest.raises(MeasurementError, match="one of nucleus, cytoplasm, background at the"):
        repainted(labels, painted, "halo")
    with pytest.raises(MeasurementError, match=r"\(20, 20\) pixels were painted"):
        repainted(labels, painted[:20, :20], "nucleus")


def test_a_member_would_name_its_top_class() -> None:
    member = Member("a", 0.5, {"Parabasal": 0.2, "Metaplastic": 0.8})
    assert member.label == "Metaplastic"
    assert Opinion("x", "refer", None, (), {}, None, (member,)).disagreement is None


def test_an_answer_is_timed_here(reader) -> None:
    assert 0 < milliseconds(reader, "features", IMAGE) < 10_000


def test_those_can_read_whose_weights_are_at_hand(settings) -> None:
    assert {card.name for card in readable(settings.weights)} == {
        CLASSIFIER, "masked", "features", "both",
    }  # fmt: skip
    (settings.weights / "masked" / "model.safetensors").rename(settings.weights / "aside")
    try:
        assert {card.name for card in readable(settings.weights)} == {CLASSIFIER, "features"}
    finally:
        (settings.weights / "aside").rename(settings.weights / "masked" / "model.safetensors")
    assert rows(settings) == []  # nothing was measured
