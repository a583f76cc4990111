"""Every imported cell measured with the default segmenter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

from cervix_models.data.importing import import_dataset
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.errors import DataError
from cervix_models.morphology import measure
from cervix_models.morphology.ranges import (
    class_ranges,
    load_class_ranges,
    load_ranges_header,
    save_class_ranges,
)
from cervix_models.predictors import OutlineReader
from cervix_models.services import ranges as ranges_module
from cervix_models.services.defaults import SEGMENTER
from cervix_models.services.ranges import measure_ranges
from tests.fakes import drawn_cell


def test_every_cell_is_measured_at_its_own_size(tiny_models, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("cervix_models.morphology.ranges.MINIMUM_CELLS", 2)
    monkeypatch.setattr(
        ranges_module,
        "save_class_ranges",
        lambda ranges, header: save_class_ranges(ranges, header, tmp_path / "ranges.json"),
    )
    settings = replace(tiny_models, home=tmp_path / "home")
    for number, name in enumerate(CLASS_NAMES):
        for cell in range(2):
            path = tmp_path / "cells" / name / f"001_0{cell + 1}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(drawn_cell(70 + 20 * number + cell, number)).save(path)
    import_dataset(tmp_path / "cells", settings.home)
    measure_ranges(settings)
    header = load_ranges_header(tmp_path / "ranges.json")
    assert header.cells == 10
    outlines = OutlineReader(SEGMENTER, settings)
    assert header.segmenter_sha256 == outlines.card.weights_sha256
    images = [drawn_cell(70, 0), drawn_cell(71, 0)]
    wanted = [
        measure(image, mask) for image, mask in zip(images, outlines.predict(images), strict=True)
    ]
    found = load_class_ranges(tmp_path / "ranges.json")
    assert set(found) == set(CLASS_NAMES)
    expected = class_ranges({CLASS_NAMES[0]: wanted})[CLASS_NAMES[0]]
    for name, spread in expected.items():
        assert found[CLASS_NAMES[0]][name].p50 == pytest.approx(spread.p50, rel=1e-4, abs=1e-6)


def test_without_the_cells_the_sentence_says_how_to_import_them(tiny_models, tmp_path) -> None:
    with pytest.raises(DataError, match=r"SIPaKMeD is not imported, .* data import PATH"):
        measure_ranges(replace(tiny_models, home=tmp_path))
