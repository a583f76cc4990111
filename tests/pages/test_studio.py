from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cervix_models.contracts import Card, Wish
from cervix_models.data.composing import Composed
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.data.pictures import png_of
from cervix_models.data.shapes import Control, size_of
from cervix_models.services.composing import MadeField
from cervix_models.services.steering import Offer, SteeredCell
from cervix_models.services.synthesis import Synthesis
from cervix_models.services.turning import Look, Turned
from tests import tiny
from tests.fakes import drawn_cell
from tests.made_cells import add_generator
from ui import session

PAGE = "../pages/generate/studio.py"


class Fourth:
    """Takes the fourth of some pictures for a copy."""

    def flagged(self, images: list[np.ndarray]) -> list[bool]:
        return [at == 3 for at in range(len(images))]


class Turns:
    """Turns every cell into itself, a little darker each time."""

    def __init__(self) -> None:
        self.card = tiny.card(tiny.recipe("cyclegan", name="cyclegan"), "0" * 64)
        self.asked: list[tuple[str, str, bool]] = []

    def cards(self) -> list[Card]:
        return [self.card]

    def turn(
        self, name: str, upload: bytes, filename: str, label: str, back: str, *, sample: bool
    ) -> Turned:
        self.asked.append((label, back, sample))
        shares = [
            {each: 0.9 if each == of else 0.025 for each in CLASS_NAMES} for of in (back, label)
        ]
        looks = [
            Look(png_of(np.full((64, 64, 3), tone, np.uint8)), np.eye(64, dtype=np.uint8), share)
            for tone, share in zip((200, 180, 190), (*shares, shares[0]), strict=True)
        ]
        return Turned(name, label, *looks, {"nucleus": 0.8, "cell": 0.9}, near_copy=True)


class Steers:
    """Makes a grey cell of every wish, and keeps what it was asked for."""

    def __init__(self) -> None:
        given = tiny.recipe("cellflux", name="cellflux")
        self.card = tiny.card(given, "0" * 64, input={"size": 64, "latent": 1025})
        self.asked: list[tuple[Wish, Control | None]] = []
        self.lacks, self.licence = "Missing: FLUX.1. Both are 35.5 GB.", ""

    def offers(self) -> list[Offer]:
        large = Offer("flux_controlnet", CLASS_NAMES, 512, lacks=self.lacks, licence=self.licence)
        return [Offer("cellflux", CLASS_NAMES, 64, self.card), large]

    def accept(self, user: str) -> None:
        self.licence = ""

    def make(self, name: str, wish: Wish, control: Control | None, watch) -> list[SteeredCell]:
        self.asked.append((wish, control))
        png = png_of(np.full((64, 64, 3), 150, np.uint8))
        watch(2, [png] * wish.count)
        labels = np.eye(64, dtype=np.uint8) if control is None else control.labels
        dice = {"nucleus": 0.91, "cytoplasm": 0.8, "cell": 0.95} if control else {}
        shares = {each: 0.9 if each == wish.label else 0.025 for each in CLASS_NAMES}
        return [SteeredCell(png, labels, dice, shares, near_copy=True)] * wish.count


@pytest.fixture
def steers(monkeypatch) -> Steers:
    made = Steers()
    monkeypatch.setattr(session, "shared_steering", lambda: made)
    return made


@pytest.fixture
def turns(monkeypatch) -> Turns:
    made = Turns()
    monkeypatch.setattr(session, "shared_turning", lambda: made)
    session.turned.clear()
    session.imported_cell.clear()
    return made


@pytest.fixture
def synthesis(tmp_path, monkeypatch, turns, steers) -> Synthesis:
    settings = tiny.settings_in(tmp_path)
    made = Synthesis(settings)
    monkeypatch.setattr(session, "shared_synthesis", lambda: made)
    monkeypatch.setattr(session, "imported_cell", lambda *_: None)
    for cached in (session.made_cells, session.walk):
        cached.clear()
    return made


def _with_generator(synthesis: Synthesis) -> None:
    card = add_generator(synthesis, "tiny_cgan")
    maker, _, _ = synthesis._makers[card.name]
    synthesis._makers[card.name] = (maker, Fourth(), card)


@pytest.fixture
def studio(app: AppTest, synthesis: Synthesis) -> AppTest:
    _with_generator(synthesis)
    page = app.switch_page(PAGE).run()
    assert not page.exception
    return page


def shown(page: AppTest) -> str:
    return " ".join(each.proto.body for each in page.get("html"))


