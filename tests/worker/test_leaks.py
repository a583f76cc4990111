"""Where made cells come from, as their marks say, and what is refused."""

from __future__ import annotations

import pytest
from PIL import Image

from cervix_models.data.importing import import_dataset
from cervix_models.data.marks import about_of, mark_synthetic
from cervix_models.errors import DataError
from cervix_models.evaluation.leak_check import Leak, Origin
from cervix_models.worker.leaks import origins_of, refuse
from tests import tiny
from tests.fakes import drawn_cell

TURNED = "Cell turned into Parabasal by cyclegan (0123456789ab) from abcdefabcdef"
MADE = "Parabasal cell made by cgan (ba9876543210), seed 1, number 2"


@pytest.fixture
def settings(tmp_path):
    """An installation with an imported folder of a real cell and two made ones a class."""
    made = tiny.settings_in(tmp_path)
    for label in ("a", "b"):
        folder = tmp_path / "set" / label
        folder.mkdir(parents=True)
        for seed, about in enumerate((TURNED, MADE)):
            cell = drawn_cell(80, seed + 10 * (label == "b"))
            (folder / f"{seed}.png").write_bytes(mark_synthetic(cell, about))
        Image.fromarray(drawn_cell(80, 5 + 10 * (label == "b"))).save(folder / "real.png")
    import_dataset(tmp_path / "set", made.home, name="mine")
    return made


def test_marks_tell_what_cells_were_made_of(settings) -> None:
    from cervix_models.data.importing import list_datasets

    rows = list_datasets(settings.home)["mine"].cells
    found = origins_of(tuple(row.sha256 for row in rows), settings)
    by_name = {row.path: found.get(row.sha256) for row in rows}
    assert by_name["a/0.png"] == Origin("abcdefabcdef", "0123456789ab")
    assert by_name["a/1.png"] == Origin(None, "ba9876543210")
    assert by_name["a/real.png"] is None
    assert origins_of(("0" * 64,), settings) == {}


def test_a_picture_without_a_mark_says_nothing(settings) -> None:
    folder = settings.home.parent / "set" / "a"
    with Image.open(folder / "1.png") as made, Image.open(folder / "real.png") as real:
        assert about_of(made) == MADE
        assert about_of(real) is None


def test_near_copies_alone_may_be_accepted() -> None:
    near = Leak("near_duplicate", 0, 3, ("a",))
    cluster = Leak("cluster", 1, 2, ("b", "c"))
    refuse([], accepts=False)
    refuse([near], accepts=True)
    with pytest.raises(DataError, match=r"Fold 0: 3 held-out cells[\s\S]*Or accept nearly equal"):
        refuse([near], accepts=False)
    with pytest.raises(DataError, match=r"cells of one cluster") as refused:
        refuse([near, cluster], accepts=True)
    assert "Fold 0" not in str(refused.value)
    assert "Or accept" not in str(refused.value)
