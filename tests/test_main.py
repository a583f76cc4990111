"""The command line: what it answers, and what it does with what went wrong."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import subprocess
import sys

import pytest

from cervix_models import __main__ as main_module
from cervix_models import commands
from cervix_models.errors import DataError
from cervix_models.settings import ROOT
from tests.house import docs

MODULES = [
    each.name for each in pkgutil.iter_modules(commands.__path__) if not each.name.startswith("_")
]


def _with(monkeypatch: pytest.MonkeyPatch, func) -> None:
    parser = argparse.ArgumentParser()
    parser.set_defaults(func=func, verbose=False)
    monkeypatch.setattr(main_module, "build_parser", lambda: parser)


def test_every_module_of_commands_adds_one() -> None:
    assert MODULES
    names = {each.split()[0] for each in docs.commands(main_module.build_parser())}
    assert len(names) >= len(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_every_command_leads_to_a_function(name) -> None:
    module = importlib.import_module(f"{commands.__name__}.{name}")
    parser = argparse.ArgumentParser()
    module.add_parser(parser.add_subparsers())
    leaves = [each for each in _parsers(parser) if not _children(each)]
    assert leaves
    assert all(callable(_default(parser, each, "func")) for each in leaves)


def _default(parser: argparse.ArgumentParser, leaf: argparse.ArgumentParser, name: str):
    return leaf.get_default(name) or next(
        (each.get_default(name) for each in _parsers(parser) if leaf in _children(each)), None
    )


def _children(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    return [
        child
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for child in action.choices.values()
    ]


def _parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    return [parser, *(each for child in _children(parser) for each in _parsers(child))]


def test_a_command_hands_back_its_status(monkeypatch) -> None:
    _with(monkeypatch, lambda args: 7)
    assert main_module.main([]) == 7


def test_a_refusal_is_one_sentence_and_two(monkeypatch, capsys) -> None:
    def refuse(args: argparse.Namespace) -> int:
        raise DataError("The folder cells/ holds no image. Name the folder of the download.")

    _with(monkeypatch, refuse)
    assert main_module.main([]) == 2
    said = capsys.readouterr()
    assert said.err == "The folder cells/ holds no image. Name the folder of the download.\n"
    assert said.out == ""


def test_an_interruption_is_no_traceback(monkeypatch, capsys) -> None:
    def interrupt(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    _with(monkeypatch, interrupt)
    assert main_module.main([]) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_a_mistake_of_the_program_is_not_hidden(monkeypatch) -> None:
    _with(monkeypatch, lambda args: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        main_module.main([])


def test_help_comes_from_a_process_of_its_own() -> None:
    asked = [sys.executable, "-m", "cervix_models", "--help"]
    answer = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert "python -m cervix_models" in answer.stdout
    assert "Not a medical device" in answer.stdout
