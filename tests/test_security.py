"""What somebody with bad intent hands in: pictures, names, addresses, recipes, weights, archives.

Signing in, forms of other sites, stolen and fixed sessions are in `ui/test_doors.py` and
`services/test_accounts.py`; deep links by role on real servers in `browser/test_accounts.py`;
archives of backups in `storage/test_unpacking.py`.
"""

from __future__ import annotations

import io
import os
import pickle
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from cervix_models.cards import file_hash
from cervix_models.checkpoints import load_network
from cervix_models.data.importing import import_dataset
from cervix_models.data.intake import shown_name, take_cell_image
from cervix_models.data.packed import load_all
from cervix_models.errors import CervixError, DataError, IntakeError, RecipeError, StorageError
from cervix_models.people import Person, acting_as
from cervix_models.recipes import load_recipe, recipe_of
from cervix_models.services.accounts import Accounts
from cervix_models.services.triage import Triage
from cervix_models.storage import open_store
from cervix_models.training.fit import created
from tests import tiny
from tests.data import made
from tests.services.test_accounts import PASSWORD, QUICK
from tests.storage.samples import make_verdict, stored
from ui import session, show
from ui.routes import ROUTES

HTML = b"<!doctype html><html><script>alert(document.cookie)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
UP = ("../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "a/../../b", "\0", "%2e%2e%2f")
SQL = "Robert'); DROP TABLE accounts; --"


class Trap:
    """Something that touches a file where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says it is so large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 10_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("content", [HTML, SVG, b"<?xml version='1.0'?>" + SVG, b"GIF89a" + HTML])
@pytest.mark.parametrize("name", ["cell.png", "cell.svg", "cell.html"])
def test_a_page_or_a_drawing_with_script_is_no_picture(content, name) -> None:
    with pytest.raises(IntakeError, match="PNG, JPEG, BMP or TIFF picture of one cell"):
        take_cell_image(content, name)


def test_a_picture_with_a_page_behind_it_is_kept_without_it(tmp_path, tiny_models) -> None:
    settings = replace(
        tiny_models, home=tmp_path, database_url=f"sqlite:///{tmp_path / 'a.sqlite3'}"
    )
    store = open_store(settings)
    both = png(made.pixels(3, 120, 100)) + HTML
    kept = Triage(store, settings).read(both, "polyglot.html")
    content = store.blob(kept.image_sha256)
    assert content.startswith(b"\x89PNG")
    assert b"script" not in content
    store.close()


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 1), (1, 2**31 - 1)])
def test_a_bomb_is_refused_by_its_header(size) -> None:
    with pytest.raises(IntakeError, match="pixels"):
        take_cell_image(bomb(*size), "bomb.png")


@pytest.mark.parametrize("name", [*UP, SQL, "<img src=x onerror=alert(1)>.png"])
def test_the_name_of_an_upload_leads_nowhere(name) -> None:
    assert "/" not in shown_name(name)
    assert "\\" not in shown_name(name)
    with pytest.raises(IntakeError) as problem:
        take_cell_image(b"no picture", name)
    assert "<img" not in show.html(str(problem.value))


@pytest.mark.parametrize("name", UP)
def test_an_address_leads_to_no_file(name, tmp_path, monkeypatch) -> None:
    store = open_store(tiny.settings_in(tmp_path))
    triage = Triage(store, tiny.settings_in(tmp_path))
    monkeypatch.setattr(session, "shared_triage", lambda: triage)
    session.shared_fields.clear()
    session.shared_slides.clear()
    session.shared_dataset.clear()
    client = TestClient(Starlette(routes=ROUTES))
    asked = name.replace("\0", "%00")
    with acting_as(Person("Ann", ("pathologist",))):
        for path in (f"/picture/image/{asked}.png", f"/picture/{asked}/{'0' * 64}.png",
                     f"/slide-tiles/{asked}/0/0_0.jpg", f"/cells/{asked}"):  # fmt: skip
            assert client.get(path).status_code in (404, 405), path
    with pytest.raises(StorageError, match="is no sha256"):
        store.blob(name)
    for each in (session.shared_fields, session.shared_slides, session.shared_dataset):
        each.clear()
    store.close()


def test_links_out_of_a_data_set_are_not_followed(tmp_path) -> None:
    secret = made.save(tmp_path / "elsewhere" / "secret.png", 1)
    root = made.sipakmed_crops(tmp_path / "cells", suffix=".png")
    (next(root.rglob("*.png")).parent / "001_99.png").symlink_to(secret)
    with pytest.raises(DataError, match=r"001_99\.png: is a link out of the data set"):
        import_dataset(root, tmp_path / "home")


def test_sql_in_a_name_is_a_name(tmp_path) -> None:
    store = open_store(tiny.settings_in(tmp_path))
    accounts = Accounts(store, QUICK)
    token = accounts.accept(accounts.first_link(), SQL, PASSWORD)
    assert accounts.person_of(token).name == SQL
    reading = stored(store)
    store.add_verdict(reading.id, make_verdict(remark=SQL))
    assert store.verdicts(reading.id)[0].remark == SQL
    assert store.readings(label=SQL) == []
    with pytest.raises(StorageError, match="No reading has the id"):
        store.reading("' OR '1'='1")
    assert [each.name for each in store.accounts.all()] == [SQL]
    store.close()


@pytest.mark.parametrize(
    "changed",
    [{"model": "os:system"}, {"model": "__import__('os').system('true')"},
     {"optimiser": {"epochs": "__import__('os').getpid()"}}, {"seed": "1; import os"},
     {"__class__": "x"}, {"name": "../../weights/ensemble"}],
)  # fmt: skip
def test_a_recipe_is_data_and_never_code(changed) -> None:
    given = {**tiny.recipe("cnn").as_dict(), **changed}
    if "optimiser" in changed:
        given["optimiser"] = {**tiny.recipe("cnn").as_dict()["optimiser"], **changed["optimiser"]}
    with pytest.raises(CervixError):
        created(recipe_of(given, "given.toml"))


def test_a_recipe_with_a_program_in_it_is_no_toml(tmp_path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("import os\nos.mkdir('made')\n")
    with pytest.raises(RecipeError, match="is not valid TOML"):
        load_recipe(str(path))
    with pytest.raises(RecipeError, match="No recipe is named"):
        load_recipe("../../etc/passwd")


def test_a_pickle_under_the_name_of_weights_is_not_opened(tmp_path) -> None:
    mark = tmp_path / "touched"
    tiny.save_tiny(tmp_path / "weights", tiny.recipe("cnn", name="one"))
    file = tmp_path / "weights" / "one" / "model.safetensors"
    file.write_bytes(pickle.dumps(Trap(mark)))
    tiny.rewrite_card("one", tmp_path / "weights", weights_sha256=file_hash(file))
    with pytest.raises(CervixError, match="one"):
        load_network("one", tmp_path / "weights")
    assert not mark.exists()
    pickle.loads(file.read_bytes())
    assert mark.exists(), "the trap would not have gone off"


def test_a_pickle_in_packed_data_is_not_opened(tmp_path) -> None:
    mark, path = tmp_path / "touched", tmp_path / "cells.npz"
    np.savez(path, about=np.array([Trap(mark)], object))
    with pytest.raises(DataError):
        load_all([path])
    assert not mark.exists()
