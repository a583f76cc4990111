from dataclasses import replace

from cervix_models.data.labels import CLASS_NAMES
from tests.fakes import CARD
from ui import card_view


def test_figures_carry_their_interval() -> None:
    rows = card_view.figures({"accuracy": {"value": 0.97654, "low": 0.96, "high": 0.98}, "n": 12})
    assert rows == [
        {"Measure": "Accuracy", "Value": "0.9765", "Interval": "0.96 to 0.98"},
        {"Measure": "N", "Value": "12", "Interval": ""},
    ]


def test_mappings_within_are_opened_and_plotted_numbers_left_to_the_plots() -> None:
    rows = card_view.figures({"gate": {"blur": 0.5}, "confusion": [[1]], "tried": [{"a": 1}]})
    assert rows == [{"Measure": "Gate: blur", "Value": "0.5", "Interval": ""}]


def test_figures_by_class_and_lists_become_tables() -> None:
    by_class = {name: {"recall": {"value": 0.9, "low": 0.8, "high": 0.95}} for name in CLASS_NAMES}
    found = card_view.tables({"by_class": by_class, "tried": [{"backbone": "x", "accuracy": 0.9}]})
    assert found["By class"][0] == {"By class": "Dyskeratotic", "Recall": "0.9 (0.8 to 0.95)"}
    assert found["Tried"] == [{"Backbone": "x", "Accuracy": "0.9"}]


def test_plots_are_made_of_what_the_card_holds() -> None:
    protocol = CARD.metrics["clusters"]
    titles = [title for title, _ in card_view.plots(CARD, protocol)]
    assert titles == [
        "Which class is taken for which",
        "Are the probabilities honest?",
        "What refusing buys",
    ]
    assert card_view.plots(replace(CARD, metrics={}), {}) == []
