"""Small models, loaded once for all tests of the services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage

from cervix_models.contracts import Card
from cervix_models.services.triage import Triage
from cervix_models.settings import Settings
from cervix_models.storage import open_store

if TYPE_CHECKING:
    from cervix_models.services.fields import Fields
    from cervix_models.services.reader import Reader


@pytest.fixture(scope="session")
def reader(tiny_models: Settings) -> Reader:
    """A reader of the small models; torch is imported only once its threads are limited."""
    from cervix_models.services.reader import Reader

    return Reader(tiny_models)


@pytest.fixture
def settings(tiny_models: Settings, tmp_path: Path) -> Settings:
    """An installation of the small models, with a home of its own."""
    home = tmp_path / "home"
    url = f"sqlite:///{home / 'cervix.sqlite3'}"
    return replace(tiny_models, home=home, slides=home / "slides", database_url=url)


@pytest.fixture
def triage(settings: Settings, reader: Reader) -> Iterator[Triage]:
    """The triage service of that installation, its models loaded."""
    store = open_store(settings)
    made = Triage(store, settings)
    made._reader = reader
    yield made
    store.close()


class DarkNuclei:
    """A finder that takes each dark blot for a nucleus."""

    def __init__(self, card: Card) -> None:
        self.card = card

    def find(self, image: np.ndarray) -> np.ndarray:
        blots, count = ndimage.label(ndimage.uniform_filter(image[..., 0].astype(float), 9) < 110)
        middle = ndimage.center_of_mass(blots > 0, blots, range(1, count + 1))
        return np.array([(x, y, 0.9) for y, x in middle]).reshape(-1, 3)


@pytest.fixture
def fields(triage: Triage, reader: Reader) -> Fields:
    """The service of fields of that installation; a dark blot is a nucleus."""
    from cervix_models.services.field_reader import FieldReader
    from cervix_models.services.fields import Fields

    made = Fields(triage)
    made._reader = FieldReader.__new__(FieldReader)
    made._reader.reader = reader
    made._reader.nuclei = DarkNuclei(reader.outlines.card)
    return made
