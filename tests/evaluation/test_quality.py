from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Pictures

from cervix_models.data.importing import scan
from cervix_models.evaluation.quality import (
    MEASURES,
    copies,
    drifts,
    known_in,
    measured,
    measures_of,
    near_copies,
    small_of,
    stability_index,
)
from tests.fakes import drawn_cell


def write(folder: Path, count: int = 4, first: int = 0) -> Path:
    """A folder of classes of drawn cells."""
    for number in range(count):
        path = folder / ("benign", "malignant")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng(first + number)
        cell = drawn_cell(80, first + number).astype(int)
        top, left = random.integers(5, 40, 2)
        cell[top : top + 30, left : left + 25] = random.integers(0, 255, 3)
        cell[60:, :30] = random.integers(0, 255, 3)
        Pictures.fromarray(cell.astype(np.uint8)).save(path)
    return folder


def silent(_done: int, _total: int) -> None:
    """Hears nothing."""


def test_each_picture_is_measured(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    table, small = measured(scan(write(tmp_path / "set")), lambda *each: told.append(each))
    assert set(MEASURES) <= set(table.columns)
    assert table["label"].tolist() == ["benign", "benign", "malignant", "malignant"]
    assert small.shape == (4, 32, 32, 3)
    assert told[-1] == (4, 4)


def test_the_measures_of_known_pictures() -> None:
    red = np.zeros((40, 90, 3), np.uint8)
    red[..., 0] = 255
    found = measures_of(red)
    assert (found["red"], found["green"], found["blue"]) == (1.0, 0.0, 0.0)
    assert found["side"] == pytest.approx(60)
    assert small_of(red).tolist()[0][0] == [255, 0, 0]


def test_equal_and_nearly_equal_pictures_are_told_apart(tmp_path: Path) -> None:
    folder = write(tmp_path / "set", 6)
    shutil.copy(folder / "benign" / "0.png", folder / "malignant" / "copy.png")
    with Pictures.open(folder / "benign" / "2.png") as opened:
        opened.rotate(90).save(folder / "benign" / "turned.jpg", quality=80)
    table, small = measured(scan(folder), silent)
    assert copies(table) == [["benign/0.png", "malignant/copy.png"]]
    assert near_copies(table, small) == [("benign/2.png", "benign/turned.jpg")]


def test_pictures_that_another_set_has_are_found(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", 4), write(tmp_path / "other", 3, first=50)
    with Pictures.open(one / "malignant" / "1.png") as opened:
        opened.resize((70, 70)).save(other / "benign" / "again.png")
    tables = [measured(scan(each), silent) for each in (one, other)]
    ((here, there),) = known_in(tables[0][1], tables[1][1])
    assert tables[0][0]["path"][here] == "malignant/1.png"
    assert tables[1][0]["path"][there] == "benign/again.png"


def test_drift_is_of_what_moved() -> None:
    random = np.random.default_rng(0)
    theirs = pd.DataFrame({name: random.normal(size=800) for name in MEASURES})
    ours = pd.DataFrame({name: random.normal(size=600) for name in MEASURES})
    ours["blue"] += 2
    first, *rest = drifts(ours, theirs)
    assert (first.measure, first.words) == ("blue", "much")
    assert first.ks > 0.6
    assert first.p < 1e-6
    assert {each.words for each in rest} == {"little"}


def test_the_stability_index() -> None:
    values = np.arange(1000.0)
    assert stability_index(values, values) == pytest.approx(0)
    half = np.where(values < 500, values, values - 500)  # twice as many in the lower half
    wanted = 5 * 0.1 * np.log(2) + 5 * (0.1 - 1e-4) * np.log(0.1 / 1e-4)
    assert stability_index(half, values) == pytest.approx(wanted, rel=0.01)
    assert stability_index(np.ones(5), np.ones(9)) == pytest.approx(0)
    assert stability_index(np.zeros(5), np.ones(9)) > 1
    assert stability_index(np.full(5, 80.0), np.ones(9)) > 1
