"""The page of image sets: what there is, what it is like, import, delete."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cervix_models.contracts import Verdict
from cervix_models.data.importing import import_dataset
from cervix_models.people import Person
from cervix_models.services.corrected import Corrected
from cervix_models.services.datasets import DataSets
from cervix_models.services.set_imports import ImportWish, import_set
from cervix_models.storage import open_store
from tests.data.made import sipakmed_crops
from tests.evaluation.test_quality import write
from tests.storage.samples import NOON, stored
from tests.tiny import settings_in
from ui import admin_services, identity

PAGE = "../pages/admin/datasets.py"


@pytest.fixture
def datasets(tmp_path, monkeypatch):
    settings = settings_in(tmp_path)
    settings.imports.mkdir(parents=True)
    store = open_store(settings)
    made = DataSets(store, settings)
    monkeypatch.setattr(admin_services, "shared_datasets", lambda: made)
    monkeypatch.setattr(admin_services, "shared_corrected", lambda: Corrected(store, settings))
    yield made
    store.close()


def imported(datasets: DataSets, name: str = "tissue") -> None:
    write(datasets.settings.imports / name, 6)
    import_set(datasets.settings, ImportWish(name, name), lambda _done, _words: None)


def opened(app: AppTest) -> AppTest:
    page = app.switch_page(PAGE).run()
    assert not page.exception
    return page


def words(page: AppTest) -> str:
    shown = (*page.markdown, *page.success, *page.info, *page.error, *page.caption)
    return " ".join(each.value for each in shown).replace("\\", "")


def test_without_a_set_the_page_says_how_one_comes_in(app, datasets) -> None:
    page = opened(app)
    assert "No image set is imported here yet." in words(page)
    assert "CERVIX_IMPORTS" in words(page)


def test_a_set_of_the_server_is_asked_for(app, datasets) -> None:
    write(datasets.settings.imports / "tissue")
    page = opened(app)
    page.selectbox(key="import-path").select("tissue").run()
    page.text_input(key="import-name").input("My tissue").run()
    page.text_input(key="import-groups").input("([0-9]+)").run()
    page.button(key="import-go").click().run()
    assert not page.exception
    (job,) = datasets.jobs()
    assert ImportWish.of(job.args) == ImportWish("tissue", "My tissue", "([0-9]+)")
    assert "It waits for a worker" in words(page)


def test_what_cannot_be_imported_is_said(app, datasets) -> None:
    imported(datasets)
    page = opened(app)
    page.button(key="import-go").click().run()
    assert "Choose what to import" in words(page)
    page.selectbox(key="import-path").select("tissue").run()
    page.text_input(key="import-name").input("tissue").run()
    page.button(key="import-go").click().run()
    assert "is imported as 'tissue' already" in words(page)
    assert datasets.jobs() == []


def test_a_set_shows_what_it_is_like(app, datasets) -> None:
    imported(datasets)
    page = opened(app)
    table = page.dataframe[0].value
    assert list(table["Name"]) == ["tissue"]
    assert list(table["Cells"]) == [6]
    assert "equal byte for byte: 0." in words(page)
    assert page.multiselect(key="set-measures-tissue").value == [
        "sharpness", "brightness", "contrast", "colour",
    ]  # fmt: skip


def test_a_set_that_was_not_measured_is_measured_by_a_job(app, datasets) -> None:
    imported(datasets)
    (datasets.settings.home / "datasets" / "tissue" / "quality.json").unlink()
    page = opened(app)
    assert "It was not measured yet" in words(page)
    page.button(key="image-set-measure").click().run()
    (job,) = datasets.jobs()
    assert (job.kind, job.args) == ("quality", {"name": "tissue"})


def test_a_set_is_deleted_once_its_name_is_typed(app, datasets) -> None:
    imported(datasets)
    page = opened(app)
    assert "none depends on it" in words(page)
    page.button(key="delete-tissue").click().run()
    assert "the name of the set, 'tissue', was expected" in words(page)
    page.text_input(key="delete-typed-tissue").input("tissue").run()
    page.button(key="delete-tissue").click().run()
    assert "tissue was deleted." in words(page)
    assert datasets.all() == []


def test_corrected_readings_become_a_set_once_somebody_agreed(app, datasets, tmp_path) -> None:
    import_dataset(sipakmed_crops(tmp_path / "s"), datasets.settings.home)
    reading = stored(datasets.store)
    datasets.store.add_verdict(reading.id, Verdict("agree", None, "", "ada", NOON))
    page = opened(app)
    assert "Readings with a class by a person: 1" in words(page)
    page.text_input(key="corrected-name").input("mine").run()
    page.button(key="corrected-go").click().run()
    assert "Nobody said that these pictures may be learned from" in words(page)
    page.checkbox(key="corrected-agreed").check().run()
    page.button(key="corrected-go").click().run()
    assert "Train on mine.npz, alone or beside another." in words(page)
    assert [each.name for each in datasets.all()] == ["mine", "sipakmed"]


def test_the_page_is_for_administrators(app, datasets, monkeypatch) -> None:
    monkeypatch.setattr(identity, "person", lambda: Person("bob", ("instructor",)))
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        app.run().switch_page(PAGE)
