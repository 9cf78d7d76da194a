"""Renders templates into answers with the headers that every page has."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hasten.api.app import UI, context_of
from hasten.page import assets
from hasten.page.names import Names
from hasten.page.selection import digest
from hasten.page.visitor import Visitor
from hasten.page.words import FILTERS

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser names no origin with a form
    "Cross-Origin-Opener-Policy": "same-origin",
}

VIEWS = (
    ("Now", "/"),
    ("Person", "/person"),
    ("Held", "/held"),
    ("Changes", "/changes"),
    ("Speed", "/speed"),
    ("Report", "/report"),
)


@lru_cache(maxsize=1)
def environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.filters.update(FILTERS, digest=digest)
    found.globals.update(asset=assets.address, ui=UI, views=VIEWS)
    return found


def names_of(request: Request) -> Names:
    """Returns the names that this process keeps."""
    state = request.app.state
    if not hasattr(state, "names"):
        state.names = Names(context_of(request))
    names: Names = state.names
    return names


def page(
    request: Request,
    template: str,
    visitor: Visitor | None,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    text = _rendered(request, template, visitor, values)
    return HTMLResponse(text, status, {**PAGE_HEADERS, **(headers or {})})


def fragment(request: Request, template: str, visitor: Visitor, **values: Any) -> Response:
    """Answers with a part of a page, or 304 if the browser has the same part already."""
    text = _rendered(request, template, visitor, values)
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'
    headers = {**PAGE_HEADERS, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return HTMLResponse(text, headers=headers)


def _rendered(
    request: Request, template: str, visitor: Visitor | None, values: Mapping[str, Any]
) -> str:
    here = "/" + request.url.path.removeprefix(UI).strip("/").partition("/")[0]
    # Starlette has decoded the path, and jinja2 escapes it.
    return (
        environment()
        .get_template(template)
        .render(visitor=visitor, here=here, names=names_of(request), **values)
    )
