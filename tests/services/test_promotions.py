from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from cervix_models.cards import load_card
from cervix_models.errors import PromotionError, RoleError, WeightsError
from cervix_models.people import Person, acting_as, bound
from cervix_models.services.defaults import CLASSIFIER, Defaults
from cervix_models.services.promotions import Candidate, Promotions
from cervix_models.services.triage import Triage
from cervix_models.storage import open_store
from tests.fakes import drawn_cell, png
from tests.made_runs import RUN, make_run, split_figures

ADA = Person("ada", ("admin",))
WHY = "It was measured to be better."


@pytest.fixture
def promotions(triage: Triage) -> Promotions:
    return bound(Promotions(triage.store, triage.settings), ADA)


def of_run(promotions: Promotions, run: str = RUN) -> Candidate:
    found = promotions.candidates("classifier")
    return next(each for each in found if each.origin.get("id") == run and each.source == "run")


def promoted(promotions: Promotions, **changed: object) -> str:
    make_run(promotions.settings, **changed)  # type: ignore[arg-type]
    return promotions.promote(of_run(promotions), WHY, confirmed=True).name


def test_candidates_are_those_of_runs_then_kept_then_shipped(promotions: Promotions) -> None:
    name = promoted(promotions)
    found = promotions.candidates("classifier")
    assert [(each.source, each.card.name) for each in found] == [
        ("run", "mine"), ("kept", name), ("shipped", CLASSIFIER),
    ]  # fmt: skip
    assert [each.default for each in found] == [False, True, False]
    assert found[0].title == "mine 0.1 of run 5eed5eed"


def test_a_promotion_is_kept_with_who_and_why(promotions: Promotions) -> None:
    name = promoted(promotions)
    (found,) = promotions.history("classifier")
    assert (found.name, found.created_by, found.reason) == (name, "ada", WHY)
    assert promotions.defaults().classifier == name
    card = load_card(name, promotions.settings.models)
    assert card.data["run"]["id"] == RUN
    assert card.data["run"]["kept_by"] == "ada"


def test_the_next_reading_is_by_the_new_default_and_old_ones_stay(
    triage: Triage, promotions: Promotions
) -> None:
    before = triage.read(png(drawn_cell(64, 1)), "a.png")
    under_way = triage.reader()
    name = promoted(promotions)
    after = triage.read(png(drawn_cell(64, 1)), "a.png")
    assert [each.models[0].name for each in (before, after)] == [CLASSIFIER, name]
    assert after.models[0].sha256 == load_card(name, triage.settings.models).weights_sha256
    assert under_way.models[0].name == CLASSIFIER
    explained = triage.explain(replace(before, heat_sha256=None))
    assert explained is not None
    assert triage.reader().models[0].name == name


def test_another_process_of_the_installation_follows(
    triage: Triage, promotions: Promotions
) -> None:
    store = open_store(triage.settings)
    other = Triage(store, triage.settings)
    assert other.defaults() == Defaults()
    name = promoted(promotions)
    assert other.defaults().classifier == name
    assert other.read(png(drawn_cell(64, 2)), "a.png").models[0].name == name
    store.close()


def test_roll_back_promotes_the_one_before_again(triage: Triage, promotions: Promotions) -> None:
    with pytest.raises(PromotionError, match="nothing can be rolled back"):
        promotions.roll_back("classifier", "Try")
    name = promoted(promotions)
    assert promotions.before("classifier") == CLASSIFIER
    assert promotions.roll_back("classifier", "It erred.").name == CLASSIFIER
    assert triage.read(png(drawn_cell(64, 1)), "a.png").models[0].name == CLASSIFIER
    assert promotions.roll_back("classifier", "It did not.").name == name
    assert [each.name for each in promotions.history("classifier")] == [name, CLASSIFIER, name]


def test_a_demoted_model_that_is_gone_is_named(triage: Triage, promotions: Promotions) -> None:
    name = promoted(promotions)
    reading = triage.read(png(drawn_cell(64, 1)), "a.png")
    promotions.roll_back("classifier", "It erred.")
    assert triage.explain(reading) is not None
    shutil.rmtree(triage.settings.models / name)
    fresh = Triage(triage.store, triage.settings)
    with pytest.raises(WeightsError, match="is not here any more"):
        fresh.explain(reading)
    assert fresh.reading(reading.id).reading == reading
    with pytest.raises(WeightsError, match=f"No weights of '{name}'"):
        promotions.roll_back("classifier", "Back.")


