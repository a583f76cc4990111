"""The documents name what there is, and no figure that was not measured."""

from __future__ import annotations

import json
import re

import pytest

from cervix_models.__main__ import build_parser
from cervix_models.contracts import NOTICE
from cervix_models.errors import DataError
from scripts import figures
from tests.fake_generators import (
    generator_metrics,
    help_of,
    save_fake,
    translator_metrics,
)
from tests.house import docs, files
from ui.contents import entries

DOCUMENTS = {
    str(path.relative_to(figures.ROOT)): path.read_text("utf-8") for path in figures.documents()
}
README = DOCUMENTS["README.md"]
SOURCES = files.sources()
MADE = ("generators", "help", "translators")
FROM = "<!-- from: weights/cnn/card.json#metrics.accuracy -->"


def test_every_document_of_the_project_is_read() -> None:
    expected = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/architecture.md"}
    expected |= {"docs/adding_a_model.md", "docs/deploying.md", "docs/safety.md"}
    assert expected <= set(DOCUMENTS)


def test_every_command_is_documented() -> None:
    commands = [f"cervix_models {each}" for each in docs.commands(build_parser())]
    assert docs.missing(commands, DOCUMENTS) == []


def test_every_command_that_the_documents_tell_of_exists() -> None:
    known = set(docs.commands(build_parser()))
    told = {
        name for text in DOCUMENTS.values() for name in re.findall(r"cervix_models ([a-z]+)", text)
    }
    assert told - known == set()


def test_every_setting_is_documented_for_those_who_deploy() -> None:
    settings = docs.settings(SOURCES.values())
    assert "CERVIX_HOME" in settings
    assert docs.missing(settings, {"deploying": DOCUMENTS["docs/deploying.md"]}) == []


def test_every_setting_that_the_documents_name_exists() -> None:
    tests = [(files.ROOT / each).read_text("utf-8") for each in files.project_files()
             if each.startswith("tests/") and each.endswith(".py")]  # fmt: skip
    known = docs.settings([*SOURCES.values(), *tests])
    assert docs.settings(DOCUMENTS.values()) - known == set()


def test_every_page_is_documented() -> None:
    pages = {f"pages/{each.file}": each.title for each in entries()}
    assert set(pages) == {path for path in SOURCES if path.startswith("pages/")}
    assert docs.missing([f"**{title}**" for title in pages.values()], {"README": README}) == []


def test_every_make_target_is_documented_and_exists() -> None:
    targets = docs.targets((files.ROOT / "Makefile").read_text("utf-8"))
    assert docs.missing([f"make {each}" for each in targets], {"README": README}) == []
    for name, text in DOCUMENTS.items():
        assert docs.targets_named(text) - targets == set(), name


def test_the_first_screen_says_how_to_start_and_what_this_is_not() -> None:
    first = "\n".join(README.splitlines()[:40])
    assert "make run" in first
    assert "make test" in first
    assert NOTICE in first


def test_every_link_leads_to_a_file() -> None:
    for name, text in DOCUMENTS.items():
        folder = (figures.ROOT / name).parent
        assert [each for each in docs.links(text) if not (folder / each).exists()] == [], name


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_figure_is_as_measured(name) -> None:
    assert figures.refreshed(DOCUMENTS[name]) == DOCUMENTS[name], "run: make figures"


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_no_figure_stands_without_its_source(name) -> None:
    assert figures.bare_figures(DOCUMENTS[name]) == []


@pytest.fixture
def project(tmp_path):
    """A project folder with one card."""
    card = tmp_path / "weights/cnn/card.json"
    card.parent.mkdir(parents=True)
    card.write_text(json.dumps({"metrics": {"accuracy": 0.97456, "cells": 3424, "ci": [0.9, 1]}}))
    return tmp_path


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("accuracy", "97.4 %", "97.5 %"),
        ("accuracy", "?.?? %", "97.46 %"),
        ("accuracy", "0.000", "0.975"),
        ("cells", "?", "3,424"),
        ("ci.0", "? %", "90 %"),
    ],
)
def test_a_figure_follows_its_results_file(project, path, before, after) -> None:
    marker = f"<!-- from: weights/cnn/card.json#metrics.{path} -->"
    text = f"| cnn | {marker}{before}<!-- /from --> |"
    assert figures.refreshed(text, project) == f"| cnn | {marker}{after}<!-- /from --> |"


def test_the_table_of_models_is_made_from_their_cards(project) -> None:
    text = "above\n<!-- models -->\nold: 12 %\n<!-- /models -->\nbelow\n"
    assert figures.bare_figures(text) == []
    with pytest.raises(DataError, match="has no 'kind'"):
        figures.refreshed(text, project)
    card = {"kind": "classifier", "version": "1.0", "metrics": {"summary": "97.5 % of 40 cells"}}
    (project / "weights/cnn/card.json").write_text(json.dumps(card))
    new = figures.refreshed(text, project)
    assert "old" not in new
    assert "| `cnn` | classifier | 1.0 | 97.5 % of 40 cells |\n<!-- /models -->\nbelow" in new
    assert figures.refreshed(new, project) == new


