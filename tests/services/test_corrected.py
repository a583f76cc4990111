from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cervix_models.contracts import OnSlide, Verdict
from cervix_models.data.importing import import_dataset, list_datasets
from cervix_models.data.packed import load_packed
from cervix_models.errors import DataError, RoleError
from cervix_models.people import Person, acting_as
from cervix_models.services.corrected import Corrected
from cervix_models.storage import open_store
from tests.data.made import sipakmed_crops
from tests.fakes import png
from tests.storage.samples import NOON, cell_labels, make_reading, make_revision, stored
from tests.tiny import settings_in


def picture(seed: int) -> np.ndarray:
    """A picture unlike those of other seeds."""
    random = np.random.default_rng(seed)
    return random.integers(0, 255, (6, 8, 3)).astype(np.uint8).repeat(20, 0).repeat(20, 1)


@pytest.fixture
def corrected(tmp_path: Path) -> Iterator[Corrected]:
    settings = settings_in(tmp_path)
    import_dataset(sipakmed_crops(tmp_path / "s"), settings.home)
    store = open_store(settings)
    yield Corrected(store, settings)
    store.close()


def read(corrected: Corrected, number: int, **changed: object) -> str:
    """The id of a stored reading of a picture of its own."""
    sha256 = corrected.store.put_blob(png(picture(number)))
    return stored(corrected.store, number, image_sha256=sha256, **changed).id


def judge(corrected: Corrected, reading: str, kind: str, label: str | None = None) -> None:
    corrected.store.add_verdict(reading, Verdict(kind, label, "A remark.", "ada", NOON))


def redraw(corrected: Corrected, reading: str) -> None:
    mask = corrected.store.put_blob(png(cell_labels()))
    corrected.store.add_revision(reading, make_revision(mask_sha256=mask, author="bob"))


def test_what_persons_said_becomes_a_set_with_its_origins(corrected: Corrected) -> None:
    agreed, other, drawn = (read(corrected, number) for number in range(3))
    judge(corrected, agreed, "agree")
    judge(corrected, other, "correct", "Parabasal")
    redraw(corrected, other)
    redraw(corrected, drawn)
    read(corrected, 3)  # nobody said anything of it
    judge(corrected, read(corrected, 4), "refer")
    judge(corrected, read(corrected, 5, sample=True), "correct", "Parabasal")
    with acting_as(Person("eve", ("admin",))):
        made = corrected.make("From readings", agreed=True)
    assert made.names == ("from-readings", "from-readings-outlines")
    assert (made.found.with_class, made.found.with_outlines, made.found.left_out) == (2, 2, 0)
    home = corrected.settings.home
    sets = list_datasets(home)
    assert sets["from-readings"].source == "corrected"
    assert sets["from-readings"].counts == {"Koilocytotic": 1, "Parabasal": 1}
    packed = load_packed(home / "from-readings.npz")
    assert sorted(zip(packed.source, packed.classes, packed.has_mask.tolist(), strict=True)) == [
        ("corrected", "Koilocytotic", False), ("corrected", "Parabasal", True),
        ("outlined", "", True),
    ]  # fmt: skip
    assert len(set(packed.clusters)) == 3
    origins = json.loads((home / "datasets/from-readings/origins.json").read_text())
    assert origins["made_by"] == "eve"
    told = {each["reading"]: each for each in origins["cells"]}[other]
    assert (told["verdict"]["author"], told["outlines"]["author"]) == ("ada", "bob")
    assert told["read_as"] == "Koilocytotic"
    assert told["models"][0]["sha256"] == "c" * 64
    assert "remark" not in json.dumps(origins).lower()
    assert "dataset.corrected" in [each.action for each in corrected.store.audit.entries()]


def test_a_cell_that_models_are_measured_on_is_left_out(corrected: Corrected) -> None:
    index = list_datasets(corrected.settings.home)["sipakmed"]
    known = corrected.store.put_blob((index.root / index.rows[0].path).read_bytes())
    reading = make_reading(7, image_sha256=known)
    corrected.store.add_reading(reading)
    judge(corrected, reading.id, "agree")
    with pytest.raises(DataError, match="None of 1 corrected readings"):
        corrected.make("known", agreed=True)
    judge(corrected, read(corrected, 8), "agree")
    assert corrected.make("known", agreed=True).found.left_out == 1


def test_cells_of_a_field_share_a_cluster_and_fields_of_a_slide_too(corrected: Corrected) -> None:
    from tests.storage.samples import stored_field

    for number, slide in ((0, None), (1, OnSlide("5" * 40, 0, 0)), (2, OnSlide("5" * 40, 900, 0))):
        stored_field(corrected.store, number, cells=1, on_slide=slide)
    for field in corrected.store.fields():
        for row in corrected.store.cells(field.id):
            judge(corrected, row.reading.id, "agree")
    clusters = [each.cluster for each in corrected._cells()]
    assert len(clusters) == 3
    assert {each.split("-")[0] for each in clusters} == {"field", "slide"}
    assert clusters.count(f"slide-{'5' * 24}") == 2


def test_a_picture_that_was_read_twice_is_taken_once(corrected: Corrected) -> None:
    for number in (1, 2):
        sha256 = corrected.store.put_blob(png(picture(1)))
        reading = stored(corrected.store, number, image_sha256=sha256).id
        judge(corrected, reading, "correct", ("Parabasal", "Metaplastic")[number - 1])
    made = corrected.make("once", agreed=True)
    assert load_packed(made.packed).classes == ("Metaplastic",)


def test_without_a_yes_or_a_free_name_nothing_is_made(corrected: Corrected) -> None:
    judge(corrected, read(corrected, 1), "agree")
    with pytest.raises(DataError, match="Nobody said that these pictures may be learned from"):
        corrected.make("mine", agreed=False)
    corrected.make("mine", agreed=True)
    with pytest.raises(DataError, match="There is a set 'mine' already"):
        corrected.make("mine", agreed=True)


def test_without_the_cells_that_are_measured_on_nothing_is_made(
    corrected: Corrected, tmp_path: Path
) -> None:
    judge(corrected, read(corrected, 1), "agree")
    bare = Corrected(corrected.store, replace(corrected.settings, home=tmp_path / "bare"))
    with pytest.raises(DataError, match=r"Neither cells160\.npz nor sipakmed is here"):
        bare.make("mine", agreed=True)


def test_only_an_administrator_makes_a_set(corrected: Corrected) -> None:
    with acting_as(Person("bob", ("pathologist",))):
        for call in (corrected.count, lambda: corrected.make("a", agreed=True)):
            with pytest.raises(RoleError):
                call()
