"""The weights of the project on real cells: those they learned from, so only what must hold."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PilImage

from cervix_models.data.importing import scan
from cervix_models.data.labels import CLASS_NAMES
from cervix_models.services.defaults import CLASSIFIER
from cervix_models.settings import ROOT, load_settings

EACH = 6  # cells of each class

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(
        not (ROOT / "weights" / CLASSIFIER).is_dir(), reason="there are no weights in weights/"
    ),
]


@pytest.fixture(scope="module")
def findings(image_folder):
    from cervix_models.services.reader import Reader

    reader, found = Reader(load_settings()), {}
    index = scan(image_folder / "sipakmed")
    for name in CLASS_NAMES:
        paths = [index.root / row.path for row in index.cells if row.label == name]
        chosen = paths[:: len(paths) // EACH][:EACH]
        images = [np.asarray(PilImage.open(path).convert("RGB")) for path in chosen]
        found[name] = reader.read_many(images)
    return found


def test_nearly_all_cells_pass_the_gate_and_have_outlines(findings) -> None:
    passed = [each for cells in findings.values() for each in cells if each.classification]
    assert len(passed) >= 0.8 * EACH * len(CLASS_NAMES)
    assert all(each.segmentation.nucleus.any() for each in passed)
    assert all(each.segmentation.cytoplasm.any() for each in passed)


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_most_cells_of_a_class_are_taken_for_it(findings, name) -> None:
    answers = [each.classification.top for each in findings[name] if each.classification]
    assert answers.count(name) > len(answers) / 2