def test_the_table_of_segmenters_has_the_best_first(project) -> None:
    def between(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 0.01, "high": value + 0.01}

    for name, dice in (("worse", 0.9), ("better", 0.95)):
        split = {
            "dice": {region: between(dice) for region in ("nucleus", "cell", "cytoplasm")},
            "dice_with_background": between(dice),
            "boxes_within_a_tenth": between(0.91),
        }
        card = {"name": name, "kind": "segmenter", "metrics": {"cluster_split": split}}
        if name == "worse":
            card["metrics"]["reported"] = {"dice_nucleus": 0.933, "split": "not stated"}
        folder = project / "weights" / name
        folder.mkdir()
        (folder / "card.json").write_text(json.dumps(card))
    cnn = {"name": "cnn", "kind": "classifier", "metrics": {"cluster_split": {}}}
    (project / "weights/cnn/card.json").write_text(json.dumps(cnn))
    new = figures.refreshed("<!-- segmenters -->\n<!-- /segmenters -->\n", project)
    rows = [line for line in new.splitlines() if line.startswith("| `")]
    spread = "0.950 (0.940 to 0.960)"
    assert rows[0] == f"| `better` |{f' {spread} |' * 4} 91.0 % (90.0 to 92.0) |  |"
    assert rows[1].startswith("| `worse` | 0.900 (0.890 to 0.910)")
    assert rows[1].endswith("| 0.933 nucleus |")
    assert figures.bare_figures(new) == []
    assert figures.refreshed(new, project) == new


@pytest.fixture
def making(tmp_path):
    """A project folder with cards of what makes cells."""
    tried = generator_metrics(help=help_of((0.05, 0.0, 0.0, 0.0)))
    save_fake(tmp_path / "weights", "cgan_projection", tried)
    save_fake(tmp_path / "weights", "cgan", generator_metrics(0.4, 0.5))
    save_fake(tmp_path / "weights", "cyclegan", translator_metrics())
    return tmp_path


def test_what_makes_cells_stands_beside_real_cells(making) -> None:
    text = "".join(f"<!-- {each} -->\nold 1 %\n<!-- /{each} -->\n" for each in MADE)
    assert figures.bare_figures(text) == []
    new = figures.refreshed(text, making)
    assert "old" not in new
    rows = [line for line in new.splitlines() if line.startswith("| ") and "---" not in line]
    real, first, second = rows[1:4]
    assert real.startswith(
        "| real cells | 0.002 (-0.005 to 0.013) | 1.0 | 88.0 % | 68.0 % | 96.0 %"
    )
    assert first.startswith("| `cgan` | 0.400 (0.320 to 0.480) | 200.0 |")
    assert second.startswith("| `cgan_projection` |")
    assert second.endswith("| 0.4 % |")
    assert "| `cgan_projection` | none |  | 65.0 % (63.7 to 66.3) |  |" in rows
    gain = "70.0 % (68.6 to 71.4) | 75.0 % (73.5 to 76.5) | +5.0 (+3.0 to +7.0)"
    assert f"| `cgan_projection` | 10 % | {gain} |" in rows
    assert "| `cyclegan` | Koilocytotic | 0.200 (0.160 to 0.240) | 0.004 | 60.0 % |" in new
    assert rows[-1].startswith("| `cyclegan`, reported |  |  |  | 70.0 % | 0.309 | 0.943 |")
    assert {line.count("|") for line in rows[:4]} == {9}
    assert figures.refreshed(new, making) == new
    assert figures.bare_figures(new) == []


def test_where_nothing_makes_cells_the_tables_say_so(project) -> None:
    (project / "weights/cnn/card.json").unlink()
    for name in MADE:
        text = f"<!-- {name} -->\n<!-- /{name} -->\n"
        assert "None is measured yet." in figures.refreshed(text, project)


def test_a_marker_in_code_is_an_example(project) -> None:
    text = "```\n<!-- from: weights/none/card.json#a -->1<!-- /from -->\n```\n"
    assert figures.refreshed(text, project) == text


@pytest.mark.parametrize(
    "source", ["weights/none/card.json#metrics.accuracy", "weights/cnn/card.json#metrics.recall"]
)
def test_a_figure_without_a_result_is_refused(project, source) -> None:
    with pytest.raises(DataError, match="A document takes metrics"):
        figures.refreshed(f"<!-- from: {source} -->1 %<!-- /from -->", project)


@pytest.mark.parametrize(
    "line", ["It is right in 97.5 % of cells.", "Dice of the nucleus: 0.93", "100% safe"]
)
def test_a_bare_figure_is_found(line) -> None:
    assert figures.bare_figures(line) == [line]


@pytest.mark.parametrize(
    "line",
    [
        f"It is right in {FROM}97.5 %<!-- /from --> of cells.",
        "The authors reported 99.81 %.",
        "The target of the conformal set is 90 %.",
        "```\nDice 0.93\n```",
        "torchvision 0.29 with torch 2.14",
    ],
)
def test_a_figure_with_its_source_and_a_quotation_pass(line) -> None:
    assert figures.bare_figures(line) == []


def test_a_gap_in_the_documents_is_found() -> None:
    assert docs.missing(["data import"], {"a": "run `data imports`"}) == ["data import"]
    assert docs.missing(["data import"], {"a": "run `data import PATH`"}) == []
    assert docs.settings(["os.environ['CERVIX_NEW_HOME']"]) == {"CERVIX_NEW_HOME"}
    assert docs.targets("run: x ## open\nother:\n") == {"run"}
    assert docs.targets_named("`make run`, then\nmake fly\nto make sure") == {"run", "fly"}
    assert docs.links("[a](b.md#c) [d](https://e.org) ![f](g.png)") == ["b.md", "g.png"]
