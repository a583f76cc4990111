"""Rounds of real and made cells: half and half, nothing told before the answer, all kept."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cervix_models.contracts import JudgementSum
from cervix_models.data.importing import import_dataset
from cervix_models.data.intake import take_cell_image
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.marks import ASKED, KEY, is_marked
from cervix_models.errors import DataError, JudgementError
from cervix_models.evaluation.detection import Said
from cervix_models.evaluation.traits import TRAITS, Oddity
from cervix_models.services.judged import REAL, results, said_of
from cervix_models.services.real_or_fake import Answer, RealOrFake, clue_words
from cervix_models.services.synthesis import Synthesis
from cervix_models.storage import open_store
from tests import made_cells, tiny
from tests.data import made


@pytest.fixture
def service(tmp_path) -> RealOrFake:
    """Two generators, and an imported set of 40 cells."""
    settings = tiny.settings_in(tmp_path)
    crops = made.sipakmed_crops(tmp_path / "cells", suffix=".png", clusters=2, cells=4)
    import_dataset(crops, settings.home)
    synthesis = Synthesis(settings)
    for name in ("one", "two"):
        made_cells.add_generator(synthesis, name)
    store = open_store(settings)
    yield RealOrFake(store, synthesis)
    store.close()


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def without_images(service: RealOrFake, tmp_path) -> RealOrFake:
    elsewhere = replace(service.synthesis.settings, home=tmp_path / "elsewhere")
    service.synthesis.settings = elsewhere
    return service


def test_about_half_of_a_round_is_real_and_all_generators_take_part(service) -> None:
    for seed in range(4):
        dealt = service.deal((), 24, seed)
        assert [each.number for each in dealt.questions] == list(range(1, 25))
        assert 8 <= sum(each.made for each in dealt.questions) <= 16
        assert {each.generator for each in dealt.questions} == {None, "one", "two"}
        real = [each.truth for each in dealt.questions if not each.made]
        assert len(set(real)) == len(real)
    assert {each.generator for each in service.deal(["two"], 12, 0).questions} == {None, "two"}


def test_the_same_seed_deals_the_same_pictures_under_another_id(service) -> None:
    one, two, other = service.deal((), 6, 1), service.deal((), 6, 1), service.deal((), 6, 2)
    assert one.questions == two.questions != other.questions
    assert one.id != two.id


def test_nothing_tells_before_the_answer_and_the_truth_is_marked_after_it(service) -> None:
    for each in service.deal((), 12, 3).questions:
        asked, truth = opened(each.asked), opened(each.truth)
        assert asked.size == truth.size == (64, 64)
        assert asked.info[KEY] == ASKED
        assert take_cell_image(each.asked, "cell.png").synthetic
        assert is_marked(truth) is each.made
        assert (each.weights is not None) is each.made
    corners = {
        np.asarray(opened(each.asked))[-9:, -19:].tobytes()
        for each in service.deal((), 12, 3).questions
    }
    assert len(corners) == 1


def test_what_cannot_be_dealt_is_said(service, tmp_path) -> None:
    with pytest.raises(DataError, match="Cells by 'three' were asked for; the generators here are"):
        service.deal(["three"], 6, 0)
    with pytest.raises(DataError, match="A round of 1 pictures"):
        service.deal((), 1, 0)
    with pytest.raises(DataError, match=r"All \d+ imported cells .* Ask for fewer"):
        service.deal((), 200, 0)
    assert service.has_real()
    without_images(service, tmp_path)
    assert not service.has_real()
    with pytest.raises(DataError, match=r"SIPaKMeD is not imported.*data import PATH"):
        service.deal((), 6, 0)


def test_without_generators_there_is_no_round_and_no_pair(service, monkeypatch) -> None:
    monkeypatch.setattr(service.synthesis, "cards", list)
    with pytest.raises(DataError, match="No generator is here"):
        service.deal((), 6, 0)
    with pytest.raises(DataError, match=r"0 generators are here \(none\); two"):
        service.deal_pair(0)


def test_answers_are_kept_and_summed(service) -> None:
    dealt = service.deal(["one"], 12, 5)
    answers = {each.number: Answer(each.made, 4) for each in dealt.questions[:10]}
    service.keep(dealt, answers, "ann")
    found = service.results("ann")
    assert (found.judged, found.rounds) == (10, 1)
    assert found.told["accuracy"]["value"] == 1
    assert found.told["d_prime"]["low"] > 0
    assert service.results("bob").judged == 0
    rows = {row.name: row for row in found.rows}
    assert rows["one"].called_real["value"] == 0
    assert rows[REAL].called_real["value"] == 1
    assert rows["one"].quality["value"] == 4
    assert rows["two"].called_real is None
    with pytest.raises(JudgementError, match="was judged before"):
        service.keep(dealt, answers, "ann")


def test_a_pair_is_of_one_class_and_two_generators_and_is_kept(service) -> None:
    pair = service.deal_pair(4)
    assert {each.generator for each in pair.cells} == {"one", "two"}
    assert {each.label for each in pair.cells} == {pair.label}
    assert all(is_marked(opened(each.png)) for each in pair.cells)
    service.prefer(pair, 1, "ann")
    rows = {row.name: row for row in service.results("ann").rows}
    assert rows[pair.cells[1].generator].preferred["value"] == 1
    assert rows[pair.cells[0].generator].preferred["value"] == 0
    with pytest.raises(JudgementError, match="pair was judged before"):
        service.prefer(pair, 0, "ann")


def test_the_clue_is_measured_against_real_cells_of_the_class(service, tmp_path) -> None:
    question = service.deal((), 6, 0).questions[0]
    few = f"Too few real {question.label} cells are imported to measure it against."
    assert service.clue(question) == few
    many = made.sipakmed_crops(tmp_path / "more", suffix=".png", clusters=5, cells=5)
    import_dataset(many, service.synthesis.settings.home, name="sipakmed")
    clue = service.clue(next(each for each in service.deal((), 12, 0).questions if each.made))
    assert clue.startswith("Its ")  # an even picture among grainy ones
    assert " than in all the real " in clue


def test_pictures_that_are_gone_are_named(service, tmp_path) -> None:
    (tmp_path / "cells").rename(tmp_path / "moved")
    with pytest.raises(DataError, match=r"of SIPaKMeD cannot be read.*import the data set again"):
        service.deal((), 12, 0)


def test_clues_are_sentences() -> None:
    low, high = Oddity(TRAITS[0], more=False, beyond=0.97), Oddity(TRAITS[3], more=True, beyond=1.0)
    assert clue_words(low, "Parabasal") == (
        "Its finest detail is weaker than in 97 % of real Parabasal cells."
    )
    assert clue_words(high, "Parabasal") == (
        "Its background is less even than in all the real Parabasal cells that were measured."
    )
    assert (
        clue_words(None, "Parabasal") == "None of the measures tells it from real Parabasal cells."
    )


SUMS = [
    JudgementSum("ann", "a", None, 6, 1, 2, 7, 25),
    JudgementSum("ann", "a", "one", 4, 3, 0, 0, 0),
    JudgementSum("ann", "a", "two", 2, 0, 1, 5, 25),
    JudgementSum("ann", "b", None, 5, 4, 0, 0, 0),
    JudgementSum("ann", "b", "one", 7, 7, 0, 0, 0),
]


def test_a_generator_is_set_against_the_real_cells_of_its_rounds() -> None:
    assert said_of(SUMS) == Said(made=13, hits=10, real=11, false_alarms=5)
    assert said_of(SUMS, "one") == Said(made=11, hits=10, real=11, false_alarms=5)
    assert said_of(SUMS, "two") == Said(made=2, hits=0, real=6, false_alarms=1)
    assert said_of([], "one") == Said()


def test_every_generator_that_was_judged_or_reported_has_a_row() -> None:
    found = results(SUMS, {("one", "two"): 3, ("two", "one"): 1}, [])
    names = [row.name for row in found.rows]
    assert names[:3] == [REAL, "one", "two"]
    assert {"cyclegan", "cyclegan_vgg16", "cyclegan_resnet50"} <= set(names)
    rows = {row.name: row for row in found.rows}
    assert rows["one"].preferred["value"] == 0.75
    assert rows["cyclegan_vgg16"].reported_real > rows["cyclegan"].reported_real
    assert rows[REAL].reported_real is not None
    assert rows[REAL].quality["value"] == 3.5
    assert len(found.course) == 2
    assert "BreakHis" in found.pictures
    assert set(CLASS_NAMES).isdisjoint(names)


def test_before_anything_was_said_there_is_nothing_to_tell() -> None:
    found = results([], {}, [])
    assert (found.judged, found.rounds, found.told, found.course) == (0, 0, None, ())
    assert found.rows[0].called_real is None
