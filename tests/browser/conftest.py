"""The real application on a free port, with a home of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import tifffile
from argon2 import PasswordHasher
from playwright.sync_api import BrowserContext, Page, Request, expect

from cervix_models.accounts import Account
from cervix_models.cards import load_cards
from cervix_models.people import ROLES, Role
from cervix_models.services.accounts import Accounts
from cervix_models.settings import Settings, load_settings
from cervix_models.storage.store import open_store
from tests.fake_fields import make_field
from tests.fakes import FakeTriage, drawn_cell, png
from ui.identity import COOKIE

ROOT = Path(__file__).parents[2]
SECRET = "the-sign-in-of-the-browser-tests"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PATIENCE = 60  # seconds until a server must answer, and until it must have stopped
UPLOAD = "[data-testid=stFileUploaderDropzoneInput]"
needs_weights = pytest.mark.skipif(
    not load_cards(ROOT / "weights"), reason="there are no weights in weights/"
)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A home with one reading a kind, and the ids of the readings."""
    home = tmp_path_factory.mktemp("seeded")
    return home, fill(home)


@pytest.fixture(scope="session")
def seeded_address(seeded: tuple[Path, dict[str, str]]) -> Iterator[str]:
    """The address of an application that has readings."""
    with serving(seeded[0]) as address:
        yield address


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Starts a fresh, empty application and gives its address."""
    running = []

    def start_one() -> str:
        server = serving(tmp_path)
        running.append(server)
        return server.__enter__()

    yield start_one
    for server in running:
        server.__exit__(None, None, None)


def fill(home: Path) -> dict[str, str]:
    """Stores made readings in a home, and gives their ids by kind."""
    triage = FakeTriage()
    readings = {}
    for kind, answer in (("class", "Koilocytotic"), ("refer", None), ("parabasal", "Parabasal")):
        triage.answer = answer
        triage.heat_off_cell = kind == "refer"
        cell = png(drawn_cell(180, len(readings)))
        readings[kind] = triage.read(cell, "a.png", micrometres_per_pixel=0.2)
    field, cells, _ = make_field(triage, ("Parabasal", None, "Dyskeratotic", "Koilocytotic"))
    store = open_store(settings_of(home))
    for content in triage.blobs.values():
        store.put_blob(content)
    for reading in readings.values():
        store.add_reading(reading)
    store.add_field(field, cells)
    store.close()
    write_slide(home)
    return {kind: reading.id for kind, reading in readings.items()}


def write_slide(home: Path) -> None:
    """A small tiled slide of drawn cells in the folder of slides."""
    folder = home / "slides"
    folder.mkdir()
    rows = [
        np.concatenate([drawn_cell(250, 10 * y + x) for x in range(8)], axis=1) for y in range(6)
    ]
    tifffile.imwrite(
        folder / "drawn smear.tif", np.concatenate(rows), tile=(256, 256), photometric="rgb",
        compression="zlib", metadata=None,
    )  # fmt: skip


def settings_of(home: Path) -> Settings:
    """The settings of an application whose home is `home`."""
    return replace(load_settings(), home=home, database_url=f"sqlite:///{home / 'cervix.sqlite3'}")


def signed_in(home: Path, name: str, roles: tuple[Role, ...]) -> str:
    """The secret of a sign-in of somebody with these roles, in the home of an application."""
    store = open_store(settings_of(home))
    try:
        accounts = Accounts(store, QUICK)
        return accounts.accept(accounts.invite(roles), name, f"{name} has a long password")
    finally:
        store.close()


@pytest.fixture(autouse=True)
def everybody(request: pytest.FixtureRequest) -> None:
    """The browser of a test is signed in wherever `serving` serves, with every role; a test that
    is marked `stranger` begins without."""
    if "page" not in request.fixturenames or request.node.get_closest_marker("stranger"):
        return
    let_in(request.getfixturevalue("context"))


def let_in(context: BrowserContext, secret: str = SECRET) -> BrowserContext:
    """The context of a browser, which is now signed in by this secret alone."""
    context.clear_cookies()
    context.add_cookies([{"name": COOKIE, "value": secret, "domain": "127.0.0.1", "path": "/"}])
    return context


def _let_in(home: Path) -> None:
    """Makes the account whose sign-in the browsers of the tests hold."""
    store = open_store(settings_of(home))
    if store.accounts.named("local") is None:
        now = datetime.now(UTC)
        account = Account("local", "local", ROLES, now)
        store.accounts.add(account)
        store.accounts.sign_in(SECRET, account, now, now + timedelta(hours=12))
    store.close()


def free_port() -> int:
    """A port on which nothing hears."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(
    home: Path, *, known: bool = True, port: int = 0, secrets: Path | None = None,
    **environment: str,
) -> Iterator[str]:  # fmt: skip
    """The address of the application, served until the block ends; unless nobody is `known` there,
    whoever holds SECRET is signed in."""
    if known:
        _let_in(home)
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    if secrets:
        command += ["--secrets.files", str(secrets)]
    around = {**os.environ, "CERVIX_HOME": str(home), "PYTHONFAULTHANDLER": "1", **environment}
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=around, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(server, f"{address}/health", home / "server.log")
        yield address
    finally:
        server.terminate()
        try:
            server.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGABRT)  # every thread says where it hangs
            server.wait(timeout=PATIENCE)
            told = (home / "server.log").read_text("utf-8", "replace")
            raise RuntimeError(f"The application did not stop:\n{told[-20_000:]}") from None


def _wait(server: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(f"The application did not start:\n{log.read_text('utf-8')}")


@pytest.fixture
def problems(page: Page) -> list[str]:
    """What the browser complained of; every request beyond the application is one. What it gives
    up itself when another page is opened is none."""
    found: list[str] = []

    def failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":
            found.append(f"{request.url} {request.failure}")

    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("requestfailed", failed)
    return found


def heading(page: Page, text: str) -> None:
    """Waits until the page has this title."""
    expect(page.get_by_role("heading", name=text, level=1)).to_be_visible(timeout=30_000)
