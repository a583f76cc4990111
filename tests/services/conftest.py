"""Small models, loaded once for all tests of the services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cervix_models.settings import Settings

if TYPE_CHECKING:
    from cervix_models.services.reader import Reader


@pytest.fixture(scope="session")
def reader(tiny_models: Settings) -> Reader:
    """A reader of the small models; torch is imported only once its threads are limited."""
    from cervix_models.services.reader import Reader

    return Reader(tiny_models)
