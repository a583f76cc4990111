"""Strangers get nothing, forms of other sites are refused, and cookies hold secrets well."""

from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from cervix_models.errors import StorageError
from cervix_models.people import acting
from cervix_models.services.accounts import Accounts
from cervix_models.storage import open_store
from tests import tiny
from tests.services.test_accounts import PASSWORD, QUICK
from ui import identity
from ui.account_routes import ACCOUNT_ROUTES, came_from_here, safe_next
from ui.doors import Doors
from ui.identity import COOKIE, GUEST_COOKIE

HTML = {"accept": "text/html"}
SECRET = re.compile(rf"{COOKIE}=([\w-]+); HttpOnly; Max-Age=604800; Path=/; SameSite=lax")


def told(request: Request) -> Response:
    return PlainTextResponse(f"{request.url.path} for {acting().name}")


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(acting().name)
    await socket.close()


@pytest.fixture
def accounts(tmp_path, monkeypatch):
    store = open_store(tiny.settings_in(tmp_path))
    service = Accounts(store, QUICK)
    monkeypatch.setattr(identity, "shared_accounts", lambda: service)
    monkeypatch.delenv("CERVIX_TEACHING", raising=False)
    identity._holder.clear()
    yield service
    store.close()


@pytest.fixture
def client(accounts) -> TestClient:
    routes = [
        *ACCOUNT_ROUTES,
        WebSocketRoute("/_stcore/stream", talk),
        Route("/{path:path}", told, methods=["GET", "POST", "PUT"]),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(Doors)])
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)


@pytest.fixture
def ann(accounts) -> str:
    return accounts.accept(accounts.first_link(), "Ann", PASSWORD)


def sign_in(client: TestClient, password: str = PASSWORD, **headers: str):
    form = {"name": "Ann", "password": password, "next": "/worklist?a=b"}
    return client.post("/account/sign-in", data=form, headers=headers)


@pytest.mark.parametrize("path", ["/", "/triage", "/admin", "/x/y.js", "/_stcore/host-config"])
def test_a_stranger_is_led_to_the_form_or_refused(client, path) -> None:
    answer = client.get(path + "?x=1", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/account/sign-in?next=%2F")
    assert client.get(path).status_code == 401
    assert client.put("/_stcore/upload_file/a/b").status_code == 401
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_stcore/stream"):
        raise AssertionError("a stranger got a session")


@pytest.mark.parametrize("path", ["/health", "/account/sign-in", "/static/js/index.js"])
def test_some_doors_are_open(client, path) -> None:
    assert client.get(path).status_code == 200


def test_who_signed_in_is_known_to_what_answers(client, ann) -> None:
    client.cookies.set(COOKIE, ann)
    assert client.get("/triage").text == "/triage for Ann"
    with client.websocket_connect("/_stcore/stream") as socket:
        assert socket.receive_text() == "Ann"


def test_a_new_secret_comes_with_every_sign_in(client, ann, accounts) -> None:
    client.cookies.set(COOKIE, "chosen-by-somebody-else")
    answer = sign_in(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/worklist?a=b")
    found = SECRET.fullmatch(answer.headers["set-cookie"])
    assert found is not None
    assert found[1] not in ("chosen-by-somebody-else", ann)
    assert accounts.person_of(found[1]).name == "Ann"
    assert accounts.person_of("chosen-by-somebody-else") is None


def test_behind_a_proxy_with_tls_the_cookie_is_secure(client, ann) -> None:
    answer = sign_in(client, **{"x-forwarded-proto": "https"})
    assert answer.headers["set-cookie"].endswith("; Secure")


def test_a_wrong_password_is_said_and_sets_nothing(client, ann) -> None:
    answer = sign_in(client, "guess and guess")
    assert answer.status_code == 403
    assert "do not belong to an account" in answer.text
    assert "guess and guess" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["sign-in", "start", "password", "sign-out"])
@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"},
     {"sec-fetch-site": "same-site"}],
)  # fmt: skip
def test_a_form_of_another_site_is_refused(client, ann, path, headers) -> None:
    client.cookies.set(COOKIE, ann)
    form = {"name": "Ann", "password": PASSWORD, "old": PASSWORD, "new": PASSWORD + "!"}
    answer = client.post(f"/account/{path}", data=form, headers=headers)
    assert answer.status_code == 403
    assert "sent by another site" in answer.text
    assert client.get("/x").text == "/x for Ann"


