"""The jobs `import` and `quality`: a set comes in, and stops where it is asked to."""

from __future__ import annotations

import pytest

from cervix_models.errors import StoppedError
from cervix_models.services.datasets import DataSets
from cervix_models.services.set_imports import ImportWish
from cervix_models.storage import open_store
from cervix_models.worker import kinds
from cervix_models.worker.doing import Doing
from tests import tiny
from tests.evaluation.test_quality import write


@pytest.fixture
def datasets(tmp_path):
    settings = tiny.settings_in(tmp_path)
    write(settings.imports / "tissue", 4)
    store = open_store(settings)
    yield DataSets(store, settings)
    store.close()


def claimed(datasets: DataSets, kind: str) -> Doing:
    job = datasets.store.jobs.claim("me", kinds=[kind])
    assert job is not None
    return Doing(datasets.store, datasets.settings, job, "me")


def test_a_set_is_imported_and_measured_again(datasets) -> None:
    datasets.start(ImportWish("tissue", "tissue"))
    found = kinds.find("import").load()(claimed(datasets, "import"))
    assert (found["name"], found["cells"]) == ("tissue", 4)
    datasets.measure("tissue")
    again = kinds.find("quality").load()(claimed(datasets, "quality"))
    assert again == {"name": "tissue", "copies": 0, "near": 0, "known": 0}


def test_an_import_that_is_stopped_leaves_nothing(datasets) -> None:
    datasets.start(ImportWish("tissue", "tissue"))
    doing = claimed(datasets, "import")
    doing.stop()
    with pytest.raises(StoppedError):
        kinds.find("import").load()(doing)
    assert datasets.all() == []
