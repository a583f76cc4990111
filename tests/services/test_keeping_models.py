from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from cervix_models.cards import load_card, members_of, write_card
from cervix_models.errors import WeightsError
from cervix_models.predictors import open_classifier
from cervix_models.services import keeping_models
from cervix_models.services.keeping_models import keep_model
from cervix_models.settings import Settings
from tests.fakes import drawn_cell
from tests.made_runs import RUN, held_out, make_ensemble, make_run


def keep(settings: Settings, shelf: Path, name: str = "mine") -> str:
    return keep_model(name, shelf, settings, {"id": RUN, "kept_by": "ada"}).name


def rewrite_card(models: Path, name: str) -> None:
    """Gives a kept model another name."""
    (models / name).chmod(0o755)
    card = load_card(name, models)
    (models / name / "card.json").unlink()
    write_card(replace(card, name=name), models / name)


def test_a_kept_model_stands_whole_under_a_name_of_its_own(settings: Settings) -> None:
    shelf = make_run(settings)
    held_out(shelf, "mine")
    name = keep(settings, shelf)
    card, before = load_card(name, settings.models), load_card("mine", shelf)
    assert name.startswith("mine-")
    assert card.name == name
    assert card.version == f"0.1+{name.removeprefix('mine-')}"
    assert card.weights_sha256 == before.weights_sha256
    assert card.data["run"] == {"name": "mine", "id": RUN, "kept_by": "ada"}
    assert {each.name for each in (settings.models / name).iterdir()} == {
        "card.json", "model.safetensors", "gate.safetensors", "held_out.npz",
    }  # fmt: skip
    assert (settings.models / "cells" / "0123456789abcdef.npz").is_file()
    assert not list(settings.models.glob(".part-*"))


def test_a_kept_model_cannot_be_written_to(settings: Settings) -> None:
    name = keep(settings, make_run(settings))
    modes = [each.stat().st_mode for each in (settings.models / name).iterdir()]
    assert not any(mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) for mode in modes)


def test_the_same_model_is_kept_once_and_another_beside_it(settings: Settings) -> None:
    shelf = make_run(settings)
    first = keep(settings, shelf)
    assert keep(settings, shelf) == first
    other = keep(settings, make_run(settings, seed=2))
    assert other != first
    assert (settings.models / first / "model.safetensors").is_file()


def test_a_new_gate_on_the_same_weights_is_another_model(settings: Settings) -> None:
    shelf = make_run(settings)
    first = keep(settings, shelf)
    gate = shelf / "mine" / "gate.safetensors"
    gate.write_bytes((make_run(settings, "else", seed=3) / "else" / gate.name).read_bytes())
    assert keep(settings, shelf) != first


def test_an_ensemble_brings_its_members_and_reads(settings: Settings) -> None:
    name = keep(settings, make_ensemble(settings), "both")
    card, shares = members_of(name, settings.models)
    assert [each.split("-")[0] for each in shares] == ["one", "two"]
    assert all((settings.models / each / "card.json").is_file() for each in shares)
    (said,) = open_classifier(name, settings).predict([drawn_cell(64, 1)])
    assert sum(said.probabilities.values()) == pytest.approx(1)
    assert card.name == name


def test_members_that_stand_elsewhere_are_found(settings: Settings, tmp_path: Path) -> None:
    shelf = make_ensemble(settings)
    own = replace(settings, weights=tmp_path / "own")
    own.weights.mkdir()
    (shelf / "one").rename(own.weights / "one")
    first = keep(own, shelf, "two")
    (shelf / "two").rename(shelf / ".two")
    (own.models / first).rename(own.models / "two")  # a member that was kept before
    rewrite_card(own.models, "two")
    card = load_card(keep(own, shelf, "both"), own.models)
    assert [each.startswith("one-") for each in card.input["members"]] == [True, False]


def test_members_with_other_weights_are_refused(settings: Settings) -> None:
    shelf = make_ensemble(settings)
    make_run(settings, "two", seed=9)
    with pytest.raises(WeightsError, match="other weights than were measured together"):
        keep(settings, shelf, "both")


def test_weights_that_are_not_those_of_the_card_are_not_kept(settings: Settings) -> None:
    shelf = make_run(settings)
    other = make_run(settings, "other", seed=5) / "other" / "model.safetensors"
    (shelf / "mine" / "model.safetensors").write_bytes(other.read_bytes())
    with pytest.raises(WeightsError, match="not those that were measured"):
        keep(settings, shelf)
    assert not settings.models.exists()


def test_a_link_in_a_run_is_left_behind(settings: Settings, tmp_path: Path) -> None:
    shelf = make_run(settings)
    (tmp_path / "secret").write_text("words")
    (shelf / "mine" / "notes.txt").symlink_to(tmp_path / "secret")
    name = keep(settings, shelf)
    assert not (settings.models / name / "notes.txt").exists()


def test_nothing_is_left_of_a_copy_that_fails(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = make_run(settings)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeping_models.shutil, "copyfile", full)
    with pytest.raises(WeightsError, match="No space left"):
        keep(settings, shelf)
    assert list(settings.models.iterdir()) == []


def test_a_name_that_leaves_the_folder_is_refused(settings: Settings) -> None:
    with pytest.raises(WeightsError, match="letters, digits"):
        keep(settings, make_run(settings), "../mine")
