"""Signing in and out, beside the pages: plain forms, which need no script, and one cookie."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from cervix_models.contracts import NOTICE
from cervix_models.errors import AccountError, CervixError, SignInError
from cervix_models.services.accounts import LONGEST, SHORTEST
from cervix_models.settings import load_settings
from ui import identity

HERE = Path(__file__).parent / "account_pages"
_pages = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined
)
# Nothing of another server, no frame around it, and the secret of a link stays here.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_FORM_LIMIT = 16  # fields
Handler = Callable[[Request], Awaitable[Response]]
FormHandler = Callable[[Request, FormData], Awaitable[Response]]


def came_from_here(headers: Mapping[str, str]) -> bool:
    """Whether a form was sent by a page of ours, as far as the browser says: every browser of today
    names the origin of a form that another site sends."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def safe_next(wanted: str) -> str:
    """Where a person goes after signing in: a page of ours, or the first one."""
    parts = urlsplit(wanted)
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    ours = ours and not (parts.scheme or parts.netloc) and wanted.isprintable()
    return "/" if not ours or wanted.startswith("/account") else wanted


def _told(handler: Handler) -> Handler:
    """A route that says as a page why it cannot answer, such as a store that cannot be opened."""

    @wraps(handler)
    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except CervixError as problem:
            return _page("problem", "Not now", 503, problem=str(problem))

    return handle


@_told
async def sign_in_page(request: Request) -> Response:
    """The form by which a person signs in."""
    return await _sign_in_form(safe_next(request.query_params.get("next", "/")))


def _of_form(handler: FormHandler) -> Handler:
    """A route that reads a form, which came from a page of ours; what went wrong is said above a
    way back."""

    @wraps(handler)
    async def handle(request: Request) -> Response:
        if not came_from_here(request.headers):
            problem = "This form was sent by another site. Open the page here, and send it again."
            return _page("problem", "Not sent", 403, problem=problem)
        async with request.form(max_files=0, max_fields=_FORM_LIMIT) as form:
            try:
                return await handler(request, form)
            except CervixError as problem:
                return _page("problem", "Not done", 400, problem=str(problem))

    return handle


@_of_form
async def sign_in(request: Request, form: FormData) -> Response:
    """Signs a person in, and leads to the page that was asked for."""
    name, wanted = _text(form, "name"), safe_next(_text(form, "next"))
    address = request.client.host if request.client else ""
    try:
        token = await run_in_threadpool(
            identity.shared_accounts().sign_in, name, _text(form, "password"), address
        )
    except SignInError as problem:
        return await _sign_in_form(wanted, name, str(problem))
    return _with_cookie(request, RedirectResponse(wanted, 303), token)


@_told
async def start_page(request: Request) -> Response:
    """The form behind a link that makes an account, or a new password."""
    return await _start_form(request.query_params.get("token", ""))


@_of_form
async def start(request: Request, form: FormData) -> Response:
    """Makes the account of a link, or the new password, and signs its person in."""
    token, name = _text(form, "token"), _text(form, "name")
    try:
        held = await run_in_threadpool(
            identity.shared_accounts().accept, token, name, _text(form, "password")
        )
    except AccountError as problem:
        return await _start_form(token, name, str(problem))
    return _with_cookie(request, RedirectResponse("/", 303), held)


@_told
async def account_page(request: Request) -> Response:
    """Who is signed in, the way out, and the form that changes the password."""
    return await _account_form(request)


@_of_form
async def change_password(request: Request, form: FormData) -> Response:
    """Changes the password of who is signed in; other browsers of theirs are signed out."""
    token = request.cookies.get(identity.COOKIE, "")
    try:
        held = await run_in_threadpool(
            identity.shared_accounts().change_password, token, _text(form, "old"),
            _text(form, "new"),
        )  # fmt: skip
    except (AccountError, SignInError) as problem:
        return await _account_form(request, problem=str(problem))
    done = "The password was changed. Other browsers that you had signed in are signed out."
    request.cookies[identity.COOKIE] = held
    return _with_cookie(request, await _account_form(request, done=done), held)


@_of_form
async def sign_out(request: Request, form: FormData) -> Response:
    """Signs a person out of this browser."""
    token = request.cookies.get(identity.COOKIE, "")
    await run_in_threadpool(identity.shared_accounts().sign_out, token)
    answer = RedirectResponse(identity.SIGN_IN, 303)
    answer.delete_cookie(identity.COOKIE, httponly=True, samesite="lax")
    return answer


async def style(request: Request) -> Response:
    """The style sheet of these pages."""
    return FileResponse(HERE / "style.css", media_type="text/css")


async def _sign_in_form(wanted: str, name: str = "", problem: str = "") -> Response:
    accounts = identity.shared_accounts()
    empty = not await run_in_threadpool(accounts.store.accounts.has_admin)
    return _page(
        "sign_in", "Sign in", 403 if problem else 200, problem=problem, name=name, next=wanted,
        nobody_yet=empty, provider=identity.has_provider(), teaching=load_settings().teaching,
    )  # fmt: skip


async def _start_form(token: str, name: str = "", problem: str = "") -> Response:
    accounts = identity.shared_accounts()
    try:
        invitation = await run_in_threadpool(accounts.invited, token)
    except AccountError as gone:
        return _page("problem", "This link does not hold", 403, problem=str(gone))
    known = await run_in_threadpool(accounts.account_of, invitation)
    return _page(
        "start", "New password" if known else "New account", 400 if problem else 200,
        problem=problem, token=token, name=name, account=known.name if known else "",
        roles=", ".join(invitation.roles), shortest=SHORTEST,
    )  # fmt: skip


async def _account_form(request: Request, problem: str = "", done: str = "") -> Response:
    found = await run_in_threadpool(identity.by_cookie, request.cookies)
    if found is None:
        return RedirectResponse(f"{identity.SIGN_IN}?{urlencode({'next': '/'})}", 303)
    return _page(
        "account", "Your account", 400 if problem else 200, problem=problem, done=done,
        name=found.name, roles=", ".join(found.roles), shortest=SHORTEST,
    )  # fmt: skip


def _page(template: str, title: str, status: int, /, **values: object) -> HTMLResponse:
    filled = {"problem": "", "done": "", **values, "title": title, "notice": NOTICE}
    content = _pages.get_template(f"{template}.html").render(filled)
    return HTMLResponse(content, status, headers=_HEADERS)


def _with_cookie(request: Request, answer: Response, token: str) -> Response:
    scheme = request.headers.get("x-forwarded-proto", request.url.scheme)
    answer.set_cookie(
        identity.COOKIE, token, max_age=int(LONGEST.total_seconds()), httponly=True,
        samesite="lax", secure=scheme == "https",
    )  # fmt: skip
    return answer


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


ACCOUNT_ROUTES = [
    Route(identity.SIGN_IN, sign_in_page, methods=["GET"]),
    Route(identity.SIGN_IN, sign_in, methods=["POST"]),
    Route(identity.START, start_page, methods=["GET"]),
    Route(identity.START, start, methods=["POST"]),
    Route(identity.ACCOUNT, account_page, methods=["GET"]),
    Route("/account/password", change_password, methods=["POST"]),
    Route("/account/sign-out", sign_out, methods=["POST"]),
    Route("/account/style.css", style, methods=["GET"]),
]
