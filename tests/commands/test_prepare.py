"""The command that exports the default models ahead of the first reading."""

from __future__ import annotations

from cervix_models import exporting
from cervix_models.__main__ import main
from cervix_models.commands import prepare
from cervix_models.services.defaults import CLASSIFIER, FINDER, SEGMENTER


def test_the_default_models_are_exported_once(tiny_models, monkeypatch) -> None:
    monkeypatch.setattr(prepare, "load_settings", lambda: tiny_models)
    assert main(["prepare"]) == 0
    made = tiny_models.cache.glob("*.onnx")
    names = [path.name.rsplit("-", 1)[0] for path in made]
    assert {CLASSIFIER, FINDER, SEGMENTER} <= set(names)  # other tests share the folder
    monkeypatch.setattr(exporting, "export", lambda *_: 1 / 0)
    assert main(["prepare"]) == 0
