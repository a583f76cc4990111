"""Cells of the atlas: chosen by what was said of them, the same each time, and measured."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import is_marked
from cervix_models.data.pictures import pixels_of
from cervix_models.data.table import load_table
from cervix_models.errors import DataError
from cervix_models.evaluation.held_out import load_held_out
from cervix_models.services.atlas import EXAMPLES, KINDS, Atlas, choose
from cervix_models.services.defaults import CLASSIFIER
from tests import tiny
from tests.made_atlas import atlas_data, use_table

FIRST, SECOND = CLASS_NAMES[:2]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return atlas_data(tmp_path_factory.mktemp("atlas"))


@pytest.fixture
def atlas(data, monkeypatch) -> Atlas:
    use_table(monkeypatch, data[1])
    return Atlas(data[0])


def test_hardest_are_the_wrong_ones_the_most_wrong_first(atlas) -> None:
    hardest = atlas.examples()[FIRST]["hardest"]
    assert [each.said for each in hardest] == [SECOND, SECOND]
    assert [each.margin for each in hardest] == pytest.approx([-0.85, -0.3])
    assert (hardest[0].probability, hardest[0].own) == pytest.approx((0.9, 0.05))
    assert hardest[0].rival == SECOND
    assert atlas.examples()[SECOND]["hardest"] == ()


def test_borderline_are_nearest_to_a_toss_up_and_right(atlas) -> None:
    borderline = atlas.examples()[FIRST]["borderline"]
    assert (borderline[0].said, borderline[0].rival) == (FIRST, SECOND)
    assert borderline[0].margin == pytest.approx(0.05)
    assert [each.margin for each in borderline] == sorted(each.margin for each in borderline)


def test_typical_are_sure_near_the_middle_and_one_a_cluster(atlas, data) -> None:
    table = load_table(data[1])
    for name in CLASS_NAMES:
        typical = atlas.examples()[name]["typical"]
        assert len(typical) == EXAMPLES
        assert len({each.cluster for each in typical}) == EXAMPLES
        assert {each.said for each in typical} == {name}
        of_class = table.features[table.labels == CLASS_NAMES.index(name)]
        away = np.abs(of_class - np.median(of_class, axis=0)).mean(axis=1)
        chosen = table.features[table.at([each.sha256 for each in typical])]
        near = np.abs(chosen - np.median(of_class, axis=0)).mean(axis=1)
        assert near.mean() < np.median(away)


def test_no_cell_is_an_example_twice_and_every_class_has_all_kinds(atlas) -> None:
    chosen = atlas.examples()
    assert tuple(chosen) == CLASS_NAMES
    for name, kinds in chosen.items():
        assert tuple(kinds) == KINDS
        every = [each for some in kinds.values() for each in some]
        assert len({each.sha256 for each in every}) == len(every)
        assert {each.label for each in every} == {name}
        assert all(each.kind == kind for kind, some in kinds.items() for each in some)


def test_the_choice_is_the_same_each_time_whatever_the_order_of_cells(atlas, data) -> None:
    held = load_held_out(CLASSIFIER, data[0].weights)
    back = np.arange(len(held["labels"]))[::-1]
    turned = {
        key: [value[at] for at in back] if key == "sha256" else value[back]
        for key, value in held.items()
        if key != "classes"
    }
    assert choose(turned, load_table(data[1]), EXAMPLES) == atlas.examples()
    assert Atlas(data[0]).examples() == atlas.examples()


def test_a_cell_that_was_not_measured_is_typical_only_where_no_other_is(data) -> None:
    held = load_held_out(CLASSIFIER, data[0].weights)
    table = load_table(data[1])
    some = np.arange(0, len(table.sha256), 2)
    part = replace(
        table, sha256=tuple(table.sha256[at] for at in some), labels=table.labels[some],
        features=table.features[some],
    )  # fmt: skip
    for kinds in choose(held, part, EXAMPLES).values():
        assert {each.sha256 for each in kinds["typical"]} <= set(part.sha256)


def test_pictures_are_those_of_the_examples(atlas, data, tmp_path) -> None:
    found = atlas.pictures()
    wanted = {e.sha256 for k in atlas.examples().values() for some in k.values() for e in some}
    assert set(found) == wanted
    assert Atlas(replace(data[0], home=tmp_path)).pictures() == {}


def test_a_cell_has_the_outlines_at_its_own_size_and_its_row_of_the_table(atlas, data) -> None:
    example = atlas.examples()[SECOND]["typical"][0]
    picture = atlas.pictures()[example.sha256]
    cell = atlas.cell(example, picture)
    assert cell.size == (example.width, example.height) == (40, 30)
    assert cell.outlines.nucleus.sum() == pytest.approx(40 * 30 / 16, rel=0.2)
    assert not (cell.outlines.nucleus & cell.outlines.cytoplasm).any()
    table = load_table(data[1])
    row = table.features[table.at([example.sha256])[0]]
    assert cell.values["nucleus_area"] == pytest.approx(row[table.names.index("nucleus_area")])
    assert not cell.drawn


def test_a_measurement_stands_beside_its_class(atlas, data) -> None:
    example = atlas.examples()[SECOND]["typical"][0]
    cell = atlas.cell(example, atlas.pictures()[example.sha256])
    found = atlas.measured(cell, ["nucleus_area", "no_such_feature"])
    assert set(found) == {"nucleus_area"}
    table = load_table(data[1])
    column = table.features[table.labels == 1, table.names.index("nucleus_area")]
    each = found["nucleus_area"]
    assert (each.low, each.high) == pytest.approx(tuple(np.percentile(column, (5, 95))), rel=1e-3)
    assert each.value == cell.values["nucleus_area"]
    below = (column < np.float32(each.value)).sum()
    assert each.percentile == pytest.approx(100 * (below + 0.5) / len(column))


def test_a_drawn_cell_is_marked_and_has_the_range_of_its_class_alone(atlas) -> None:
    cell = atlas.drawn(SECOND)
    assert cell.drawn
    assert cell.values == {}
    height, width = pixels_of(cell.picture, "RGB").shape[:2]
    assert cell.size == (width, height)
    with Image.open(io.BytesIO(cell.picture)) as opened:
        assert is_marked(opened)
    found = atlas.measured(cell, ["nucleus_area"])["nucleus_area"]
    assert (found.value, found.percentile) == (None, None)
    assert found.low < found.high


def test_what_was_mixed_up_is_counted(atlas) -> None:
    mixed = atlas.mixed(FIRST, SECOND)
    assert (mixed.one_as_other, mixed.ones) == (2, 24)
    assert (mixed.other_as_one, mixed.others) == (0, 24)


def test_what_parts_two_classes_comes_from_the_table(atlas) -> None:
    found = atlas.apart(FIRST, CLASS_NAMES[4])
    assert len(found) == 3
    assert all(each.larger < 0.1 for each in found)  # four deviations lie between them


def test_without_a_measured_classifier_there_are_no_examples(tmp_path) -> None:
    with pytest.raises(DataError, match=r"held_out\.npz is missing"):
        Atlas(tiny.settings_in(tmp_path)).examples()
