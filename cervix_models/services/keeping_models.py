"""A model of a run becomes one of this installation: copied whole, under a name of its own, and
never changed afterwards."""

from __future__ import annotations

import hashlib
import re
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cervix_models.cards import (
    CARD,
    card_of_weights,
    file_hash,
    joint_hash,
    load_card,
    members_of,
    write_card,
)
from cervix_models.contracts import Card
from cervix_models.errors import WeightsError
from cervix_models.evaluation.held_out import CELLS, HELD_OUT
from cervix_models.settings import Settings

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,150}")
SHORT = 8  # digits of the hash in a name
PART = ".part-"


def keep_model(name: str, shelf: Path, settings: Settings, origin: Mapping[str, Any]) -> Card:
    """The card of the model `shelf/name` as it now stands in `settings.models`, its members beside
    it, which may stand elsewhere before.

    Its name ends in a hash of all its files, so that nothing else has ever borne it; its card tells
    the `origin`. What stands there already stays as it is. Raises WeightsError where weights and
    card do not belong together, or a file cannot be copied.
    """
    if shelf == settings.models:
        return whole(name, shelf)
    _check_name(name)
    models, card = settings.models, load_card(name, shelf)
    kept = {}
    for each in card.input.get("members", ()):
        theirs = shelf if (shelf / each).is_dir() else settings.shelf(each)
        kept[each] = keep_model(each, theirs, settings, origin)
    if not kept:
        card_of_weights(name, shelf)
    elif joint_hash(each.weights_sha256 for each in kept.values()) != card.weights_sha256:
        raise WeightsError(
            f"The members of {name} ({', '.join(kept)}) have other weights than were measured "
            "together. Measure them again, by the job or by: python -m cervix_models train "
            f"{name}"
        )
    digest = _digest(shelf / name)
    new = f"{name}-{digest[:SHORT]}"
    if (models / new / CARD).is_file():
        return load_card(new, models)
    changed = replace(
        card,
        name=new,
        version=f"{card.version}+{digest[:SHORT]}",
        input=_renamed(card.input, kept),
        data={**_renamed(card.data, kept), "run": {"name": name, **origin}},
    )
    try:
        _copy(shelf / name, models, changed)
        _copy_cells(shelf / name, models)
    except OSError as problem:
        raise WeightsError(
            f"{name} could not be copied to {models}: {problem.strerror or problem}. Expected room "
            "and the right to write there. Make room, and try again."
        ) from problem
    return load_card(new, models)


def whole(name: str, shelf: Path) -> Card:
    """The card of a model whose weights, or those of all members beside it, are those it tells of.
    Raises WeightsError for any other."""
    card, members = members_of(name, shelf)
    for each in members or (name,):
        card_of_weights(each, shelf)
    return card


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise WeightsError(
            f"The model is called {name!r}; letters, digits, _, - and . were expected. Rename it "
            "in its recipe, and train it again."
        )


def _files(folder: Path) -> list[Path]:
    """The files of a model; neither links nor what lies deeper."""
    found = (each for each in sorted(folder.iterdir()) if not each.name.startswith("."))
    return [each for each in found if each.is_file() and not each.is_symlink()]


def _digest(folder: Path) -> str:
    lines = [f"{each.name} {file_hash(each)}" for each in _files(folder)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _renamed(table: Mapping[str, Any], kept: Mapping[str, Card]) -> dict[str, Any]:
    """A part of a card in which members are called what they are called here."""
    members = table.get("members")
    if not members:
        return dict(table)
    return {**table, "members": {kept[each].name: value for each, value in members.items()}}


def _copy(source: Path, models: Path, card: Card) -> None:
    """Copies a model to a folder aside, checks what came there, and moves it into its place."""
    part = models / f"{PART}{uuid.uuid4().hex}"
    part.mkdir(parents=True)
    try:
        for path in _files(source):
            shutil.copyfile(path, part / path.name)
            if file_hash(path) != file_hash(part / path.name):
                raise WeightsError(
                    f"{path} was changed while it was copied; a model whose training is over was "
                    "expected. Try again."
                )
        write_card(card, part)
        for path in part.iterdir():
            path.chmod(0o444)
        if not (models / card.name).exists():  # else another process was as quick
            part.rename(models / card.name)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _copy_cells(source: Path, models: Path) -> None:
    """Copies what is known of the cells that a model was measured on, where it is not yet here."""
    for path in (source / each for each in HELD_OUT.values()):
        if not path.is_file():
            continue
        with np.load(path, allow_pickle=False) as stored:
            known = f"{stored['cells'].item().decode()}.npz"
        found, wanted = source.parent / CELLS / known, models / CELLS / known
        if found.is_file() and not wanted.is_file():
            wanted.parent.mkdir(parents=True, exist_ok=True)
            part = wanted.with_name(f"{PART}{uuid.uuid4().hex}")
            shutil.copyfile(found, part)
            part.replace(wanted)
