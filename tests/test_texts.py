"""Every text of the learner's pages is translated, and none is left out."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

import pytest

from cervix_models.language import ENGLISH, LANGUAGES
from scripts.texts import catalogue_of, lacking, texts_in, texts_of, updated, written
from tests.house import files

OTHERS = [each for each in LANGUAGES if each != ENGLISH]
LEARNERS = ("pages/learn/", "pages/explore/", "pages/start/", "ui/main.py")
GETTEXT = {"_", "several", "later"}
CODES = {"shortcut", "format", "key", "icon"}  # what is given by these names is no text
SHARED = {"ui/show.py"}  # with pages that speak English alone
NAMED = re.compile(r"{[a-z_]*[^}]*}")
# HTML, CSS, addresses, keys, commands
CODE = re.compile(r"^#|[<>=;]|class |style|https?:|^[a-z0-9_./:%-]+$|^`.*`$|^(\s?cx[a-z-]*)+$")
SOURCES = files.sources()


@pytest.fixture(scope="module")
def texts():
    return texts_of()


def test_texts_are_found_wherever_they_stand() -> None:
    source = """
    def f(n):
        a = f"<b>{_('In a formatted string')}</b>" + later("Later, "
            "in two parts")
        return several("{count} cell", "{count} cells", n), _(a), _("")
    """
    assert texts_in(textwrap.dedent(source)) == [
        "In a formatted string",
        "Later, in two parts",
        ("{count} cell", "{count} cells"),
    ]


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated(texts, language) -> None:
    found = updated(language, texts)
    assert len(found) > 300
    assert lacking(found) == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_holds_the_texts_of_the_sources_alone(texts, language) -> None:
    path = files.ROOT / "cervix_models" / "locales" / f"{language}.po"
    assert path.read_bytes() == written(updated(language, texts)), "run: make texts"


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_filled_in_is_the_same_in_every_language(language) -> None:
    wrong = []
    for message in catalogue_of(language):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = [set(NAMED.findall(each)) for each in ids]
        for each in strings:
            if set(NAMED.findall(each)) not in wanted:
                wrong.append((ids[0], each))
            if each.count("**") != ids[-1].count("**") or each.count("`") != ids[-1].count("`"):
                wrong.append((ids[0], each))
    assert wrong == []


def unwrapped(source: str) -> list[tuple[int, str]]:
    """Texts for people that do not go through gettext: two words or more, or one with a capital
    that is given to a function of Streamlit."""
    tree = ast.parse(source)
    passed = set(_passed(tree))
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in passed
        and _is_text(node.value)
    ]


def _passed(tree: ast.AST) -> Iterator[int]:
    """The texts that go through gettext, and docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name in GETTEXT:
                yield from (id(each) for each in ast.walk(node))
        if isinstance(node, ast.Compare) or (isinstance(node, ast.keyword) and node.arg in CODES):
            yield from (id(each) for each in ast.walk(node))
        if isinstance(node, ast.Dict):
            yield from map(id, node.keys)
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            yield id(body[0].value)


def _is_text(value: str) -> bool:
    if CODE.search(value):
        return False
    words = re.findall(r"[A-Za-z’']{2,}", value)
    return len(words) > 1 or bool(re.fullmatch(r"[A-Z][a-z]{2,}.*", value))


def _learners() -> list[str]:
    """The learner's pages, and what of `ui/` speaks through gettext for them alone."""
    return [
        path
        for path, text in SOURCES.items()
        if path.startswith(LEARNERS)
        or (path.startswith("ui/") and path not in SHARED and "cervix_models.language" in text)
    ]


def test_a_text_that_is_left_out_would_be_found() -> None:
    assert unwrapped("st.title('The data set')") == [(1, "The data set")]
    assert unwrapped("st.button('Next')") == [(1, "Next")]
    assert unwrapped("st.caption(f'{count} cells of it')") == [(1, " cells of it")]
    assert unwrapped("st.title(_('The data set'))") == []
    assert unwrapped("WAYS = {'class': later('Class of it')}") == []
    assert unwrapped("WAYS = {'handed in': 'At hand-in'}") == [(1, "At hand-in")]
    assert unwrapped("def f():\n    'Shows the data set.'") == []
    assert unwrapped("st.html('<p class=\"cx\">')\nst.button(_('A'), key='one-two')") == []


# The same in every language, and a value of `lessons.Shown`
NOT_TEXT = {"Language / Idioma / 语言", "ArrowLeft", "ArrowRight", "handed in"}


@pytest.mark.parametrize("path", _learners())
def test_no_text_of_the_learners_pages_is_left_out(path) -> None:
    from cervix_models.data.labels import CLASS_NAMES

    names = {*NOT_TEXT, *CLASS_NAMES}
    assert [each for each in unwrapped(SOURCES[path]) if each[1] not in names] == []
