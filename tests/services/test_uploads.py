"""Many uploads are read in the background, stopped, and explained when one is opened."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from cervix_models.data.pictures import pixels_of
from cervix_models.errors import IntakeError, StorageError, WeightsError
from cervix_models.services import jobs, uploads
from cervix_models.services.uploads import Upload, read_uploads
from tests.fakes import drawn_cell, png


def _cells(count: int) -> list[Upload]:
    return [Upload(f"{n}.png", png(drawn_cell(90 + n, seed=n))) for n in range(count)]


def _ended(job: jobs.Job) -> jobs.Job:
    end = time.monotonic() + 60
    while job.state == "running" and time.monotonic() < end:
        time.sleep(0.02)
    return job


def test_many_are_read_as_one_is_but_without_heat(triage, reader, monkeypatch) -> None:
    monkeypatch.setattr(uploads, "AT_ONCE", 2)
    given = [*_cells(3), Upload("words.png", b"no picture"), *_cells(5)[3:]]
    job = _ended(triage.start(given, micrometres_per_pixel=0.2))
    assert (job.state, job.problem, job.done, job.cells) == ("done", None, 1.0, 5)
    assert list(job.found.names.values()) == ["0.png", "1.png", "2.png", "3.png", "4.png"]
    (problem,) = job.found.problems
    assert "words.png" in problem
    rows = triage.readings(list(job.found.names))
    assert [row.reading.width for row in rows] == [90, 91, 92, 93, 94]
    alone = reader.read(drawn_cell(90, seed=0))
    first = rows[0].reading
    assert (first.decision, first.label) == (alone.decision, alone.label)
    assert first.probabilities == pytest.approx(dict(alone.classification.probabilities), abs=1e-5)
    assert (first.heat, first.heat_sha256, first.micrometres_per_pixel) == (None, None, 0.2)
    assert triage.count() == 5


def test_it_stops_between_batches_and_keeps_what_was_read(triage, monkeypatch) -> None:
    monkeypatch.setattr(uploads, "AT_ONCE", 2)
    found = read_uploads(
        triage, _cells(5), lambda _done, cells: cells < 2, scale=None, classifier="ensemble"
    )
    assert len(found.names) == triage.count() == 2
    assert found.problems == ["Stopped: 3 of 5 pictures were not read."]


def test_a_failure_names_how_many_were_not_read(triage, monkeypatch) -> None:
    monkeypatch.setattr(uploads, "AT_ONCE", 2)
    keep, kept = triage.store.add_reading, []

    def full(reading) -> None:
        if len(kept) == 3:
            raise StorageError("The disk is full.")
        kept.append(reading)
        keep(reading)

    monkeypatch.setattr(triage.store, "add_reading", full)
    job = _ended(triage.start([Upload("words.png", b"no"), *_cells(5)]))
    assert job.state == "done"
    assert len(job.found.names) == triage.count() == 3
    assert job.found.problems[-1] == "The disk is full. 2 of 6 pictures were not read."


def test_a_bad_scale_starts_nothing(triage) -> None:
    with pytest.raises(IntakeError, match="The scale is 99 micrometres"):
        triage.start(_cells(1), micrometres_per_pixel=99)


def test_an_error_nobody_foresaw_ends_the_job(monkeypatch) -> None:
    job = _ended(jobs.begin(lambda _progress: 1 / 0, "broken"))
    assert job.state == "failed"
    assert "should not" in job.problem


def test_where_the_classifier_looked_is_found_later(triage, reader) -> None:
    ((name, _),) = _ended(triage.start(_cells(1))).found.names.items()
    reading = triage.reading(name).reading
    later = triage.explain(reading)
    at_once = triage.read(png(drawn_cell(90, seed=0)), "a.png")
    assert later.shares == at_once.heat
    seen, wanted = (pixels_of(each, "L") for each in (later.png, triage.blob(at_once.heat_sha256)))
    np.testing.assert_array_equal(seen, wanted)


def test_a_refused_picture_is_not_explained(triage) -> None:
    reading = triage.read(png(np.full((90, 90, 3), 250, np.uint8)), "blank.png")
    assert triage.explain(reading) is None


def test_other_weights_do_not_explain_an_answer(triage) -> None:
    reading = triage.read(png(drawn_cell(90)), "a.png")
    uses = tuple(
        replace(use, sha256="ab" * 32) if use.role == "classifier" else use
        for use in reading.models
    )
    with pytest.raises(WeightsError, match="would explain another answer"):
        triage.explain(replace(reading, models=uses))
