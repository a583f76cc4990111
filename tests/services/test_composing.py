"""Fields of steered cells: as many as asked, marked, the same again, packed with the truth."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image as Pictures

from cervix_models.__main__ import main
from cervix_models.data.fields import load_fields
from cervix_models.data.marks import is_marked
from cervix_models.errors import DataError
from cervix_models.services.composing import archive_of_field, made_field, made_fields
from cervix_models.services.steering import Steering
from tests.made_cells import NoCopies
from tests.services.test_steering import AsAsked

COUNTS = {"Parabasal": 2, "Koilocytotic": 1, "Metaplastic": 0}


@pytest.fixture
def steering(triage) -> Steering:
    service = Steering(triage)
    service._makers["cellflux"] = (AsAsked(), NoCopies(), "a" * 12)
    return service


def test_a_field_has_the_cells_that_were_asked_for(steering) -> None:
    told: list[tuple[int, int]] = []
    field = made_field(steering, "cellflux", COUNTS, 5, lambda *done: told.append(done))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert sorted(field.truth.classes) == ["Koilocytotic", "Parabasal", "Parabasal"]
    assert is_marked(Pictures.open(io.BytesIO(field.png)))
    again = made_field(steering, "cellflux", COUNTS, 5)
    assert again.png == field.png
    assert made_field(steering, "cellflux", COUNTS, 6).png != field.png
    wishes = steering.maker("cellflux")[0].wishes
    assert all(wish.size is not None and wish.control.any() for wish in wishes)
    # what was made after the outlines lies where the truth says: dark nuclei, grey bodies
    kern = field.truth.nuclei > 0
    body = (field.truth.cells > 0) & ~kern
    assert np.median(field.truth.image[kern]) == 60
    assert np.median(field.truth.image[body]) == 170


def test_fields_for_training_are_of_classes_drawn_at_random(steering) -> None:
    told: list[tuple[int, int]] = []
    fields = list(made_fields(steering, "cellflux", 3, 4, 7, lambda *done: told.append(done)))
    assert [len(each.classes) for each in fields] == [4, 4, 4]
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert len({each.classes for each in fields}) > 1
    again = next(made_fields(steering, "cellflux", 1, 4, 7))
    assert (again.image == fields[0].image).all()
    with pytest.raises(DataError, match="0 fields were asked for"):
        next(made_fields(steering, "cellflux", 0, 4, 7))


def test_the_command_composes_fields(steering, monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr("cervix_models.services.triage.open_triage", lambda: steering.triage)
    monkeypatch.setattr("cervix_models.services.steering.Steering", lambda _: steering)
    out = tmp_path / "made.npz"
    assert main(["data", "compose", "--fields", "2", "--cells", "3", "--out", str(out)]) == 0
    assert "made.npz: " in capsys.readouterr().out
    fields = load_fields(out)
    assert (len(fields), fields.made_by) == (2, "cellflux")


def test_the_archive_says_which_number_is_which_class(steering) -> None:
    field = made_field(steering, "cellflux", COUNTS, 5)
    with zipfile.ZipFile(io.BytesIO(archive_of_field(field))) as packed:
        manifest = json.loads(packed.read("manifest.json"))
        cells = np.asarray(Pictures.open(io.BytesIO(packed.read("cells.png"))))
        assert packed.read("field.png") == field.png
        assert "nuclei.png" in packed.namelist()
    assert manifest["synthetic"] is True
    assert list(manifest["classes"].values()) == list(field.truth.classes)
    assert (cells == field.truth.cells).all()


@pytest.mark.parametrize("count", [0, 31])
def test_too_few_and_too_many_cells_are_refused(steering, count) -> None:
    with pytest.raises(DataError, match=f"A field of {count} cells was asked for; 1 to 30"):
        made_field(steering, "cellflux", {"Parabasal": count}, 1)