def test_without_a_generator_the_page_says_how_to_get_one(app, synthesis, turns) -> None:
    turns.cards = list
    page = app.switch_page(PAGE).run()
    assert not page.exception
    assert "python -m cervix_models train cgan_projection" in page.info[0].value


def test_cells_of_every_class_are_shown_with_words_and_figures(studio) -> None:
    html = shown(studio)
    for name in CLASS_NAMES:
        assert html.count(f'alt="Synthetic {name} cell, number ') == 6
    assert "takes 88.0 % of its cells" in html
    assert "97.0 % of real ones" in html
    assert "0.050; between real ones it is 0.001" in html
    assert (
        html.count('class="cx-near"')
        == html.count("nearly a copy of a real one")
        == len(CLASS_NAMES)
    )
    assert "may be nearly a copy" in studio.warning[0].value


def test_one_class_and_another_seed(studio) -> None:
    before = shown(studio)
    label = next(each for each in studio.selectbox if each.label == "Class")
    label.set_value(CLASS_NAMES[2]).run()
    assert f"Synthetic {CLASS_NAMES[2]} cell, number 6" in shown(studio)
    assert f"Synthetic {CLASS_NAMES[0]} cell, number" not in shown(studio)
    one = shown(studio)
    next(each for each in studio.button if each.label == "Others").click().run()
    assert not studio.exception
    assert studio.session_state["studio-seed"] == 2
    assert shown(studio) not in (before, one)


def test_the_walk_has_a_step_and_a_film(studio) -> None:
    _open(studio, "From one to another")
    html = shown(studio)
    assert f"Synthetic cell, step 8 of 16 from {CLASS_NAMES[0]} to {CLASS_NAMES[3]}" in html
    assert "data:image/webp;base64," in html
    next(each for each in studio.slider if each.label == "Step").set_value(16).run()
    assert "Step 16 of 16" in shown(studio)


def test_a_sample_is_turned_into_another_class(studio, turns) -> None:
    _open(studio, "Turn a cell")
    assert not studio.exception
    start, label = CLASS_NAMES[0], CLASS_NAMES[2]
    assert turns.asked == [(label, start, True)]
    html = shown(studio)
    assert f'alt="Synthetic cell, as {label.lower()}, with its outlines"' in html
    said = " ".join(each.value for each in studio.markdown)
    assert f"gives **{label}** 90.0 % now, 2.5 % before" in said
    assert "80.0 % stay where they were, of the cell 90.0 %" in said
    assert "may be nearly a copy" in studio.warning[0].value
    into = next(each for each in studio.selectbox if each.label == "Turn into")
    into.set_value(CLASS_NAMES[1]).run()
    assert turns.asked[-1] == (CLASS_NAMES[1], CLASS_NAMES[2], True)


def test_without_a_translator_the_tab_says_how_to_get_one(studio, turns) -> None:
    turns.cards = list
    _open(studio, "Turn a cell")
    assert "python -m cervix_models train cyclegan" in studio.info[0].value


def _open(page: AppTest, tab: str) -> None:
    page.session_state["studio-tab"] = tab
    page.run()


def _steering(studio: AppTest) -> AppTest:
    studio.session_state["studio-tab"] = "Draw a cell"
    page = studio.run()
    assert not page.exception
    return page


def test_a_drawn_cell_is_made_and_held_against_the_drawing(studio, steers) -> None:
    page = _steering(studio)
    (wish, control) = steers.asked.pop()
    assert (wish.label, wish.count, wish.seed) == (CLASS_NAMES[0], 4, 1)
    assert control is not None
    assert size_of(control.labels) is not None
    html = shown(page)
    assert html.count(f'alt="Synthetic {CLASS_NAMES[0]} cell, number ') == 4
    assert "with the outlines that are found in it" in html
    assert "tiny_cgan" in html  # the same class by another generator
    text = " ".join(each.value for each in page.markdown)
    assert "Dice of **0.91** and the cell with **0.95**" in text
    assert "may be nearly a copy" in page.warning[0].value
    page.run()
    assert not steers.asked  # what was made is remembered


def test_a_larger_nucleus_keeps_seed_and_cell(studio, steers) -> None:
    page = _steering(studio)
    _, before = steers.asked.pop()
    page.slider(key="steer-grow").set_value(4).run()
    assert not page.exception
    wish, after = steers.asked.pop()
    assert wish.seed == 1
    assert ((before.labels > 0) == (after.labels > 0)).all()
    assert (after.labels == 2).sum() > 1.5 * (before.labels == 2).sum()


