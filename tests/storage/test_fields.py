"""Whole fields: kept with their cells, apart from the worklist, and gone with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cervix_models.contracts import OnSlide, Place
from cervix_models.errors import StorageError
from tests.storage.samples import make_reading, make_verdict, stored, stored_field


def test_a_field_comes_back_with_its_cells_by_number(store) -> None:
    field = stored_field(store)
    assert store.field(field.id) == field
    rows = store.cells(field.id)
    assert [row.place.number for row in rows] == [1, 2, 3]
    assert [row.reading.id for row in rows] == ["reading-0102", "reading-0101", "reading-0100"]
    assert rows[0].place == Place(field.id, 1, 20, 40, 26.0, 46.0, 0.9)
    assert store.row("reading-0101").place == rows[1].place


def test_cells_of_fields_do_not_crowd_the_worklist(store) -> None:
    stored_field(store)
    single = stored(store)
    assert [row.reading.id for row in store.readings()] == [single.id]
    assert store.count() == 1
    assert store.row(single.id).place is None
    assert store.neighbours(single.id) == (None, None)


def test_fields_are_listed_newest_first(store) -> None:
    made = [stored_field(store, number) for number in range(3)]
    assert store.fields() == made[::-1]
    assert store.fields(limit=1, offset=1) == [made[1]]


def test_parts_of_a_slide_are_found_by_it(store) -> None:
    first = stored_field(store, 0, cells=1, on_slide=OnSlide("a" * 64, 4000, 200))
    second = stored_field(store, 1, cells=1, on_slide=OnSlide("a" * 64, 0, 0))
    other = stored_field(store, 2, cells=1, on_slide=OnSlide("b" * 64, 0, 0))
    alone = stored_field(store, 3, cells=1)
    assert store.fields(slide="a" * 64) == [second, first]
    assert store.fields(slide="c" * 64) == []
    assert store.fields() == [alone, other, second, first]


def test_a_cell_of_a_field_takes_verdicts_like_any_reading(store) -> None:
    field = stored_field(store)
    store.add_verdict("reading-0101", make_verdict())
    assert [row.verdict for row in store.cells(field.id)] == [None, make_verdict(), None]


def test_a_field_is_kept_whole_or_not_at_all(store) -> None:
    field = stored_field(store, cells=1)
    lost = make_reading(7, image_sha256="e" * 64)
    with pytest.raises(StorageError, match="eeee"):
        store.add_field(replace(field, id="other"), [(lost, Place("other", 1, 0, 0, 1, 1, 1.0))])
    assert [each.id for each in store.fields()] == [field.id]
    with pytest.raises(StorageError, match="is already stored"):
        store.add_field(field, [])


def test_a_field_goes_with_its_cells_and_their_pictures(store) -> None:
    field, other = stored_field(store, 0), stored_field(store, 1)
    shared = store.row("reading-0200").reading.mask_sha256  # the mask of all made cells
    named = {store.row("reading-0101").reading.image_sha256, field.image_sha256}
    store.delete_field(field.id)
    assert store.fields() == [other]
    assert not any(store.has_blob(each) for each in named)
    assert store.has_blob(shared)
    with pytest.raises(StorageError, match="No reading has the id 'reading-0101'"):
        store.row("reading-0101")


@pytest.mark.parametrize("ask", ["field", "cells", "delete_field"])
def test_an_unknown_field_is_answered_with_a_sentence(store, ask) -> None:
    with pytest.raises(StorageError, match="No field has the id 'gone'"):
        getattr(store, ask)("gone")
