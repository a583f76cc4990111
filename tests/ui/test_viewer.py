from dataclasses import replace

import numpy as np

from cervix_models.contracts import WorklistRow
from tests.fake_fields import SIDE, make_field
from tests.fakes import drawn_cell, png
from ui.viewer import NEUTRAL, field_data, viewer_data


def test_the_viewer_gets_addresses_and_outlines_but_no_pixels(triage) -> None:
    reading = triage.read(png(drawn_cell(100)), "a.png", micrometres_per_pixel=0.25)
    data = viewer_data(reading, "A cell.")
    assert data["image"] == f"/picture/image/{reading.image_sha256}.png"
    assert data["mask"] == f"/picture/mask/{reading.mask_sha256}.png"
    assert data["heat"] == f"/picture/heat/{reading.heat_sha256}.png"
    assert data["micrometresPerPixel"] == 0.25
    assert (data["width"], data["height"], data["alt"]) == (100, 100, "A cell.")
    assert np.array(data["outlines"]["nucleus"][0]).shape[1] == 2


def test_a_picture_without_a_cell_has_no_layers(triage) -> None:
    reading = triage.read(png(drawn_cell(100)), "a.png")
    triage.blobs["e" * 64] = png(np.zeros((100, 100), np.uint8))
    empty = replace(reading, mask_sha256="e" * 64, heat_sha256=None, features={})
    data = viewer_data(empty, "")
    assert (data["mask"], data["heat"], data["outlines"]) == (None, None, None)


def test_the_cells_of_a_field_get_their_places_outlines_and_colours(triage) -> None:
    field, cells, _ = make_field(triage, ("Koilocytotic", None))
    rows = [WorklistRow(reading, None, place=place) for reading, place in cells]
    data = field_data(field, rows, "A field.")
    assert data["image"] == f"/picture/image/{field.image_sha256}.png"
    assert [cell["number"] for cell in data["cells"]] == [1, 2]
    assert [(cell["left"], cell["top"]) for cell in data["cells"]] == [(0, 0), (SIDE, 0)]
    assert data["cells"][1]["colour"] == NEUTRAL != data["cells"][0]["colour"]
    assert all(cell["nucleus"] and cell["cytoplasm"] for cell in data["cells"])
