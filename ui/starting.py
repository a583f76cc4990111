"""What the application does when it starts: it follows up signals to stop, and says how the first
administrator comes in."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool

from cervix_models.errors import StorageError
from ui import identity
from ui.stopping import stopping_in_time

log = logging.getLogger(__name__)

EVERYWHERE = ("", "127.0.0.1", "0.0.0.0", "::")  # noqa: S104  # nosec B104 only compared with


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """While the server runs: see `stopping_in_time`. At its start the link of the first
    administrator is printed, where there is none yet."""
    async with stopping_in_time(app):
        await run_in_threadpool(welcome)
        yield


def welcome() -> None:
    """Prints the link that makes the first administrator, once, where there is none."""
    try:
        token = identity.shared_accounts().first_link()
    except StorageError as problem:
        log.error("%s", problem)  # noqa: TRY400 a sentence, and every page says it too
        return
    if token:
        log.warning(
            "Nobody has an account here yet. Make the first administrator, within a day, at\n\n"
            "    %s%s?token=%s\n",
            address(), identity.START, token,
        )  # fmt: skip


def address() -> str:
    """Where a browser on this machine finds the application, without a slash at the end."""
    host = str(st.get_option("server.address") or "")
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    shown = "localhost" if host in EVERYWHERE else host
    return f"{scheme}://{shown}:{st.get_option('server.port')}" + (f"/{path}" if path else "")
