"""Trainings as the admin page asks for them: by roles, recipes, bounds, and the queue."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from cervix_models.errors import JobError, RecipeError, RoleError
from cervix_models.people import NOBODY, Person, acting_as
from cervix_models.recipes.wishes import Wish
from cervix_models.services.training import Training
from cervix_models.storage.job_notes import News
from cervix_models.tasks import Metric
from tests import tiny
from tests.made_trainings import FILE, service_of, wish


@pytest.fixture
def service(tmp_path):
    made = service_of(tiny.settings_in(tmp_path))
    yield made
    made.store.close()


def test_only_administrators_train(service) -> None:
    methods = [each for each in vars(Training) if not each.startswith("_")]
    assert {"start", "check", "watch", "cancel", "delete"} <= set(methods)
    for person in (NOBODY, Person("eve", ("student", "pathologist", "instructor"))):
        with acting_as(person):
            for each in methods:
                with pytest.raises(RoleError, match="needs the role “admin”"):
                    getattr(service, each)(*["x"] * 9)


def test_recipes_of_one_network_are_offered_with_their_forms(service) -> None:
    choices = {each.name: each for each in service.recipes()}
    assert "cnn" in choices
    assert "ensemble" not in choices
    assert choices["cnn"].about.startswith("The basic CNN")
    assert "optimiser.epochs" in {each.name for each in service.form("cnn")}
    with pytest.raises(RecipeError):
        service.form("../cnn")


def test_packed_files_and_imported_sets_are_offered(service) -> None:
    assert service.data() == []
    (service.settings.home / FILE).write_bytes(b"x" * 2_000_000)
    assert [(each.key, each.words) for each in service.data()] == [
        (f"packed:{FILE}", f"{FILE}, packed 2 MB")
    ]
    for name, cells in (("mine", 40), ("fields", 0)):
        folder = service.settings.home / "datasets" / name
        folder.mkdir(parents=True)
        (folder / "dataset.json").write_text(json.dumps({"cells": cells}))
    assert [(each.key, each.words) for each in service.data()[1:]] == [
        ("set:mine", "mine, imported: 40 cells")
    ]


def test_a_training_is_asked_for_as_its_wish_says(service) -> None:
    asked = wish(extent="fold", fold=1)
    with acting_as(Person("ann", ("admin",))):
        job = service.start(asked)
    assert (job.kind, job.title, job.created_by) == ("train", "Train tiny: one fold", "ann")
    assert Wish.of(job.args) == asked
    check = service.check(asked)
    assert (check.kind, check.attempts) == ("check", 1)
    assert [each.id for each in service.jobs()] == [check.id, job.id]
    assert service.jobs(states=("done",)) == []
    (first,) = [each for each in service.store.audit.entries() if each.subject == job.id]
    assert (first.actor, first.action) == ("ann", "job.start")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"recipe": "none"}, "no recipe that can be trained"),
        ({"recipe": "/etc/evil.toml"}, "no recipe that can be trained"),
        ({"changes": {"optimiser.epochs": 0}}, "1 to 10000 was expected"),
        ({"changes": {"model": "resnet50"}}, "model were to be changed"),
        ({"data": ()}, "No data set was given"),
        ({"data": ("packed:../cells.npz",)}, "is no data set"),
        ({"data": ("file:cells.npz",)}, "is no data set"),
        ({"extent": "fold", "fold": 2}, "a fold from 0 to 1"),
        ({"extent": "half"}, "one of whole, folds, fold"),
        ({"name": "resnet50"}, "is the name of a recipe"),
        ({"name": "../up"}, "or no name"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_it_waits(service, changed, sentence) -> None:
    for ask in (service.start, service.check):
        with pytest.raises(RecipeError, match=sentence):
            ask(wish(**changed))
    assert service.jobs() == []


@pytest.mark.parametrize("args", [{}, {"recipe": "cnn", "code": "import os"}])
def test_a_job_with_other_arguments_is_refused(args) -> None:
    with pytest.raises(RecipeError, match="Ask for it anew"):
        Wish.of(args)


def test_a_queue_that_is_full_is_said(service) -> None:
    service.settings = tiny.replace(service.settings, queue=1)
    service.start(wish())
    with pytest.raises(JobError, match="1 jobs wait already"):
        service.start(wish())


def test_a_training_is_watched(service) -> None:
    job = service.start(wish())
    service.store.jobs.claim("one", kinds=["train"])
    news = News(0.5, "fold0", [Metric("loss", 1, 0.7, "fold0")], ["begun"])
    service.store.jobs.told(job.id, "one", news)
    film = service.settings.runs / job.id / "runs" / "tiny" / "cluster" / "fold0" / "film"
    film.mkdir(parents=True)
    for epoch in (1, 2):
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(film / f"epoch_{epoch:04}.png")
    found = service.watch(job.id)
    assert (found.job.progress, found.job.message) == (0.5, "fold0")
    assert found.metrics == [Metric("loss", 1, 0.7, "fold0")]
    assert [line.text for line in found.lines] == ["begun"]
    assert [(each.part, each.epoch) for each in found.pictures] == [("fold0", 2)]
    assert found.pictures[0].png.startswith(b"\x89PNG")


def test_a_training_is_stopped_gone_on_with_and_deleted_with_its_files(service) -> None:
    job = service.start(wish())
    service.pause(job.id)
    assert service.job(job.id).state == "paused"
    service.resume(job.id)
    service.cancel(job.id)
    assert service.job(job.id).state == "cancelled"
    folder = service.settings.runs / job.id
    folder.mkdir(parents=True)
    service.delete(job.id)
    assert service.jobs() == []
    assert not folder.exists()


def test_what_was_recorded_tells_how_long_it_takes(service) -> None:
    assert service.expected(wish(name="")) is None
    recorded = {"training": {"epochs": 2, "seconds_a_fold": 60.0, "on": "2 processor cores"}}
    tiny.save_tiny(service.settings.weights, tiny.recipe("cnn", name="cnn"), data=recorded)
    whole = service.expected(wish(name=""))
    assert whole is not None
    assert whole.seconds == 180.0
    assert "As the card of cnn recorded on 2 processor cores" in whole.how
    fold = service.expected(wish(name="", extent="fold"))
    assert whole.seconds == pytest.approx(3 * fold.seconds)  # two folds and all cells
    longer = wish(name="", changes={"optimiser.epochs": 4, "folds": 2})
    assert service.expected(longer).seconds == pytest.approx(2 * whole.seconds)
