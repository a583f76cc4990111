"""Who did not sign in gets no page, no picture and no session: asked before anything answers."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from http.cookies import SimpleCookie
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cervix_models.errors import StorageError
from cervix_models.people import Person, acting_as
from cervix_models.settings import load_settings
from ui import identity

# Forms of signing in, whether the server lives, and what every browser may know of Streamlit.
OPEN = (
    "/account/", "/health", "/ready", "/metrics", "/static/", "/favicon", "/_stcore/health",
    "/manifest",
)  # fmt: skip
PROVIDER = ("/auth/", "/oauth2callback")  # of Streamlit's own way to an identity provider
CLOSED = 4401  # of a web socket


class Doors:
    """Middleware: looks who comes, and lets nobody else than them on."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps the application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or hands it on as the person who sent it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith(OPEN) or path == identity.ACCOUNT:
            await self.app(scope, receive, send)
            return
        found = await run_in_threadpool(who, HTTPConnection(scope).cookies)
        if found is None and not identity.has_provider():
            await _refuse(scope, receive, send)
        elif found is None and not _before_sign_in(scope, path):
            await PlainTextResponse("Sign in first.", 401)(scope, receive, send)
        elif found is None:
            await self.app(scope, receive, send)
        else:
            with acting_as(found):
                await self.app(scope, receive, _marked(scope, send))


def who(cookies: Mapping[str, str]) -> Person | None:
    """Who sends a request: by the cookie of a sign-in, of an identity provider, or a guest; None
    for anybody else."""
    try:
        return identity.by_cookie(cookies) or _by_provider(cookies) or identity.guest(cookies)
    except StorageError:
        return None


def _by_provider(cookies: Mapping[str, str]) -> Person | None:
    if not identity.has_provider():
        return None
    # Streamlit hands what it verified to the scripts of pages alone; routes read its cookie.
    from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

    told = _get_signed_cookie_with_chunks(dict(cookies), "_streamlit_user")
    claims = json.loads(told) if told else {}
    return identity.known(claims) if claims.get("is_logged_in") else None


def _before_sign_in(scope: Scope, path: str) -> bool:
    """Whether Streamlit needs this to lead a person to the identity provider."""
    page = scope["type"] == "http" and scope["method"] == "GET" and "." not in path.split("/")[-1]
    return path.startswith((*PROVIDER, "/_stcore/")) or (page and path.count("/") == 1)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": CLOSED, "reason": "Sign in first."})
        return
    answer: Response = PlainTextResponse("Sign in first.", 401)
    if scope["method"] == "GET" and "text/html" in HTTPConnection(scope).headers.get("accept", ""):
        query = scope["query_string"].decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
        answer = RedirectResponse(f"{identity.SIGN_IN}?next={quote(wanted, safe='')}", 303)
    await answer(scope, receive, send)


def _marked(scope: Scope, send: Send) -> Send:
    """`send`, which tells the browser of a guest a mark of its own with the first answer."""
    if not load_settings().teaching or identity.GUEST_COOKIE in HTTPConnection(scope).cookies:
        return send
    cookie: SimpleCookie = SimpleCookie({identity.GUEST_COOKIE: secrets.token_hex(16)})
    cookie[identity.GUEST_COOKIE].update(
        {"path": "/", "httponly": "yes", "samesite": "lax", "max-age": str(180 * 24 * 3600)}
    )
    header = (b"set-cookie", cookie.output(header="").strip().encode("latin-1"))

    async def marking(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), header]
        await send(message)

    return marking
