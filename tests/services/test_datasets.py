from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cervix_models.cards import load_card, write_card
from cervix_models.data.importing import import_dataset, list_datasets
from cervix_models.data.packed import pack
from cervix_models.errors import DataError, JobError, RoleError
from cervix_models.people import Person, acting_as
from cervix_models.services.datasets import DataSets
from cervix_models.services.set_imports import ImportWish, import_set
from cervix_models.services.set_quality import report_on, small_pictures
from cervix_models.settings import Settings
from cervix_models.storage import open_store
from cervix_models.tasks import NewJob
from tests.data.made import save, sipakmed_crops
from tests.evaluation.test_quality import write
from tests.made_runs import make_run
from tests.tiny import settings_in


@pytest.fixture
def datasets(tmp_path: Path) -> Iterator[DataSets]:
    settings = settings_in(tmp_path)
    settings.imports.mkdir(parents=True)
    store = open_store(settings)
    yield DataSets(store, settings)
    store.close()


def silent(_done: float, _words: str) -> None:
    """Hears nothing."""


def zip_of(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for each in sorted(folder.rglob("*.*")):
            archive.write(each, each.relative_to(folder).as_posix())
    return path


def imported(settings: Settings, name: str = "tissue") -> dict[str, object]:
    write(settings.imports / name, 6)
    return import_set(settings, ImportWish(name, name), silent)


def test_a_folder_of_the_server_is_imported_and_measured(datasets: DataSets) -> None:
    settings, told = datasets.settings, []
    write(settings.imports / "tissue", 6)
    shutil.copy(
        settings.imports / "tissue/benign/0.png", settings.imports / "tissue/benign/again.png"
    )
    found = import_set(settings, ImportWish("tissue", "My tissue"), lambda *each: told.append(each))
    assert found == {
        "name": "my-tissue", "cells": 7, "fields": 0, "broken": 0, "copies": 1, "near": 0,
        "known": 0,
    }  # fmt: skip
    assert told[-1] == (1.0, "Measuring")
    (one,) = datasets.all()
    assert (one.name, one.own, len(one.index.cells)) == ("my-tissue", False, 7)
    quality = datasets.quality("my-tissue")
    assert quality is not None
    assert quality.copies == (("benign/0.png", "benign/again.png"),)
    ours, theirs = datasets.measures("my-tissue")
    assert ours is not None
    assert theirs is None
    assert len(ours) == 7


def test_an_uploaded_zip_is_unpacked_beside_its_index(datasets: DataSets, tmp_path: Path) -> None:
    packed = zip_of(write(tmp_path / "set", 4), tmp_path / "Up load.zip")
    path = datasets.keep_upload(packed.name, packed.read_bytes())
    import_set(datasets.settings, ImportWish(path, "uploaded"), silent)
    (one,) = datasets.all()
    assert one.own
    assert one.index.root == (datasets.settings.home / "datasets/uploaded/files").resolve()
    assert not list((datasets.settings.home / "uploads").iterdir())
    assert "go with it" in datasets.dependants("uploaded")[0]
    datasets.delete("uploaded", "uploaded")
    assert not (datasets.settings.home / "datasets" / "uploaded").exists()


def test_nothing_is_left_of_an_import_that_fails(datasets: DataSets, tmp_path: Path) -> None:
    settings = datasets.settings
    folder = write(tmp_path / "set", 4)
    (folder / "benign" / "0.png").write_bytes(b"no picture")
    zip_of(folder, settings.imports / "set.zip")
    with pytest.raises(DataError, match=r"1 of 4 files .* are broken"):
        import_set(settings, ImportWish("set.zip", "set"), silent)
    assert not (settings.home / "datasets" / "set").exists()
    found = import_set(settings, ImportWish("set.zip", "set", leave_out=True), silent)
    assert (found["cells"], found["broken"]) == (3, 1)
    quality = datasets.quality("set")
    assert quality is not None
    assert "is no image" in quality.broken[0]


@pytest.mark.parametrize("path", ["../other", "/etc", "", ".hidden", "a/../../other", "link"])
def test_paths_beyond_the_folder_of_imports_are_refused(
    datasets: DataSets, tmp_path: Path, path: str
) -> None:
    write(tmp_path / "other")
    (datasets.settings.imports / "link").symlink_to(tmp_path / "other")
    with pytest.raises(DataError, match="leads out of the folder of imports"):
        datasets.start(ImportWish(path, "x"))
    assert datasets.jobs() == []
    assert datasets.sources() == []


def test_links_within_a_folder_are_refused(datasets: DataSets, tmp_path: Path) -> None:
    folder = write(datasets.settings.imports / "tissue")
    (folder / "benign" / "more.png").symlink_to(save(tmp_path / "secret.png", 1))
    with pytest.raises(DataError, match=r"holds the link 'more\.png'"):
        import_set(datasets.settings, ImportWish("tissue", "tissue"), silent)
    assert datasets.all() == []


def test_what_is_no_zip_is_not_kept(datasets: DataSets) -> None:
    for name, content in (("a.tar", b"PK"), ("a.zip", b"<html>")):
        with pytest.raises(DataError, match="is no ZIP"):
            datasets.keep_upload(name, content)


def test_an_import_waits_for_a_worker(datasets: DataSets) -> None:
    write(datasets.settings.imports / "tissue")
    assert datasets.sources() == ["tissue"]
    job = datasets.start(ImportWish("tissue", "Tissue", "([0-9]+)"))
    assert (job.kind, job.title, job.state) == ("import", "Import tissue", "queued")
    assert ImportWish.of(job.args) == ImportWish("tissue", "Tissue", "([0-9]+)")
    assert datasets.jobs() == [job]
    with pytest.raises(DataError, match="is not in"):
        datasets.start(ImportWish("gone", "x"))
    full = DataSets(datasets.store, replace(datasets.settings, queue=1))
    with pytest.raises(JobError, match="wait already"):
        full.start(ImportWish("tissue", "another"))


def test_a_name_that_is_taken_is_refused(datasets: DataSets) -> None:
    imported(datasets.settings)
    with pytest.raises(DataError, match="imported as 'tissue' already"):
        datasets.start(ImportWish("tissue", "Tissue"))


def test_a_set_is_set_against_what_the_models_learned_from(
    datasets: DataSets, tmp_path: Path
) -> None:
    settings = datasets.settings
    known = import_dataset(sipakmed_crops(tmp_path / "s", clusters=3), settings.home)
    folder = write(settings.imports / "tissue", 5)
    row = known.index.rows[0]
    shutil.copy(known.index.root / row.path, folder / "benign" / "known.jpg")
    found = import_set(settings, ImportWish("tissue", "tissue"), silent)
    assert found["known"] == 1
    quality = datasets.quality("tissue")
    assert quality is not None
    assert ("benign/known.jpg", row.path) in quality.known
    assert quality.drifts[0].words == "much"
    assert all(each is not None for each in datasets.measures("tissue"))


def test_measures_are_kept_until_the_pictures_are_others(datasets: DataSets) -> None:
    settings = datasets.settings
    imported(settings)
    kept = settings.home / "datasets" / "tissue" / "small.npz"
    before = kept.stat().st_mtime_ns
    report_on(settings.home, "tissue", lambda *_: None)
    assert kept.stat().st_mtime_ns == before
    save(settings.imports / "tissue" / "benign" / "new.png", 7)
    import_dataset(settings.imports / "tissue", settings.home, name="tissue")
    assert len(small_pictures(settings.home, "tissue", lambda *_: None)) == 7


def test_a_picture_that_is_gone_is_named(datasets: DataSets) -> None:
    settings = datasets.settings
    write(settings.imports / "tissue", 4)
    import_dataset(settings.imports / "tissue", settings.home, name="tissue")
    shutil.rmtree(settings.imports / "tissue" / "benign")
    with pytest.raises(DataError, match="A picture of tissue cannot be read"):
        report_on(settings.home, "tissue", lambda *_: None)


def test_what_hangs_on_a_set_is_told_before_it_is_deleted(datasets: DataSets) -> None:
    settings = datasets.settings
    imported(settings)
    index = list_datasets(settings.home)["tissue"]
    pack([index], settings.home / "tissue.npz", size=32)
    shelf = make_run(settings, "reader")
    card = load_card("reader", shelf)
    from cervix_models.data.splits import held_out_hash

    same = held_out_hash(row.sha256 for row in index.cells)
    write_card(replace(card, data={"images_sha256": same}), shelf / "reader")
    told = " ".join(datasets.dependants("tissue"))
    assert "stay in" in told
    assert "Packed files hold its cells, and stay: tissue.npz." in told
    assert "Models learned from it, and could not be trained again: reader." in told


def test_a_set_is_deleted_by_its_name_alone(datasets: DataSets) -> None:
    imported(datasets.settings)
    with pytest.raises(DataError, match="'tissu' was typed"):
        datasets.delete("tissue", "tissu")
    job = datasets.store.jobs.add(NewJob("train", "Train", {"data": ["set:tissue"]}))
    with pytest.raises(DataError, match="1 jobs need tissue, “Train” first"):
        datasets.delete("tissue", "tissue")
    datasets.store.jobs.ask(job.id, "cancel")
    datasets.delete("tissue", " tissue ")
    assert datasets.all() == []
    assert (datasets.settings.imports / "tissue" / "benign").is_dir()
    assert "dataset.delete" in [each.action for each in datasets.store.audit.entries()]
    with pytest.raises(DataError, match="No image set is named 'tissue'"):
        datasets.delete("tissue", "tissue")


def test_only_an_administrator_sees_to_sets(datasets: DataSets) -> None:
    with acting_as(Person("bob", ("pathologist", "instructor"))):
        for call in (
            datasets.all,
            datasets.sources,
            datasets.jobs,
            lambda: datasets.start(ImportWish("a", "a")),
            lambda: datasets.keep_upload("a.zip", b"PK"),
            lambda: datasets.delete("a", "a"),
            lambda: datasets.dependants("a"),
            lambda: datasets.quality("a"),
            lambda: datasets.measure("a"),
            lambda: datasets.measures("a"),
        ):
            with pytest.raises(RoleError):
                call()
