from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cervix_models import language
from cervix_models.data.importing import import_dataset
from cervix_models.errors import StorageError
from cervix_models.evaluation.traits import TRAITS
from cervix_models.services.real_or_fake import RealOrFake
from cervix_models.services.synthesis import Synthesis
from cervix_models.storage import open_store
from tests import made_cells, tiny
from tests.data import made
from ui import session

PAGE = "../pages/learn/real_or_fake.py"
SPANISH = {
    "Real or fake": "Real o falsa",
    "Real": "Auténtica",
    "Made": "Hecha",
    "Picture {number}": "Imagen {number}",
    "Picture {number}, real or made?": "Imagen {number}, ¿auténtica o hecha?",
    "One by one": "Una a una",
    "All, mixed": "Todas, mezcladas",
    "Yours": "Las suyas",
    "Show the truth": "Mostrar la verdad",
    "✓ right": "✓ correcto",
    "✗ wrong": "✗ incorrecto",
    "{label}, by {generator}": "{label}, de {generator}",
    "Real cells": "Células auténticas",
    "Cells": "Células",
    "Judged": "Juzgadas",
} | {text: f"Pista: {text}" for each in TRAITS for text in (each.least, each.most)}


@pytest.fixture
def service(tmp_path, monkeypatch) -> RealOrFake:
    """The service over a store of its own, with one generator and no real cells."""
    settings = tiny.settings_in(tmp_path)
    synthesis = Synthesis(settings)
    made_cells.add_generator(synthesis, "one")
    store = open_store(settings)
    shared = RealOrFake(store, synthesis)
    monkeypatch.setattr(session, "shared_real_or_fake", lambda: shared)
    yield shared
    store.close()


@pytest.fixture
def with_real(service, tmp_path) -> RealOrFake:
    crops = made.sipakmed_crops(tmp_path / "cells", suffix=".png", clusters=5, cells=5)
    import_dataset(crops, service.synthesis.settings.home)
    return service


@pytest.fixture
def spanish(tmp_path, monkeypatch) -> None:
    """Makes a small catalogue the one of Spanish."""
    lines = [f'msgid "{text}"\nmsgstr "{other}"\n' for text, other in SPANISH.items()]
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    (tmp_path / "es.po").write_text("\n".join([head, *lines]), "utf-8")
    monkeypatch.setattr(language, "LOCALES", tmp_path)
    language.catalogue.cache_clear()
    yield
    language.catalogue.cache_clear()


def opened(app: AppTest) -> AppTest:
    page = app.switch_page(PAGE).run()
    assert not page.exception
    return page


def shown(page: AppTest) -> str:
    return " ".join(each.proto.body for each in page.get("html"))


def press(page: AppTest, words: str) -> AppTest:
    next(each for each in page.button if each.label == words).click().run()
    assert not page.exception
    return page


def choose(page: AppTest, label: str, value: object) -> AppTest:
    next(each for each in page.segmented_control if each.label == label).set_value(value).run()
    return page


def asked(page: AppTest) -> list:
    return [each for each in page.segmented_control if each.label.startswith("Picture ")]


def test_a_grid_is_answered_at_once_and_told_after_it(app, with_real) -> None:
    page = press(opened(app), "Start a round")
    html = shown(page)
    assert html.count("real or made?") == 12
    assert "synthetic" not in html
    for each in asked(page)[:11]:
        each.set_value("Made")
    next(each for each in page.feedback).set_value(3)
    press(page, "Show the truth")
    html = shown(page)
    assert html.count("<b>Real</b>") + html.count("<b>Made</b>") == 12
    assert html.count("– not answered") == 1
    assert "✓ right" in html
    assert "✗ wrong" in html
    assert "by one" in html
    assert "than in all the real" in html
    dealt = page.session_state["rof-round"]
    kept = with_real.store.judgements.all(round_id=dealt.id)
    assert [each.number for each in kept] == list(range(1, 12))
    assert {each.said_made for each in kept} == {True}
    assert (kept[0].quality, kept[1].quality) == (4, None)
    assert {each.learner for each in kept} == {"local"}
    right = sum(each.made for each in dealt.questions[:11])
    assert f"{right} of 11 right" in page.info[0].value


def test_what_the_next_round_shall_be_is_folded_while_one_goes_on(app, with_real) -> None:
    page = opened(app)
    assert not page.expander
    press(page, "Start a round")
    assert page.expander[0].label == "Another round"
    asked(page)[0].set_value("Real")
    press(page, "Show the truth")
    assert not page.expander


def test_a_grid_without_any_answer_tells_nothing(app, with_real) -> None:
    page = press(opened(app), "Start a round")
    press(page, "Show the truth")
    assert "at least one answer was expected" in page.error[0].value
    assert shown(page).count("real or made?") == 12
    assert with_real.store.judgements.sums() == []


def test_one_by_one_tells_after_each_answer_and_keeps_it(app, with_real) -> None:
    page = choose(opened(app), "Way", "One by one")
    choose(page, "Pictures", 6)
    press(page, "Start a round")
    dealt = page.session_state["rof-round"]
    for number, question in enumerate(dealt.questions, start=1):
        assert any(f"Picture {number} of 6" in each.value for each in page.markdown)
        assert "real or made?" in shown(page)
        keys = {each.label: each.proto.shortcut for each in page.button}
        assert (keys["Real"], keys["Made"]) == ("e", "m")
        if number == 1:
            next(e for e in page.segmented_control if e.label.startswith("Quality")).set_value(2)
        press(page, "Made" if question.made else "Real")
        assert "✓ right" in shown(page)
        assert len(with_real.store.judgements.all(round_id=dealt.id)) == number
        if number < 6:
            press(page, "Next")
    assert "6 of 6 right" in page.info[0].value
    kept = with_real.store.judgements.all(round_id=dealt.id)
    assert [each.quality for each in kept] == [2, None, None, None, None, None]
    metrics = {each.label: each.value for each in page.metric}
    assert metrics["Right"] == "100.0 %"
    assert float(metrics["Sensitivity d′"]) > 1


