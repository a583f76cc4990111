"""Jobs in the store: asked for, claimed by one worker at a time, told of, ended, never lost."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from cervix_models.errors import JobError, LeaseError, StorageError
from cervix_models.people import Person, acting_as
from cervix_models.storage import job_notes, leases
from cervix_models.storage.job_notes import News
from cervix_models.tasks import Metric, NewJob, WorkerSeen

KINDS = ("train",)


def added(store, title="A training", **changed):
    return store.jobs.add(NewJob("train", title, {"recipe": "cnn"}, **changed))


def claimed(store, owner="one", seconds=60.0):
    return store.jobs.claim(owner, kinds=KINDS, seconds=seconds)


@pytest.fixture
def later(monkeypatch):
    """Makes the clock of the store go on by so many seconds."""
    passed = [0.0]
    real = leases.now_of

    def now_of(session):
        return real(session) + timedelta(seconds=passed[0])

    monkeypatch.setattr(leases, "now_of", now_of)

    def go_on(seconds: float) -> None:
        passed[0] += seconds

    return go_on


def test_a_job_waits_as_it_was_asked_for(store) -> None:
    with acting_as(Person("ann", ("admin",))):
        job = added(store, "A training of cnn")
    assert store.jobs.get(job.id) == job
    assert (job.state, job.progress, job.attempt, job.created_by) == ("queued", 0.0, 0, "ann")
    assert job.args == {"recipe": "cnn"}
    assert abs(job.created_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(("title", "attempts"), [("", 3), ("  ", 3), ("a\0b", 3), ("A", 0)])
def test_a_job_without_title_or_attempts_is_refused(store, title, attempts) -> None:
    with pytest.raises(JobError, match="Give it a title"):
        added(store, title, attempts=attempts)


def test_more_than_may_wait_are_refused(store) -> None:
    for _ in range(2):
        store.jobs.add(NewJob("train", "A"), most=2)
    with pytest.raises(JobError, match=r"2 jobs wait already; at most 2 .* CERVIX_QUEUE"):
        store.jobs.add(NewJob("train", "A"), most=2)
    claimed(store)
    assert store.jobs.add(NewJob("train", "A"), most=2).state == "queued"


def test_jobs_are_listed_newest_first_and_by_state_and_kind(store) -> None:
    first, second = added(store, "first"), added(store, "second")
    other = store.jobs.add(NewJob("import", "other"))
    assert [job.id for job in store.jobs.all()] == [other.id, second.id, first.id]
    assert [job.id for job in store.jobs.all(kinds=["train"], limit=1)] == [second.id]
    assert [job.id for job in store.jobs.all(offset=2)] == [first.id]
    claimed(store)
    assert [job.id for job in store.jobs.all(states=["running"])] == [first.id]
    assert store.jobs.count() == 3
    assert store.jobs.count(states=["queued"], kinds=["train"]) == 1


def test_the_job_that_waited_longest_is_claimed_and_no_other_gets_it(store) -> None:
    first, second = added(store, "first"), added(store, "second")
    job = claimed(store, "one")
    assert (job.id, job.state, job.owner, job.attempt) == (first.id, "running", "one", 1)
    assert job.started_at is not None
    assert claimed(store, "two").id == second.id
    assert claimed(store, "three") is None
    assert store.jobs.claim("four", kinds=["import"]) is None


def test_of_many_that_claim_at_once_each_job_goes_to_one(store) -> None:
    for number in range(4):
        added(store, f"job {number}")
    found = []

    def claim(number: int) -> None:
        job = claimed(store, f"worker {number}")
        found.append(job and job.id)

    threads = [threading.Thread(target=claim, args=(n,)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    held = [each for each in found if each]
    assert len(held) == len(set(held)) == 4


def test_a_lease_is_renewed_by_its_owner_alone(store, later) -> None:
    job = added(store)
    claimed(store, "one", seconds=10)
    later(8)
    assert store.jobs.renew(job.id, "one", 10)
    later(8)
    assert store.jobs.holds(job.id, "one")
    assert not store.jobs.holds(job.id, "two")
    assert not store.jobs.renew(job.id, "two", 10)
    later(3)
    assert not store.jobs.holds(job.id, "one")
    assert not store.jobs.renew(job.id, "one", 10)


def test_a_job_whose_worker_was_lost_is_done_again_and_fails_in_the_end(store, later) -> None:
    job = added(store, attempts=2)
    for attempt in (1, 2):
        found = claimed(store, f"worker {attempt}", seconds=10)
        assert (found.id, found.attempt) == (job.id, attempt)
        later(11)
    assert store.jobs.reclaim() == 1
    assert store.jobs.reclaim() == 0
    found = store.jobs.get(job.id)
    assert (found.state, found.owner) == ("failed", None)
    assert "Its worker was lost" in found.problem
    assert "It was started 2 times" in found.problem
    assert found.ended_at is not None


@pytest.mark.parametrize(("asked", "state"), [("cancel", "cancelled"), ("pause", "paused")])
def test_a_job_that_was_asked_to_end_ends_so_where_its_worker_is_lost(
    store, later, asked, state
) -> None:
    job = added(store)
    claimed(store, seconds=10)
    store.jobs.ask(job.id, asked)
    later(11)
    store.jobs.reclaim()
    found = store.jobs.get(job.id)
    assert (found.state, found.asked, found.problem) == (state, None, None)


def test_only_whoever_holds_the_lease_says_what_came_of_it(store, later) -> None:
    job = added(store)
    claimed(store, "one", seconds=10)
    later(11)
    claimed(store, "two", seconds=10)
    ends = (
        lambda: store.jobs.finish(job.id, "one", {}),
        lambda: store.jobs.cancelled(job.id, "one"),
        lambda: store.jobs.paused(job.id, "one"),
        lambda: store.jobs.give_back(job.id, "one"),
        lambda: store.jobs.fail(job.id, "one", "Broken."),
    )
    for end in ends:
        with pytest.raises(LeaseError, match="does not hold its lease"):
            end()
    assert not store.jobs.told(job.id, "one", News(0.5, "half", lines=["a"]))
    assert store.jobs.lines(job.id) == []
    store.jobs.finish(job.id, "two", {"folder": "weights/cnn"})
    found = store.jobs.get(job.id)
    assert (found.state, found.progress, found.owner) == ("done", 1.0, None)
    assert found.result == {"folder": "weights/cnn"}
    with pytest.raises(LeaseError):
        store.jobs.finish(job.id, "two", {})


def test_a_job_that_is_given_back_has_used_no_attempt(store) -> None:
    job = added(store)
    claimed(store, "one")
    store.jobs.give_back(job.id, "one")
    found = store.jobs.get(job.id)
    assert (found.state, found.attempt, found.owner) == ("queued", 0, None)
    assert claimed(store, "two").id == job.id


def test_a_job_fails_for_good_or_is_tried_again(store) -> None:
    job = added(store, attempts=2)
    claimed(store, "one")
    store.jobs.fail(job.id, "one", "The process died.", again=True)
    found = store.jobs.get(job.id)
    assert (found.state, found.problem) == ("queued", "The process died.")
    claimed(store, "two")
    store.jobs.fail(job.id, "two", "The process died.", again=True)
    assert store.jobs.get(job.id).state == "failed"
    other = added(store)
    claimed(store, "one")
    store.jobs.fail(other.id, "one", "No recipe has this\0 name\ud800.")
    assert store.jobs.get(other.id).problem == "No recipe has this name?."


def test_what_waits_ends_at_once_and_what_runs_is_asked_to(store) -> None:
    waiting = added(store)
    assert store.jobs.ask(waiting.id, "pause").state == "paused"
    assert store.jobs.resume(waiting.id).state == "queued"
    assert store.jobs.ask(waiting.id, "cancel").state == "cancelled"
    with pytest.raises(JobError, match="is cancelled and cannot be asked to pause"):
        store.jobs.ask(waiting.id, "pause")
    running = added(store)
    claimed(store)
    assert store.jobs.ask(running.id, "cancel").asked == "cancel"
    assert store.jobs.ask(running.id, "pause").asked == "cancel"  # a cancel stands
    store.jobs.cancelled(running.id, "one")
    assert store.jobs.get(running.id).asked is None


def test_a_job_goes_on_from_where_it_was_ended_with_all_its_attempts(store) -> None:
    job = added(store, attempts=1)
    claimed(store)
    with pytest.raises(JobError, match="is running and cannot go on"):
        store.jobs.resume(job.id)
    store.jobs.fail(job.id, "one", "Broken.", again=True)
    found = store.jobs.resume(job.id)
    assert (found.state, found.attempt, found.problem, found.ended_at) == ("queued", 0, None, None)
    assert claimed(store).attempt == 1


def test_a_job_that_has_ended_is_deleted_with_what_it_told(store) -> None:
    job = added(store)
    with pytest.raises(JobError, match="cannot be deleted"):
        store.jobs.delete(job.id)
    claimed(store)
    store.jobs.told(job.id, "one", News(metrics=[Metric("loss", 1, 0.5)], lines=["a"]))
    store.jobs.finish(job.id, "one", {})
    store.jobs.delete(job.id)
    with pytest.raises(StorageError, match="No job has the id"):
        store.jobs.get(job.id)
    assert store.jobs.metrics(job.id) == []
    assert store.jobs.lines(job.id) == []


def test_what_a_job_tells_is_kept(store) -> None:
    job = added(store)
    claimed(store)
    news = News(0.25, "epoch 1", [Metric("loss", 1, 0.5, "fold0")], ["begun", "goes on"])
    assert store.jobs.told(job.id, "one", news)
    assert store.jobs.told(job.id, "one", News())
    found = store.jobs.get(job.id)
    assert (found.progress, found.message) == (0.25, "epoch 1")
    assert store.jobs.metrics(job.id) == [Metric("loss", 1, 0.5, "fold0")]
    assert [line.text for line in store.jobs.lines(job.id)] == ["begun", "goes on"]


def test_curves_are_thinned_and_a_step_told_twice_is_the_last(store) -> None:
    job = added(store)
    claimed(store)
    long = [Metric("loss", step, float(step), "fold0") for step in range(1, 1001)]
    again = [Metric("loss", 1000, -1.0, "fold0"), Metric("loss", 1, 2.0, "fold1")]
    store.jobs.told(job.id, "one", News(metrics=long))
    store.jobs.told(job.id, "one", News(metrics=again))
    found = store.jobs.metrics(job.id, most=10)
    assert [each.step for each in found if each.part == "fold0"] == list(range(100, 1001, 100))
    assert found[9].value == -1.0
    assert found[10] == Metric("loss", 1, 2.0, "fold1")
    assert len(store.jobs.metrics(job.id, most=5000)) == 1001


def test_of_many_lines_the_last_are_kept(store, monkeypatch) -> None:
    monkeypatch.setattr(job_notes, "MOST_LINES", 5)
    job = added(store)
    claimed(store)
    for start in (0, 4, 8):
        store.jobs.told(job.id, "one", News(lines=[f"line {start + n}" for n in range(4)]))
    store.jobs.told(job.id, "one", News(lines=["a\0b" + 3000 * "c"]))
    found = [line.text for line in store.jobs.lines(job.id)]
    assert found[:4] == [f"line {n}" for n in range(8, 12)]
    assert found[4].startswith("abccc")
    assert len(found[4]) == job_notes.LONGEST
    assert [line.text for line in store.jobs.lines(job.id, most=2)] == found[-2:]


def test_workers_are_known_while_they_are_heard_of(store, later) -> None:
    now = datetime.now(UTC)
    worker = WorkerSeen("host:1", "host", 1, ("train", "check"), now, now)
    store.jobs.seen(worker)
    (found,) = store.jobs.workers()
    assert (found.id, found.kinds) == ("host:1", ("train", "check"))
    later(30)
    assert store.jobs.workers(within=20) == []
    store.jobs.seen(worker)
    assert len(store.jobs.workers(within=20)) == 1
    store.jobs.gone("host:1")
    assert store.jobs.workers() == []


def test_what_people_ask_for_is_noted(store) -> None:
    with acting_as(Person("ann", ("admin",))):
        job = added(store, "A training")
        store.jobs.ask(job.id, "pause")
        store.jobs.resume(job.id)
        store.jobs.ask(job.id, "cancel")
        store.jobs.delete(job.id)
    noted = [(each.actor, each.action) for each in store.audit.entries()]
    asked = ["job.start", "job.pause", "job.resume", "job.cancel", "job.delete"]
    assert sorted(noted) == sorted(("ann", each) for each in asked)
