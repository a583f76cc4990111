"""No page types a measured figure: what it shows comes from the cards."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.figures import PERCENTAGE
from tests.house.files import ROOT

PAGES = sorted([*ROOT.glob("pages/**/*.py"), *ROOT.glob("ui/*.py")])
# Levels that were chosen, not measured: of intervals, of conformal sets, of wanted accuracy.
CHOSEN = {"95 %", "90 %", "99 %"}
SHARE = re.compile(r"(?<![\w.#-])0\.\d{2,}(?![\w%])")


def _texts(path: Path) -> Iterator[str]:
    """Every text of a module but its docstrings and what is CSS."""
    tree = ast.parse(path.read_text("utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def figures_in(text: str) -> list[str]:
    """The figures that a text types, but for levels that were chosen."""
    shares = [each for each in PERCENTAGE.findall(text) if each not in CHOSEN]
    return [*shares, *SHARE.findall(text)]


def test_a_typed_figure_would_be_found() -> None:
    assert figures_in("right in 97.0 % of cells") == ["97.0 %"]
    assert figures_in("an F1 of 0.972 on cells") == ["0.972"]
    assert figures_in("Lines are 95 % intervals, width:60%;") == ["60%"]
    assert figures_in("0.5 and 12 cells") == []


@pytest.mark.parametrize("path", PAGES, ids=lambda each: each.relative_to(ROOT).as_posix())
def test_no_page_types_a_figure(path) -> None:
    found = {
        text: figures_in(text) for text in _texts(path) if "style=" not in text and text != ".0%"
    }
    assert {text: each for text, each in found.items() if each} == {}