def test_how_a_cell_is_made_is_the_readers_choice(studio, steers) -> None:
    page = _steering(studio)
    page.slider(key="steer-heed").set_value(0.5)
    page.slider(key="steer-guidance").set_value(3.0)
    page.slider(key="steer-steps").set_value(40).run()
    wish, _ = steers.asked.pop()
    assert (wish.heed, wish.guidance, wish.steps) == (0.5, 3.0, 40)


def test_cells_are_made_of_nothing_too_and_wait_for_a_file(studio, steers) -> None:
    page = _steering(studio)
    steers.asked.clear()
    page.segmented_control(key="steer-way").set_value("Nothing").run()
    assert steers.asked.pop()[1] is None
    page.segmented_control(key="steer-way").set_value("A file").run()
    assert not page.exception
    assert not steers.asked
    assert "as soon as there is something to steer them by" in page.info[0].value
    labels = np.zeros((80, 80), np.uint8)
    labels[20:60, 20:60], labels[35:45, 35:45] = 1, 2
    page.file_uploader[0].set_value(("labels.png", png_of(labels), "image/png")).run()
    assert not page.exception
    assert set(np.unique(steers.asked.pop()[1].labels)) == {0, 1, 2}
    page.file_uploader[0].set_value(("a.png", b"none", "image/png")).run()
    assert page.error
    assert not steers.asked


def test_outlines_come_from_a_reading(studio, steers, triage) -> None:
    page = _steering(studio)
    page.segmented_control(key="steer-way").set_value("A reading").run()
    assert "No cell was read here yet" in " ".join(each.value for each in page.caption)
    triage.read(png_of(drawn_cell(120)), "a.png")
    steers.asked.clear()
    page.run()
    assert not page.exception
    assert set(np.unique(steers.asked.pop()[1].labels)) == {0, 1, 2}


def test_without_a_generator_that_is_steered_the_tab_says_so(studio, steers) -> None:
    steers.offers = lambda: [Offer("flux_controlnet", CLASS_NAMES, 512, lacks="Missing.")]
    page = _steering(studio)
    assert "python -m cervix_models train cellflux" in page.info[0].value


def test_the_large_flux_says_what_it_lacks_and_shows_its_licence_first(studio, steers) -> None:
    page = _steering(studio)
    steers.asked.clear()
    page.selectbox(key="steer-generator").set_value("flux_controlnet").run()
    assert "35\\.5 GB" in page.info[0].value
    assert not steers.asked
    steers.lacks, steers.licence = "", "For research alone."
    page.run()
    assert page.text[0].value == "For research alone."
    assert not steers.asked
    next(each for each in page.button if each.label.startswith("I have read")).click().run()
    assert not page.exception
    assert steers.asked.pop()[0].label == CLASS_NAMES[0]


def _field(studio: AppTest) -> AppTest:
    studio.session_state["studio-tab"] = "A field"
    page = studio.run()
    assert not page.exception
    return page


def _make_field(page: AppTest) -> AppTest:
    next(each for each in page.button if each.label == "Make the field").click().run()
    assert not page.exception
    return page


def test_a_field_is_composed_of_as_many_cells_as_are_asked_for(studio, steers, monkeypatch) -> None:
    asked: list[dict[str, int]] = []

    def made_field(_steering, name, counts, seed, watch):
        asked.append(counts)
        watch(1, 2)
        numbers = np.zeros((90, 120), np.uint16)
        numbers[20:60, 20:60], numbers[20:60, 70:110] = 1, 2
        truth = Composed(
            np.full((90, 120, 3), 220, np.uint8), numbers, numbers * 0, tuple(CLASS_NAMES[:2])
        )
        return MadeField(png_of(truth.image), truth, "made up")

    monkeypatch.setattr("cervix_models.services.composing.made_field", made_field)
    page = _field(studio)
    assert not asked
    page.number_input(key=f"field-{CLASS_NAMES[0]}").set_value(1)
    page = _make_field(page)
    assert asked == [{**dict.fromkeys(CLASS_NAMES, 2), CLASS_NAMES[0]: 1}]
    assert "DK" in shown(page)
    assert "KO" in shown(page)
    assert "MP" not in shown(page)
    page.toggle(key="field-outlined").set_value(True).run()
    assert not page.exception
    assert len(asked) == 1


def test_a_field_of_no_cells_is_refused(studio, steers) -> None:
    page = _field(studio)
    for label in CLASS_NAMES:
        page.number_input(key=f"field-{label}").set_value(0)
    assert "0 cells was asked for" in _make_field(page).error[0].value
    steers.offers = lambda: [Offer("flux_controlnet", CLASS_NAMES, 512, lacks="Missing.")]
    assert "python -m cervix_models train cellflux" in _field(page).info[0].value