def test_a_default_with_other_weights_than_promised_reads_nothing(
    triage: Triage, promotions: Promotions
) -> None:
    name = promoted(promotions)
    folder = triage.settings.models / name
    other = make_run(triage.settings, name, run="other", seed=7) / name
    for file in ("card.json", "model.safetensors"):
        (folder / file).unlink()
        shutil.copy(other / file, folder / file)
    with pytest.raises(WeightsError, match="was made the default with the weights"):
        triage.read(png(drawn_cell(64, 1)), "a.png")


def test_what_lacks_something_is_refused(promotions: Promotions) -> None:
    make_run(promotions.settings, gate=False)
    with pytest.raises(PromotionError, match="cannot be the default classifier: It has no gate"):
        promotions.promote(of_run(promotions), WHY)
    assert promotions.history("classifier") == []
    assert not promotions.settings.models.exists()


def test_what_is_worse_wants_to_be_confirmed(promotions: Promotions) -> None:
    promoted(promotions)
    make_run(promotions.settings, run="worse", seed=3, accuracy=0.5)
    poor = of_run(promotions, "worse")
    assert promotions.concerns(poor)[0].startswith("Accuracy: 50.0 %")
    with pytest.raises(PromotionError, match="Confirm that it shall read nevertheless"):
        promotions.promote(poor, WHY)
    assert promotions.promote(poor, WHY, confirmed=True).name.startswith("mine-")


def test_a_reason_is_wanted_and_the_present_default_is_not_promoted_again(
    promotions: Promotions,
) -> None:
    promoted(promotions)
    kept = next(each for each in promotions.candidates("classifier") if each.default)
    with pytest.raises(PromotionError, match="is the default classifier already"):
        promotions.promote(kept, WHY)
    with pytest.raises(PromotionError, match="The reason has 0 characters"):
        promotions.promote(of_run(promotions), " ")


def test_a_broken_card_of_a_run_hides_no_other(
    promotions: Promotions, caplog: pytest.LogCaptureFixture
) -> None:
    make_run(promotions.settings)
    broken = make_run(promotions.settings, "broken", run="b") / "broken" / "card.json"
    broken.write_text("{")
    assert [each.card.name for each in promotions.candidates("classifier")][:1] == ["mine"]
    assert "A run is left out" in caplog.text


def test_a_run_that_goes_on_is_not_promoted(promotions: Promotions) -> None:
    from cervix_models.tasks import NewJob

    job = promotions.store.jobs.add(NewJob("train", "Train mine"))
    make_run(promotions.settings, run=job.id)
    found = of_run(promotions, job.id)
    assert found.lacks == ("Its run is not done: it is queued.",)
    assert found.origin["title"] == "Train mine"


def test_a_promotion_is_noted_in_the_audit_log(promotions: Promotions) -> None:
    name = promoted(promotions)
    (entry,) = [each for each in promotions.store.audit.entries() if each.subject == name]
    assert (entry.actor, entry.action) == ("ada", "model.promote")


def test_only_an_administrator_promotes(promotions: Promotions, triage: Triage) -> None:
    make_run(promotions.settings)
    found = of_run(promotions)
    plain = Promotions(triage.store, triage.settings)
    with acting_as(Person("bob", ("pathologist", "instructor"))):
        for call in (
            lambda: plain.candidates("classifier"),
            lambda: plain.promote(found, WHY),
            lambda: plain.roll_back("classifier", WHY),
            lambda: plain.history("classifier"),
        ):
            with pytest.raises(RoleError):
                call()


def test_the_default_that_comes_with_the_project_keeps_its_name(promotions: Promotions) -> None:
    promoted(promotions)
    found = next(each for each in promotions.candidates("classifier") if each.source == "shipped")
    measured = replace(found.card, metrics={"summary": "", "cluster_split": split_figures(0.9)})
    whole = replace(found, lacks=(), card=measured)
    assert promotions.promote(whole, WHY, confirmed=True).name == CLASSIFIER
    assert promotions.defaults() == Defaults()


def test_another_that_comes_with_the_project_is_kept_first(promotions: Promotions) -> None:
    shelf = make_run(promotions.settings)
    found = replace(of_run(promotions), source="shipped", origin={}, shelf=shelf)
    name = promotions.promote(found, WHY, confirmed=True).name
    assert load_card(name, promotions.settings.models).data["run"]["kept_by"] == "ada"
