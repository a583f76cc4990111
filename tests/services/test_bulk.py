"""A folder read into one table: what is in it, and that nothing is read twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from cervix_models.__main__ import main
from cervix_models.cards import load_card
from cervix_models.contracts import NOTICE
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.samples import sample_cells
from cervix_models.errors import DataError
from cervix_models.services import bulk
from cervix_models.services.bulk import Job, read_folder
from cervix_models.services.defaults import CLASSIFIER, SEGMENTER
from cervix_models.settings import ROOT
from tests import tiny
from tests.fakes import drawn_cell


@pytest.fixture
def folder(tmp_path) -> Path:
    """Seventy drawn cells, in a folder and one below, with what is no cell beside them."""
    home = tmp_path / "cells"
    (home / "deeper").mkdir(parents=True)
    for number in range(70):
        where = home if number % 2 else home / "deeper"
        Image.fromarray(drawn_cell(60, number)).save(where / f"cell{number:02}.png")
    (home / "notes.txt").write_text("no picture")
    (home / ".hidden.png").write_bytes(b"")
    return home


def _run(folder: Path, settings, **changed) -> tuple[pd.DataFrame, bulk.Counted, list[int]]:
    job = Job(folder, folder.parent / "table.parquet", **changed)
    steps: list[int] = []
    counted = read_folder(job, settings, lambda done, _: steps.append(done))
    assert not job.parts.exists()
    return pd.read_parquet(job.out), counted, steps


@pytest.fixture
def counting(monkeypatch) -> list[str]:
    """The names of all files that are read, one entry a reading."""
    seen: list[str] = []
    once = bulk.read_rows

    def counted(worker, pictures):
        seen.extend(Path(name).name for name, _ in pictures)
        return once(worker, pictures)

    monkeypatch.setattr(bulk, "read_rows", counted)
    return seen


def test_every_picture_gets_a_row(folder, tiny_models) -> None:
    (folder / "broken.png").write_bytes(b"\x89PNG no more")
    table, counted, steps = _run(folder, tiny_models)
    assert len(table) == 71
    assert steps == [0, 32, 64, 71]
    assert list(table["file"]) == sorted(table["file"])
    assert {"deeper/cell00.png", "cell01.png", "broken.png"} <= set(table["file"])
    assert (counted.read, counted.refused) == (71, 1)
    assert counted.named + counted.referred == 70
    broken = table.set_index("file").loc["broken.png"]
    assert broken["decision"] == "refused"
    assert "broken.png" in broken["reasons"]
    read = table[table["decision"] != "refused"]
    assert set(table["notice"]) == {NOTICE}
    assert read["nucleus_area"].notna().any()
    known = read.dropna(subset=[f"probability_{name}" for name in CLASS_NAMES])
    assert len(known) > 0
    total = known[[f"probability_{name}" for name in CLASS_NAMES]].sum(axis=1)
    assert total.to_numpy() == pytest.approx(1)
    for name in (CLASSIFIER, SEGMENTER):
        assert load_card(name, tiny_models.weights).weights_sha256 in table["models"][0]


def test_it_says_what_a_single_reading_says(folder, tiny_models) -> None:
    table = _run(folder, tiny_models)[0].set_index("file")
    from cervix_models.services.reader import Reader

    finding = Reader(tiny_models).read(drawn_cell(60, 3))
    row = table.loc["cell03.png"]
    assert row["decision"] == finding.decision
    assert (row["label"] or None) == finding.label
    for name, value in finding.features.items():
        assert row[name] == pytest.approx(value, rel=1e-5)


def test_nothing_is_read_twice(folder, tiny_models, counting) -> None:
    _run(folder, tiny_models)
    assert len(counting) == 70
    counting.clear()
    _, counted, _ = _run(folder, tiny_models)
    assert (counting, counted.read, counted.named + counted.referred) == ([], 0, 70)
    Image.fromarray(drawn_cell(60, 99)).save(folder / "new.png")
    Image.fromarray(drawn_cell(60, 98)).save(folder / "cell01.png")  # changed
    (folder / "cell03.png").unlink()
    before = pd.read_parquet(folder.parent / "table.parquet").set_index("file")
    table, counted, _ = _run(folder, tiny_models)
    assert sorted(counting) == ["cell01.png", "new.png"]
    assert (len(table), counted.read) == (70, 2)
    after = table.set_index("file")
    assert after.loc["cell01.png", "file_sha256"] != before.loc["cell01.png", "file_sha256"]
    assert "cell03.png" not in after.index


def test_a_stopped_run_goes_on(folder, tiny_models, counting, monkeypatch) -> None:
    whole, part = bulk._read_part, iter(range(2))

    def stopping(files):
        if next(part, None) is None:
            raise KeyboardInterrupt
        return whole(files)

    monkeypatch.setattr(bulk, "_read_part", stopping)
    job = Job(folder, folder.parent / "table.parquet")
    with pytest.raises(KeyboardInterrupt):
        read_folder(job, tiny_models, lambda *_: None)
    assert len(counting) == 64
    assert not job.out.exists()
    monkeypatch.setattr(bulk, "_read_part", whole)
    table, counted, steps = _run(folder, tiny_models)
    assert len(table) == 70
    assert (counted.read, steps) == (6, [64, 70])
    assert sorted(counting) == sorted({*counting})


@pytest.fixture
def command(tiny_models, tmp_path):
    """The start of a command line that reads with the small models, also in processes that it
    spawns: they run the same script again, under another name."""
    script = tmp_path / "small.py"
    script.write_text(
        "from tests.tiny import register_outliner\n\nregister_outliner()\n"
        'if __name__ == "__main__":\n'
        "    from cervix_models.__main__ import main\n\n    raise SystemExit(main())\n"
    )
    surroundings = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "CERVIX_HOME": str(tiny_models.home),
        "CERVIX_WEIGHTS": str(tiny_models.weights),
        "CERVIX_CACHE": str(tiny_models.cache),
        "CERVIX_THREADS": "1",
    }
    return [sys.executable, str(script), "read", "--classifier", CLASSIFIER], surroundings


def test_a_killed_run_goes_on(folder, tmp_path, command) -> None:
    asked, surroundings = command
    out = tmp_path / "t.parquet"
    asked = [*asked, str(folder), "--out", str(out), "--processes", "1"]
    running = subprocess.Popen(asked, env=surroundings)
    parts = out.with_name(out.name + ".parts")
    for _ in range(2400):
        if list(parts.glob("*.parquet")) or running.poll() is not None:
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    kept = {path: path.stat().st_mtime_ns for path in parts.glob("*.parquet")}
    assert kept
    known = {name for path in kept for name in pd.read_parquet(path)["file"]}
    done = subprocess.run(asked, env=surroundings, capture_output=True, text=True, check=True)
    assert f"{70 - len(known)} of them read now" in done.stdout
    assert len(pd.read_parquet(out)) == 70


def test_several_processes_read_what_one_reads(folder, tmp_path, tiny_models, command) -> None:
    asked, surroundings = command
    out = tmp_path / "several.parquet"
    asked = [*asked, str(folder), "--out", str(out), "--processes", "2"]
    subprocess.run(asked, env=surroundings, check=True)
    pd.testing.assert_frame_equal(_run(folder, tiny_models)[0], pd.read_parquet(out), rtol=1e-4)


def test_generated_cells_are_refused(tmp_path, tiny_models) -> None:
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells/drawn.png").write_bytes(sample_cells()[0][2])
    table, counted, _ = _run(tmp_path / "cells", tiny_models)
    assert (counted.refused, table["label"][0]) == (1, None)
    assert "mark of a generated picture" in table["reasons"][0]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"folder": Path("nowhere")}, "nowhere is not a folder"),
        ({"out": Path("table.csv")}, "table.csv; a name that ends in .parquet"),
        ({"processes": 0}, "0 processes were asked for"),
    ],
)
def test_a_wrong_job_is_refused(folder, tiny_models, changed, sentence) -> None:
    job = replace(Job(folder, folder.parent / "table.parquet"), **changed)
    with pytest.raises(DataError, match=sentence):
        read_folder(job, tiny_models, lambda *_: None)


def test_a_folder_without_pictures_is_refused(tmp_path, tiny_models, capsys, monkeypatch) -> None:
    monkeypatch.setenv("CERVIX_WEIGHTS", str(tiny_models.weights))
    (tmp_path / "empty").mkdir()
    assert main(["read", str(tmp_path / "empty"), "--out", str(tmp_path / "t.parquet")]) == 2
    assert "empty holds no picture" in capsys.readouterr().err


def test_a_table_of_another_kind_or_of_other_weights_is_kept(folder, tiny_models) -> None:
    out = folder.parent / "table.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(out)
    with pytest.raises(DataError, match="is no table of readings: it lacks decision, file,"):
        _run(folder, tiny_models)
    out.write_bytes(b"no table")
    with pytest.raises(DataError, match="cannot be read as a table"):
        _run(folder, tiny_models)
    out.unlink()
    _run(folder, tiny_models)
    table = pd.read_parquet(out)
    table.assign(models="classifier other@1:abc").to_parquet(out)
    with pytest.raises(DataError, match=r"read by other weights \(classifier other@1:abc\)"):
        _run(folder, tiny_models)
    assert len(pd.read_parquet(out)) == 70


def test_another_classifier_reads(folder, tmp_path) -> None:
    own = tiny.save_defaults(tmp_path / "own")
    tiny.save_tiny(own.weights, tiny.recipe("cnn", name="other", views=1), seed=3)
    table = _run(folder, own, classifier="other")[0]
    assert "classifier other@" in table["models"][0]