def test_what_was_said_survives_a_restart_and_is_shown_beside_what_is_reported(
    app, with_real
) -> None:
    dealt = with_real.deal((), 12, 3)
    from cervix_models.services.real_or_fake import Answer

    with_real.keep(dealt, {n: Answer(said_made=n % 2 == 0) for n in range(1, 13)}, "other")
    page = opened(app)
    assert "Nothing can be told" in " ".join(each.value for each in page.caption)
    choose(page, "Whose answers", "Everybody’s")
    table = page.dataframe[0].value
    rows = table.set_index("Cells")
    assert rows.loc["Real cells", "Judged"] + rows.loc["one", "Judged"] == 12
    assert rows.loc["one", "KID"] == 0.05
    assert rows.loc["cyclegan", "Reported real"] > 0
    assert "Preferred" not in table.columns
    assert any("BreakHis" in each.value for each in page.caption)


def speak(page: AppTest, code: str) -> AppTest:
    next(each for each in page.selectbox if each.key == "language-box").set_value(code).run()
    assert not page.exception
    return page


def test_a_round_goes_on_in_another_language_and_nothing_is_lost(app, with_real, spanish) -> None:
    made_cells.add_generator(with_real.synthesis, "two")
    page = opened(app)
    next(each for each in page.selectbox if each.key == "rof-generator").set_value("one").run()
    choose(page, "Pictures", 6)
    press(page, "Start a round")
    dealt = page.session_state["rof-round"]
    for each in asked(page)[:4]:
        each.set_value("Made")
    next(each for each in page.feedback).set_value(3)
    speak(page, "es")
    assert page.title[0].value == "Real o falsa"
    assert page.session_state["rof-round"].id == dealt.id
    assert shown(page).count("¿auténtica o hecha?") == 6
    pictures = [each for each in page.segmented_control if each.label.startswith("Imagen ")]
    assert [each.value for each in pictures] == ["Made"] * 4 + [None] * 2
    assert {tuple(each.options) for each in pictures} == {("Auténtica", "Hecha")}
    pictures[4].set_value("Real")
    press(page, "Mostrar la verdad")
    kept = with_real.store.judgements.all(round_id=dealt.id)
    assert [each.said_made for each in kept] == [True] * 4 + [False]
    assert (kept[0].quality, kept[1].quality) == (4, None)
    html = shown(page)
    right = sum(each.made for each in dealt.questions[:4]) + (not dealt.questions[4].made)
    assert html.count("✓ correcto") == right
    assert html.count("✗ incorrecto") == 5 - right
    assert html.count("<b>Hecha</b>") == sum(each.made for each in dealt.questions)
    assert "Pista: Its " in html
    rows = page.dataframe[0].value.set_index("Células")
    assert rows.loc["Células auténticas", "Juzgadas"] + rows.loc["one", "Juzgadas"] == 5
    assert page.session_state["rof-generator"] == "one"
    speak(page, "en")
    assert shown(page).count("✓ right") == right
    assert with_real.store.judgements.all(round_id=dealt.id) == kept


def test_without_real_cells_the_page_says_how_to_import_them(app, service) -> None:
    page = opened(app)
    assert "python -m cervix_models data import PATH" in page.info[0].value
    assert "Pairs need two generators, and only one is here" in page.info[1].value
    assert not [each for each in page.button if each.label in ("Start a round", "New pair")]


def test_without_real_cells_generators_are_compared_in_pairs(app, service) -> None:
    made_cells.add_generator(service.synthesis, "two")
    page = press(opened(app), "New pair")
    assert shown(page).count("cell, synthetic") == 2
    assert "made by" not in shown(page)
    pair = page.session_state["rof-pair"]
    press(page, "Left looks more real")
    html = shown(page)
    assert f"Left side: made by <b>{pair.cells[0].generator}</b>, your choice" in html
    assert service.store.judgements.preferences() == {
        (pair.cells[0].generator, pair.cells[1].generator): 1
    }
    rows = page.dataframe[0].value.set_index("Cells")
    assert rows.loc[pair.cells[0].generator, "Preferred"].startswith("100.0 %")
    press(page, "Next pair")
    assert page.session_state["rof-pair"].id != pair.id
    assert "made by" not in shown(page)


def test_without_generators_the_page_says_how_to_train_one(app, service, monkeypatch) -> None:
    monkeypatch.setattr(service.synthesis, "cards", list)
    page = opened(app)
    assert "python -m cervix_models train cgan_projection" in page.info[-1].value


def test_an_answer_that_cannot_be_stored_is_not_told(app, with_real, monkeypatch) -> None:
    page = press(choose(opened(app), "Way", "One by one"), "Start a round")

    def refuse(given) -> None:
        raise StorageError("The database is gone.")

    monkeypatch.setattr(with_real.store.judgements, "add", refuse)
    press(page, "Real")
    assert "The database is gone" in page.error[0].value
    assert "real or made?" in shown(page)


def test_pictures_that_are_gone_are_told_with_a_sentence(app, with_real, tmp_path) -> None:
    (tmp_path / "cells").rename(tmp_path / "moved")
    page = press(opened(app), "Start a round")
    assert "cannot be read" in page.error[0].value
