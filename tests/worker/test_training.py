"""The jobs `train` and `check`: the model lands in the job's folder, whole, and goes on where it
was stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cervix_models.cards import load_card
from cervix_models.checkpoints import load_network
from cervix_models.data.importing import import_dataset
from cervix_models.data.packed import load_packed
from cervix_models.errors import DataError, StoppedError
from cervix_models.evaluation.held_out import load_held_out
from cervix_models.services.comparing import lacking
from cervix_models.storage import open_store
from cervix_models.storage.job_notes import News
from cervix_models.tasks import Job, NewJob
from cervix_models.worker.checking import check
from cervix_models.worker.doing import Doing
from cervix_models.worker.training import train
from tests import tiny
from tests.made_trainings import FILE, pack_cells, wish

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    return pack_cells(folder, folder / "home")


@pytest.fixture
def store(tmp_path, packed):
    settings = tiny.settings_in(tmp_path)
    opened = open_store(settings)
    (settings.home / FILE).write_bytes(packed.read_bytes())
    opened.settings = settings
    yield opened
    opened.close()


class Hearing(Doing):
    """A job in this process, which keeps what it is told, and stops after some steps."""

    def __init__(self, store, job: Job, after: int | None = None) -> None:
        super().__init__(store, store.settings, job, "me")
        self.after, self.steps, self.parts = after, [], []
        self.folder.mkdir(parents=True, exist_ok=True)

    def tell(self, progress=None, message=None, metrics=()) -> None:
        told = [each for each in metrics if each.name == "loss"]
        self.steps += [(each.part, each.step) for each in told]
        if progress is not None:
            self.parts.append(progress)
        if self.after is not None and len(self.steps) >= self.after:
            self.stop()


def doing(store, kind="train", after=None, **changed) -> Hearing:
    store.jobs.add(NewJob(kind, "Made for the tests", wish(**changed).as_args()))
    return Hearing(store, store.jobs.claim("me", kinds=[kind], seconds=600), after)


def test_a_training_leaves_a_whole_model_in_its_own_folder(store) -> None:
    made = doing(store)
    result = train(made)
    folder = store.settings.home / result["folder"]
    assert folder == store.settings.runs / made.job.id / "weights" / "tiny"
    network, card = load_network("tiny", folder.parent)
    assert not network.training
    assert (result["name"], result["kind"]) == ("tiny", "classifier")
    assert result["weights_sha256"] == card.weights_sha256
    assert result["metrics"]["accuracy"] == card.metrics["cluster_split"]["accuracy"]["value"]
    assert card.recipe["optimiser"]["epochs"] == 2
    assert len(load_held_out("tiny", folder.parent)["sha256"]) == 40
    assert not store.settings.weights.exists()
    assert [each.name for each in made.folder.iterdir() if each.name != "runs"] == ["weights"]
    parts = dict.fromkeys(part for part, _ in made.steps)
    assert list(parts) == ["fold0", "fold1", "final"]
    told = made.parts
    assert told == sorted(told)
    assert told[-1] == 1.0
    json.dumps(result, allow_nan=False)
    again = Hearing(store, made.job)
    assert train(again) == result
    assert again.steps == []


def test_a_training_that_was_stopped_goes_on_at_the_next_step(store) -> None:
    made = doing(store, after=4)
    with pytest.raises(StoppedError):
        train(made)
    assert not (made.folder / "weights").exists()
    again = Hearing(store, made.job)
    train(again)
    assert len(set(made.steps) & set(again.steps)) == 0
    whole = [(part, step) for part, step in made.steps + again.steps if part == "fold0"]
    assert whole == [("fold0", step + 1) for step in range(len(whole))]


def test_one_fold_is_a_trial_without_weights(store) -> None:
    made = doing(store, extent="fold", fold=1)
    result = train(made)
    assert result["folder"].endswith("runs/tiny/cluster/fold1")
    assert result["weights_sha256"] is None
    assert {part for part, _ in made.steps} == {"fold1"}


def test_other_models_are_at_hand_and_stay_as_they_are(store) -> None:
    shown = store.settings.weights / "cnn"
    tiny.save_tiny(store.settings.weights, tiny.recipe("cnn", name="cnn"))
    before = {path.name: path.read_bytes() for path in shown.iterdir()}
    made = doing(store, extent="folds")
    train(made)
    assert {path.name: path.read_bytes() for path in shown.iterdir()} == before
    assert not (made.folder / "shelf").exists()


def test_what_leaks_stops_the_training_unless_it_is_accepted(store, tmp_path) -> None:
    pack_cells(tmp_path / "copies", store.settings.home, copies=True)
    made = doing(store)
    with pytest.raises(DataError, match=r"The split leaks.\s.*nearly equal pictures") as refused:
        train(made)
    assert "Or accept nearly equal pictures" in str(refused.value)
    assert made.steps == []
    accepted = doing(store, accepts=True, extent="folds")
    store.jobs.told(accepted.job.id, "me", News())
    result = train(accepted)
    card = json.loads((store.settings.home / result["folder"] / "card.json").read_text())
    assert any("Figures may be too good: Fold" in each for each in card["limits"])


def test_an_imported_set_is_packed_once_for_the_job(store, tmp_path, packed) -> None:
    crops = packed.parents[1] / "crops"
    import_dataset(crops, store.settings.home, name="mine")
    made = doing(store, after=1, data=("set:mine",))
    with pytest.raises(StoppedError):
        train(made)
    file = made.folder / "mine.npz"
    assert len(load_packed(file)) == 40
    before = file.stat().st_mtime_ns
    with pytest.raises(StoppedError):
        train(Hearing(store, made.job, after=1))
    assert file.stat().st_mtime_ns == before


@pytest.mark.parametrize("data", ["packed:none.npz", "set:none"])
def test_a_data_set_that_is_not_here_is_said(store, data) -> None:
    with pytest.raises(DataError, match=f"There is no data set {data}"):
        train(doing(store, data=(data,)))


def test_a_check_tells_leaks_time_and_memory(store, tmp_path) -> None:
    found = check(doing(store, "check"))
    assert (found["leaks"], found["cells"]) == ([], 40)
    measured = found["measured"]
    assert measured["steps"] == 2 * (2 + 2 + 4)  # epochs; batches of two folds, and of all cells
    assert measured["seconds"] > measured["seconds_a_step"] > 0
    assert measured["memory"] > 10e6
    assert "Measured on this machine" in measured["how"]
    pack_cells(tmp_path / "copies", store.settings.home, copies=True)
    leaks = check(doing(store, "check", extent="fold"))["leaks"]
    assert {each["kind"] for each in leaks} == {"near_duplicate"}


def test_what_learns_not_by_steps_is_not_measured(store) -> None:
    found = check(
        doing(store, "check", recipe="resnet50_svm", changes={"start": "random", "folds": 2})
    )
    assert found["measured"] is None


def test_a_classifier_of_cells_knows_what_is_no_cell_and_may_read(store, tiny_models) -> None:
    settings = replace(store.settings, weights=tiny_models.weights, cache=tiny_models.cache)
    store.settings = settings
    result = train(doing(store))
    shelf = (settings.home / result["folder"]).parent
    card = load_card("tiny", shelf)
    gate = card.calibration["gate"]
    assert gate["held_out_cells"] == 40
    assert gate["non_cells"] > 100
    assert lacking(card, "classifier", shelf, *settings.shelves) == []