def test_a_form_of_ours_is_taken() -> None:
    ours = {"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:8501"}
    assert came_from_here({**ours, "sec-fetch-site": "same-origin"})
    assert came_from_here({"host": "127.0.0.1:8501"})


@pytest.mark.parametrize(
    ("wanted", "then"),
    [("/triage?reading=a", "/triage?reading=a"), ("//evil.example", "/"), ("/\\evil.example", "/"),
     ("https://evil.example", "/"), ("javascript:alert(1)", "/"), ("", "/"),
     ("/account/sign-in", "/"), ("/a\r\nSet-Cookie: b=c", "/")],
)  # fmt: skip
def test_after_signing_in_nobody_is_led_elsewhere(wanted, then) -> None:
    assert safe_next(wanted) == then


def test_what_is_typed_is_shown_as_text(client, accounts) -> None:
    answer = client.post(
        "/account/sign-in", data={"name": '"><script>alert(1)</script>', "password": "x" * 12}
    )
    assert "<script>" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_link_makes_an_account_and_signs_in(client, accounts) -> None:
    link = accounts.first_link()
    page = client.get(f"/account/start?token={link}")
    assert "student, pathologist, instructor, admin" in page.text
    short = client.post("/account/start", data={"token": link, "name": "Ann", "password": "short"})
    assert "The password has 5 characters" in short.text
    made = client.post("/account/start", data={"token": link, "name": "Ann", "password": PASSWORD})
    assert made.headers["location"] == "/"
    assert client.get("/x").text == "/x for Ann"
    gone = client.get(f"/account/start?token={link}")
    assert (gone.status_code, "does not hold" in gone.text) == (403, True)


def test_the_account_page_changes_the_password_and_signs_out(client, ann, accounts) -> None:
    client.cookies.set(COOKIE, ann)
    assert "signed in as <strong>Ann</strong>" in client.get("/account").text
    form = {"old": "not this one", "new": "another few words here"}
    assert "present password is another" in client.post("/account/password", data=form).text
    changed = client.post("/account/password", data={**form, "old": PASSWORD})
    assert "The password was changed" in changed.text
    assert accounts.person_of(ann) is None
    client.cookies.delete(COOKIE)
    client.cookies.set(COOKIE, SECRET.fullmatch(changed.headers["set-cookie"])[1])
    assert client.get("/x").text == "/x for Ann"
    out = client.post("/account/sign-out")
    assert out.headers["location"] == "/account/sign-in"
    client.cookies.delete(COOKIE)
    identity._holder.clear()
    assert client.get("/account").headers["location"].startswith("/account/sign-in")


def test_guests_are_told_apart_in_the_teaching_mode_alone(client, monkeypatch) -> None:
    assert client.get("/quiz").status_code == 401
    monkeypatch.setenv("CERVIX_TEACHING", "1")
    first = client.get("/quiz")
    mark = re.search(rf"{GUEST_COOKIE}=([0-9a-f]{{32}});", first.headers["set-cookie"])
    assert mark is not None
    again = client.get("/quiz")
    assert again.text == f"/quiz for guest {mark[1]}"
    assert "set-cookie" not in again.headers


def test_where_the_store_cannot_be_opened_nobody_is_let_in(client, ann, monkeypatch) -> None:
    def broken(token: str) -> None:
        raise StorageError("The database is gone.")

    monkeypatch.setattr(identity, "_holder", broken)
    client.cookies.set(COOKIE, ann)
    assert client.get("/triage").status_code == 401


@pytest.mark.parametrize("path", ["/account", "/account/sign-in", "/account/start?token=x"])
def test_the_forms_say_why_the_store_cannot_be_opened(client, monkeypatch, path) -> None:
    def broken() -> None:
        raise StorageError("The folder cannot be made.")

    monkeypatch.setattr(identity, "shared_accounts", broken)
    client.cookies.set(COOKIE, "a secret")
    answer = client.get(path)
    assert (answer.status_code, "The folder cannot be made." in answer.text) == (503, True)
