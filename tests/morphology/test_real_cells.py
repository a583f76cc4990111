"""Measurements on Herlev cells under their own masks: whole, and in a cytologist's order."""

import numpy as np
import pytest
from PIL import Image as PilImage

from cervix_models.contracts import Segmentation
from cervix_models.data.masks import herlev_mask
from cervix_models.morphology import FEATURES, measure

CELLS = 25  # of each class


@pytest.fixture(scope="module")
def herlev(image_folder):
    found = {}
    for folder in sorted((image_folder / "herlev").iterdir()):
        for mask in sorted(folder.glob("*-d.png"))[:CELLS]:
            with PilImage.open(mask.with_name(mask.name.replace("-d.png", ".png"))) as picture:
                image = np.asarray(picture.convert("RGB"))
            masks = Segmentation.from_labels(herlev_mask(mask))
            found.setdefault(folder.name, []).append(measure(image, masks))
    return found


@pytest.mark.realdata
def test_every_feature_of_every_cell_is_measured(herlev):
    assert {len(each) for cells in herlev.values() for each in cells} == {len(FEATURES)}


@pytest.mark.realdata
def test_nuclei_fill_more_of_the_cell_as_dysplasia_grows(herlev):
    ratio = {
        name: float(np.median([each["nucleus_cell_ratio"] for each in cells]))
        for name, cells in herlev.items()
    }
    order = ["light_dysplastic", "moderate_dysplastic", "severe_dysplastic", "carcinoma_in_situ"]
    values = [ratio[name] for name in order]
    assert values == sorted(values)
    assert ratio["normal_superficiel"] < ratio["normal_intermediate"] < values[0]
