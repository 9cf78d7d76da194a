"""Serves the style sheet, the script and the icon. Their names contain a hash of their content, so
that browsers keep them for good."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from hasten.api.app import UI

STATIC = Path(__file__).with_name("static")
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_GOOD = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
}


@dataclass(frozen=True, slots=True)
class Asset:
    path: str
    body: bytes
    media_type: str


@lru_cache(maxsize=1)
def assets() -> Mapping[str, Asset]:
    """Returns the assets by the name of their file."""
    return {
        file.name: _read(file) for file in sorted(STATIC.iterdir()) if file.suffix in MEDIA_TYPES
    }


def address(name: str) -> str:
    return f"{UI}/assets/{assets()[name].path}"


async def asset(request: Request) -> Response:
    """Answers anybody: the assets are public, and the page that asks somebody to sign in needs
    them."""
    wanted = request.path_params["name"]
    for found in assets().values():
        if found.path == wanted:
            return Response(found.body, headers=FOR_GOOD, media_type=found.media_type)
    return Response(status_code=HTTPStatus.NOT_FOUND)


def _read(file: Path) -> Asset:
    body = file.read_bytes()
    mark = hashlib.sha256(body).hexdigest()[:12]
    return Asset(f"{file.stem}.{mark}{file.suffix}", body, MEDIA_TYPES[file.suffix])
