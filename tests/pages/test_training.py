"""The page of trainings over a store of its own: asked for, watched, stopped, gone on with."""

from __future__ import annotations

import pytest

from cervix_models.people import Person
from cervix_models.recipes.wishes import Wish
from cervix_models.storage.job_notes import News
from cervix_models.tasks import Metric
from tests import tiny
from tests.made_trainings import FILE, service_of, wish
from ui import admin_services, identity, session

PAGE = "../pages/admin/training.py"


@pytest.fixture
def service(tmp_path, monkeypatch):
    made = service_of(tiny.settings_in(tmp_path))
    (made.settings.home / FILE).write_bytes(b"packed")
    monkeypatch.setattr(admin_services, "shared_training", lambda: made)
    yield made
    made.store.close()


def opened(app, **address: str):
    for name, value in address.items():
        app.query_params[name] = value
    page = app.switch_page(PAGE).run()
    assert not page.exception
    return page


def press(page, label: str):
    next(each for each in page.button if each.label == label).click().run()
    assert not page.exception
    return page


def words(page) -> str:
    kinds = (page.markdown, page.caption, page.warning, page.error, page.success)
    return " ".join(each.value for kind in kinds for each in kind)


def labels(page) -> set[str]:
    return {each.label for each in page.button}


def test_a_training_is_asked_for_by_the_form(app, service) -> None:
    page = opened(app)
    assert "No worker runs, so jobs wait" in words(page)
    page.text_input(key="training-name").set_value("tiny")
    page.number_input(key="training-set-cnn-optimiser.epochs").set_value(2)
    page.number_input(key="training-set-cnn-folds").set_value(3).run()
    page.selectbox(key="training-extent").set_value("fold").run()
    page.number_input(key="training-fold").set_value(1).run()
    press(page, "Start")
    (job,) = service.jobs()
    assert Wish.of(job.args) == Wish(
        "cnn", {"optimiser.epochs": 2, "folds": 3}, (f"packed:{FILE}",), "fold", 1, "tiny"
    )
    assert job.created_by == "local"
    assert job.id in page.query_params["job"]
    assert page.header[0].value == r"Train tiny\: one fold"
    press(page, "All trainings")
    assert r"Train tiny\: one fold" in labels(page)


def test_a_wish_that_is_none_is_said(app, service) -> None:
    page = opened(app)
    page.text_input(key="training-name").set_value("../up").run()
    press(page, "Start")
    assert "is the name of a recipe, or no name" in words(page).replace("\\", "")
    assert service.jobs() == []


def test_the_form_follows_the_recipe(app, service) -> None:
    page = opened(app)
    page.selectbox(key="training-recipe").set_value("svm_features").run()
    assert not page.exception
    keys = {each.key for each in page.number_input}
    assert "training-set-svm_features-kernel.penalty" in keys
    assert not any("optimiser" in str(each) for each in keys)


def test_a_check_tells_leaks_time_and_memory(app, service) -> None:
    page = press(opened(app), "Check")
    (job,) = service.jobs()
    assert job.kind == "check"
    service.store.jobs.claim("one", kinds=["check"])
    measured = {"seconds": 7200, "memory": 2e9, "free": 1e9, "how": "Measured here."}
    leak = {"kind": "near_duplicate", "sentence": "Fold 0: 3 held-out cells."}
    service.store.jobs.finish(job.id, "one", {"leaks": [leak], "measured": measured})
    page.run()
    assert "The split leaks" in words(page)
    assert "Fold 0: 3 held" in words(page).replace("\\", "")
    assert {each.label: each.value for each in page.metric}["Time"] == "about 2 h"
    assert "It may not fit into the memory" in words(page)


def test_a_training_that_runs_is_watched_and_asked_to_stop(app, service) -> None:
    job = service.start(wish())
    service.store.jobs.claim("one", kinds=["train"])
    told = [Metric("loss", n, 1 / n, "fold0") for n in (1, 2)]
    told += [Metric("val_accuracy", 1, 0.5, "fold0"), Metric("cpu", 9, 50.0, "machine")]
    service.store.jobs.told(job.id, "one", News(0.5, "fold0: training 1", told, ["begun *now*"]))
    page = opened(app, job=job.id)
    assert "runs" in words(page)
    assert len(page.get("plotly_chart")) == 3
    assert "begun *now*" in page.code[0].value
    press(page, "Pause")
    assert service.job(job.id).asked == "pause"
    assert next(each for each in page.button if each.label == "Pause").disabled
    press(page, "Cancel")
    assert service.job(job.id).asked == "cancel"
    service.store.jobs.cancelled(job.id, "one")
    page.run()
    press(page, "Resume")
    assert service.job(job.id).state == "queued"


def test_a_training_that_failed_says_why_and_is_tried_again(app, service) -> None:
    job = service.start(wish())
    service.store.jobs.claim("one", kinds=["train"])
    service.store.jobs.fail(job.id, "one", "The split leaks.")
    page = opened(app, job=job.id)
    assert "The split leaks" in page.error[0].value
    press(page, "Try again")
    assert service.job(job.id).state == "queued"


def test_a_training_that_is_done_tells_its_figures_and_is_deleted(app, service) -> None:
    job = service.start(wish())
    service.store.jobs.claim("one", kinds=["train"])
    result = {
        "name": "tiny", "folder": "runs/1/weights/tiny", "weights_sha256": "ab" * 32,
        "metrics": {"summary": "right in 70 %"},
    }  # fmt: skip
    service.store.jobs.finish(job.id, "one", result)
    page = opened(app, job=job.id)
    assert "right in 70 %" in words(page)
    assert "runs/1/weights/tiny" in words(page)
    press(page, "Delete it for good")
    assert service.jobs() == []
    assert not page.query_params.get("job")


def test_a_training_that_there_is_not_is_said(app, service) -> None:
    assert "No job has the id" in words(opened(app, job="nothing"))


def test_the_page_is_for_administrators(app, service, monkeypatch) -> None:
    page = opened(app)
    eve = Person("eve", ("student", "instructor"))
    monkeypatch.setattr(identity, "person", lambda: eve)
    monkeypatch.setattr(session, "current_user", lambda: eve)
    page.run()
    assert "New training" not in [each.value for each in page.header]
