import io

import pytest
from PIL import Image as Pictures
from starlette.applications import Starlette
from starlette.testclient import TestClient

from cervix_models.errors import IntakeError
from tests.fakes import FakeTriage, drawn_cell, png
from ui import session
from ui.routes import LIBRARY_URL, ROUTES, SLIDE_URL, picture_url


@pytest.fixture
def client(triage: FakeTriage) -> TestClient:
    return TestClient(Starlette(routes=ROUTES))


def test_pictures_of_a_reading_are_served_to_its_reader_only(client, triage) -> None:
    reading = triage.read(png(drawn_cell(100)), "a.png")
    stored = {
        "image": reading.image_sha256,
        "mask": reading.mask_sha256,
        "heat": reading.heat_sha256,
    }
    for layer, sha256 in stored.items():
        answer = client.get(picture_url(layer, sha256))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["cache-control"].startswith("private")
        assert Pictures.open(io.BytesIO(answer.content)).size == (100, 100)
    assert client.get(picture_url("image", reading.image_sha256)).content == triage.blob(
        reading.image_sha256
    )


@pytest.mark.parametrize("layer", ["image", "mask", "heat"])
def test_an_unknown_picture_is_not_found_with_a_sentence(client, layer) -> None:
    answer = client.get(picture_url(layer, "0" * 64))
    assert answer.status_code == 404
    assert "There is no picture" in answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/picture/image/abc.png", f"/picture/secret/{'0' * 64}.png"])
def test_an_address_that_is_none_says_what_it_needs(client, path) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "image, mask or heat, then a sha256" in answer.text


def test_an_image_asked_for_as_mask_is_refused(client, triage) -> None:
    reading = triage.read(png(drawn_cell(100)), "a.png")
    answer = client.get(picture_url("mask", reading.image_sha256))
    assert answer.status_code == 404
    assert "cannot be drawn as mask" in answer.text


def test_the_viewer_library_comes_from_here_with_its_licence(client) -> None:
    answer = client.get(LIBRARY_URL)
    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]
    assert "openseadragon 6." in answer.text[:200]


def test_tiles_of_slides_are_served_and_missing_ones_are_said(client, monkeypatch) -> None:
    class Slides:
        def tile(self, key: str, level: int, column: int, row: int) -> bytes:
            if key != "a" * 16:
                raise IntakeError(f"No slide has the key {key!r}.")
            return f"{level} {column} {row}".encode()

    monkeypatch.setattr(session, "shared_slides", Slides)
    address = SLIDE_URL.format(key="a" * 16)
    answer = client.get(f"{address}/12/3_4.jpg")
    assert (answer.status_code, answer.content) == (200, b"12 3 4")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"].startswith("private")
    answer = client.get(SLIDE_URL.format(key="gone") + "/12/3_4.jpg")
    assert (answer.status_code, answer.text) == (404, "No slide has the key 'gone'.")
    assert client.get(f"{address}/12/3_x.jpg").status_code == 404
