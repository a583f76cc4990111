"""What the project offers, read from its sources: commands, settings, pages and make targets."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Mapping


def commands(parser: argparse.ArgumentParser, before: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command and subcommand of a parser, as it is typed: `data`, `data import`."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield " ".join((*before, name))
                yield from commands(child, (*before, name))


def settings(texts: Iterable[str]) -> set[str]:
    """Every CERVIX_ variable that the texts name."""
    return {name for text in texts for name in re.findall(r"\bCERVIX_[A-Z]+(?:_[A-Z]+)*\b", text)}


def targets(makefile: str) -> set[str]:
    """Every target that `make help` lists."""
    return set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))


def targets_named(text: str) -> set[str]:
    """Every target that a document tells its reader to make."""
    return set(re.findall(r"(?:`|^\s*)make ([a-z]+)\b", text, re.MULTILINE))


def missing(names: Iterable[str], documents: Mapping[str, str]) -> list[str]:
    """The names that stand in none of the documents as words of their own."""
    text = "\n".join(documents.values())
    return sorted(
        each for each in names if not re.search(rf"(?<![\w-]){re.escape(each)}(?![\w-])", text)
    )


def links(text: str) -> list[str]:
    """The files of the project that a document links to or shows."""
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return [each.split("#")[0] for each in found if not re.match(r"[a-z]+:|#", each)]
