from __future__ import annotations

import builtins
import sys
from types import ModuleType, SimpleNamespace

import pytest
import requests

from cervix_models.__main__ import main
from cervix_models.data.packed import load_packed
from tests.data import made


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CERVIX_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def pretend_kagglehub(monkeypatch, download) -> None:
    errors = {name: type(name, (Exception,), {}) for name in ("BackendError", "CredentialError")}
    errors["DataCorruptionError"] = type("DataCorruptionError", (Exception,), {})
    module = ModuleType("kagglehub")
    module.dataset_download = download
    module.exceptions = SimpleNamespace(**errors)
    monkeypatch.setitem(sys.modules, "kagglehub", module)
    monkeypatch.setitem(sys.modules, "kagglehub.exceptions", module.exceptions)


def test_import_list_and_pack(home, tmp_path, capsys) -> None:
    assert main(["data", "list"]) == 0
    assert "No image set is imported" in capsys.readouterr().out
    assert main(["data", "import", str(made.sipakmed_crops(tmp_path / "crops"))]) == 0
    said = capsys.readouterr()
    assert "sipakmed: sipakmed, 20 cells in 10 clusters; index in " in said.out
    assert "  Koilocytotic: 4\n" in said.out
    assert "20/20" in said.err
    assert main(["data", "import", str(made.herlev(tmp_path / "h")), "--name", "danish"]) == 0
    assert main(["data", "import", str(made.cric(tmp_path / "c"))]) == 0
    capsys.readouterr()
    assert main(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(";")[0] for line in lines] == [
        "cric: cric, 2 fields",
        "danish: herlev, 6 cells in 4 clusters",
        "sipakmed: sipakmed, 20 cells in 10 clusters",
    ]
    assert main(["data", "pack", "--size", "16"]) == 0
    assert f"{home / 'cells16.npz'}: 0.0 MB" in capsys.readouterr().out
    assert len(load_packed(home / "cells16.npz")) == 26
    out = tmp_path / "only.npz"
    assert main(["data", "pack", "danish", "--size", "16", "--out", str(out)]) == 0
    assert set(load_packed(out).source) == {"herlev"}


def test_what_cannot_be_used_ends_with_a_sentence_and_status_2(home, tmp_path, capsys) -> None:
    assert main(["data", "import", str(tmp_path / "nowhere")]) == 2
    assert "is not a folder" in capsys.readouterr().err
    assert main(["data", "pack", "nothing"]) == 2
    assert "No image set is named 'nothing'; imported: none" in capsys.readouterr().err
    assert main(["data", "pack"]) == 2
    assert "No cell was found" in capsys.readouterr().err


def test_fetch_imports_what_was_downloaded(home, tmp_path, monkeypatch, capsys) -> None:
    made.sipakmed_full(tmp_path / "versions" / "1")
    asked = []

    def download(handle: str) -> str:
        asked.append(handle)
        return str(tmp_path / "versions" / "1")

    pretend_kagglehub(monkeypatch, download)
    assert main(["data", "fetch"]) == 0
    assert asked == ["prahladmehandiratta/cervical-cancer-largest-dataset-sipakmed"]
    assert "2 cells in 2 clusters and 2 fields" in capsys.readouterr().out


@pytest.mark.parametrize("error", [requests.ConnectionError("no route"), OSError("disk full")])
def test_fetch_without_network_says_what_to_do(home, monkeypatch, capsys, error) -> None:
    def download(handle: str) -> str:
        raise error

    pretend_kagglehub(monkeypatch, download)
    assert main(["data", "fetch"]) == 2
    said = capsys.readouterr().err
    assert f"SIPaKMeD could not be downloaded ({type(error).__name__})" in said
    assert "https://www.kaggle.com/datasets/prahladmehandiratta/" in said
    assert "python -m cervix_models data import PATH" in said
    assert not home.exists()


def test_fetch_without_kagglehub_says_what_to_install(home, monkeypatch, capsys) -> None:
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "kagglehub":
            raise ModuleNotFoundError("No module named 'kagglehub'", name="kagglehub")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["data", "fetch"]) == 2
    assert "The package kagglehub is not installed" in capsys.readouterr().err
