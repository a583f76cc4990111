from __future__ import annotations

import hashlib
import json
import shutil

import pytest

from cervix_models.data.importing import import_dataset, list_datasets, scan
from cervix_models.data.index import read_index
from cervix_models.errors import DataError
from tests.data import made


def test_an_import_keeps_an_index_and_leaves_the_images(tmp_path) -> None:
    root = made.sipakmed_crops(tmp_path / "crops")
    before = sorted(root.rglob("*"))
    report = import_dataset(root, tmp_path / "home")
    assert report.name == "sipakmed"
    assert report.folder == tmp_path / "home" / "datasets" / "sipakmed"
    assert sorted(root.rglob("*")) == before
    kept = read_index(report.folder)
    assert kept == report.index
    assert kept.counts["Superficial-Intermediate"] == 4
    assert (len(kept.cells), kept.clusters) == (20, 10)
    row = kept.rows[0]
    assert row.sha256 == hashlib.sha256((root / row.path).read_bytes()).hexdigest()
    assert (row.width, row.height, row.mask) == (40, 30, None)
    assert list_datasets(tmp_path / "home") == {"sipakmed": kept}


def test_dataset_json_says_what_was_found(tmp_path) -> None:
    report = import_dataset(made.sipakmed_full(tmp_path / "full"), tmp_path / "home")
    about = json.loads((report.folder / "dataset.json").read_text())
    assert about == {
        "source": "sipakmed",
        "root": str(tmp_path / "full"),
        "cells": 2,
        "clusters": 2,
        "fields": 2,
        "counts": {"Koilocytotic": 1, "Superficial-Intermediate": 1},
        "index_sha256": report.index.sha256,
    }


def test_every_file_is_counted_by_progress(tmp_path) -> None:
    seen = []
    scan(made.sipakmed_crops(tmp_path), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(number, 20) for number in range(1, 21)]


def test_any_folder_takes_its_own_name_or_the_one_given(tmp_path) -> None:
    made.save(tmp_path / "My cells (2024)" / "LSIL" / "a.png", 1)
    home = tmp_path / "home"
    assert import_dataset(tmp_path / "My cells (2024)", home).name == "my-cells-2024"
    assert import_dataset(tmp_path / "My cells (2024)", home, name="../Other").name == "other"
    assert sorted(list_datasets(home)) == ["my-cells-2024", "other"]
    with pytest.raises(DataError, match="has no letter or digit"):
        import_dataset(tmp_path / "My cells (2024)", home, name="../..")


def test_a_broken_file_stops_the_import_and_nothing_is_written(tmp_path) -> None:
    root, home = made.sipakmed_crops(tmp_path / "crops"), tmp_path / "home"
    cut = root / "Parabasal" / "001_01.jpg"
    cut.write_bytes(cut.read_bytes()[:200])
    (root / "Metaplastic" / "002_02.jpg").write_text("no picture")
    made.save(root / "Metaplastic" / "copy of cell.jpg", 99)
    with pytest.raises(DataError) as caught:
        import_dataset(root, home)
    message = str(caught.value)
    assert "3 of 20 files" in message
    assert "nothing was imported" in message
    assert "001_01.jpg: does not decode" in message
    assert "002_02.jpg: is no image" in message
    assert "copy of cell.jpg: the name should be NNN_MM" in message
    assert not home.exists()


def test_a_failed_import_leaves_the_index_of_before(tmp_path) -> None:
    root, home = made.sipakmed_crops(tmp_path / "crops"), tmp_path / "home"
    before = import_dataset(root, home).index
    (root / "Parabasal" / "001_01.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"1 of 20 files"):
        import_dataset(root, home)
    assert list_datasets(home) == {"sipakmed": before}


def test_a_long_list_of_broken_files_is_cut_with_a_count(tmp_path) -> None:
    root = made.sipakmed_crops(tmp_path, clusters=3)
    for path in root.rglob("*.jpg"):
        path.write_bytes(b"x")
    with pytest.raises(DataError) as caught:
        scan(root)
    lines = str(caught.value).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  and 10 more"


def test_a_missing_or_wrong_mask_is_named(tmp_path) -> None:
    root = made.herlev(tmp_path)
    folder = root / "normal_columnar"
    (folder / "149143370-149143378-001-d.png").unlink()
    made.save(folder / "149143370-149143378-002-d.png", 1)
    made.save(folder / "orphan-d.png", 1)
    with pytest.raises(DataError) as caught:
        scan(root)
    message = str(caught.value)
    assert "149143370-149143378-001-d is missing" in message
    assert "002-d.png holds the colour" in message
    assert "orphan-d.png: a mask without its image" in message


def test_a_mask_of_another_size_is_named(tmp_path) -> None:
    root = made.herlev(tmp_path)
    folder = root / "normal_columnar"
    made.save(folder / "209307421-209307597-001.png", 1, 41, 30)
    with pytest.raises(DataError, match=r"-001-d\.png: is 40 x 30, its image 41 x 30"):
        scan(root)


def test_a_lonely_or_broken_outline_is_named(tmp_path) -> None:
    root = made.sipakmed_full(tmp_path)
    (root / "im_Koilocytotic" / "im_Koilocytotic" / "012_nuc01.dat").unlink()
    other = root / "im_Superficial-Intermediate" / "im_Superficial-Intermediate"
    (other / "012_cyt01.dat").write_text("1,2\n")
    with pytest.raises(DataError) as caught:
        scan(root)
    assert "has only one of its two outlines" in str(caught.value)
    assert "has 1 usable points" in str(caught.value)


def test_a_field_named_by_crics_table_must_be_there(tmp_path) -> None:
    root = made.cric(tmp_path)
    (root / "008df697b9283d9ad4774096584d2efb.jpg").unlink()
    with pytest.raises(DataError, match=r"008df697.*in the table of nuclei, but missing"):
        scan(root)


def test_copies_share_a_cluster_so_that_no_split_parts_them(tmp_path) -> None:
    made.save(tmp_path / "set" / "LSIL" / "a.png", 1)
    made.save(tmp_path / "set" / "LSIL" / "b.png", 2)
    shutil.copy(tmp_path / "set" / "LSIL" / "a.png", tmp_path / "set" / "LSIL" / "c.png")
    report = import_dataset(tmp_path / "set", tmp_path / "home")
    assert [row.cluster for row in report.index.rows] == ["LSIL/a", "LSIL/b", "LSIL/a"]
    assert report.warnings[0].startswith("1 images are copies")


def test_a_changed_or_missing_index_is_refused(tmp_path) -> None:
    first = import_dataset(made.sipakmed_crops(tmp_path / "a"), tmp_path / "home")
    second = import_dataset(made.herlev(tmp_path / "b"), tmp_path / "home")
    shutil.copy(second.folder / "index.parquet", first.folder / "index.parquet")
    with pytest.raises(DataError, match=r"but its dataset\.json expects"):
        read_index(first.folder)
    (first.folder / "index.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="cannot be read"):
        read_index(first.folder)
    with pytest.raises(DataError, match="No data set is indexed in"):
        read_index(tmp_path)
