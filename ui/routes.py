"""Addresses beside the pages: stored pictures by sha256, the viewer's library, and health."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Literal

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from cervix_models.errors import CervixError, StorageError
from cervix_models.people import require
from ui import pictures, session

Layer = Literal["image", "mask", "heat"]
LIBRARY = Path(__file__).parent / "viewer" / "vendor" / "openseadragon.min.js"
LIBRARY_URL = "/assets/openseadragon.min.js"
SLIDE_URL = "/slide-tiles/{key}"  # below it are level/column_row.jpg
CELL_URL = "/cells/"  # and the sha256 or the row of a cell of the table of cells

# What lies under a sha256 never changes; it stays in the reader's own browser.
_CACHED = {"Cache-Control": "private, max-age=31536000, immutable"}
_BRIEFLY = {"Cache-Control": "private, max-age=3600"}  # a file may be replaced by another
_DRAW: dict[str, Callable[[bytes], bytes]] = {
    "image": bytes,
    "mask": pictures.mask_picture,
    "heat": pictures.heat_picture,
}


def picture_url(layer: Layer, sha256: str) -> str:
    """The address of a stored picture, drawn as a layer of the viewer."""
    return f"/picture/{layer}/{sha256}.png"


def picture(request: Request) -> Response:
    """A stored image, or an overlay drawn from a stored mask or heat map; 404 where unknown."""
    layer, sha256 = request.path_params["layer"], request.path_params["sha256"]
    if layer not in _DRAW or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        return _missing(
            "This is no address of a picture: it needs image, mask or heat, then a sha256."
        )
    try:
        return Response(_drawn(layer, sha256), media_type="image/png", headers=_CACHED)
    except StorageError as problem:
        return _missing(str(problem))
    except ValueError as problem:
        return _missing(f"The picture cannot be drawn as {layer}. {problem}")


def tile(request: Request) -> Response:
    """A tile of a slide in the installation's folder; 404 where there is none."""
    at = request.path_params
    try:
        require("pathologist")
        content = session.shared_slides().tile(at["key"], at["level"], at["column"], at["row"])
    except CervixError as problem:
        return _missing(str(problem))
    return Response(content, media_type="image/jpeg", headers=_BRIEFLY)


def cell(request: Request) -> Response:
    """A cell of the table of cells: its picture where SIPaKMeD is imported here, else its outlines;
    404 where unknown."""
    try:
        content, media_type = session.shared_dataset().picture(request.path_params["name"])
    except (CervixError, OSError) as problem:
        return _missing(str(problem))
    return Response(content, media_type=media_type, headers=_BRIEFLY)


def library(request: Request) -> Response:
    """OpenSeadragon, from our own server: the app needs no other."""
    return FileResponse(
        LIBRARY, media_type="text/javascript", headers={"Cache-Control": "private, max-age=86400"}
    )


@lru_cache(maxsize=256)
def _drawn(layer: str, sha256: str) -> bytes:
    return _DRAW[layer](session.shared_triage().blob(sha256))


def _missing(sentence: str) -> Response:
    return PlainTextResponse(sentence, status_code=404, headers={"Cache-Control": "no-store"})


ROUTES = [
    Route("/picture/{layer}/{sha256}.png", picture),
    Route(SLIDE_URL + "/{level:int}/{column:int}_{row:int}.jpg", tile),
    Route(CELL_URL + "{name}", cell),
    Route(LIBRARY_URL, library),
]
