"""Decides who may enter. Every route of the API and of the pages asks here first.

Two things prove who somebody is: an access token of Entra in the header Authorization, and the
session cookie that Hasten has issued after a sign-in. Headers that App Service authentication adds
(X-MS-CLIENT-PRINCIPAL and others) prove nothing here: without that feature anybody can send them.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import Request

from hasten.api.caller import Caller, Role
from hasten.api.keys import TenantKeys
from hasten.api.problems import ApiError
from hasten.api.session import COOKIES, FLOW, SESSION, Sealer, Session, session_of
from hasten.api.tokens import BadTokenError, Tokens
from hasten.context import Context
from hasten.errors import PermanentError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

CSRF_HEADER, CSRF_FIELD = "X-CSRF-Token", "csrf"
MAX_FORM_BYTES = 64 * 1024
MAX_FORM_FIELDS = 1000
FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Door:
    """Holds what the app needs to recognise callers. `origin` is that of the pages."""

    tokens: Tokens
    sessions: Sealer
    flows: Sealer
    origin: str


def open_door(context: Context) -> Door:
    """Raises PermanentError if a setting is missing: then nobody may enter."""
    settings = context.settings
    if settings.api_client_id is None:
        raise PermanentError(
            "setting HASTEN_API_CLIENT_ID is missing, so that the API and the pages are closed",
            "set it to the client id of Hasten's app registration",
        )
    keys = TenantKeys(context.ports.sign_in, context.now)
    return Door(
        tokens=Tokens(keys, settings.tenant, settings.api_client_id),
        sessions=Sealer(SESSION, settings.keys_for(SESSION)),
        flows=Sealer(FLOW, settings.keys_for(FLOW)),
        origin=settings.origin,
    )


def door_of(request: Request) -> Door:
    """Returns the door of the app. Raises ApiError 503 while it is closed for everybody."""
    door = request.app.state.door
    if isinstance(door, Door):
        return door
    raise ApiError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the API and the pages are closed: Hasten has no app registration to check tokens with",
        "an operator sets HASTEN_API_CLIENT_ID; python -m hasten doctor says more",
    )


async def current_caller(request: Request) -> Caller:
    """Returns who sends the request, by the token if there is one, else by the session. A write by
    a session must come from a page of Hasten.

    Raises ApiError 401 and 403, and 503 while nobody can be recognised.
    """
    door = door_of(request)
    given = request.headers.getlist("authorization")
    if given:
        return await _by_token(request, door, given)
    session = current_session(request)
    if session is None:
        raise _unauthorized("the request has no token")
    if request.method not in SAFE_METHODS:
        await _refuse_other_sites(request, door, session)
    return session.caller


async def admitted(request: Request, role: Role) -> Caller:
    """Returns who sends the request, and has the role. Raises the errors of `current_caller`."""
    caller = await current_caller(request)
    if not caller.may(role):
        raise ApiError(
            HTTPStatus.FORBIDDEN,
            f"the caller does not have the app role {role}",
            f"assign {role} of Hasten's app registration to the caller in Microsoft Entra ID; "
            "a new token or a new sign-in has it",
        )
    return caller


def current_session(request: Request) -> Session | None:
    """Returns the session of the request, whatever it asks for; None if there is none. Raises
    ApiError 503."""
    door, now = door_of(request), request.app.state.context.now()
    value = door.sessions.opened(request.cookies.get(COOKIES[SESSION]), now)
    return session_of(value) if value is not None else None


async def form(request: Request) -> Mapping[str, list[str]]:
    """Returns the fields of a form. Raises ApiError 413, and 415 if the body is no form."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_MEDIA_TYPE:
        raise ApiError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the form is not URL-encoded", "use the page's form"
        )
    body = await request.body()
    if len(body) > MAX_FORM_BYTES:
        raise ApiError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "the form is too long",
            "choose fewer changes at once",
        )
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS, errors="strict"
        )
    except ValueError:
        raise ApiError(
            HTTPStatus.BAD_REQUEST, "the form cannot be read", "use the page's form"
        ) from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


async def _by_token(request: Request, door: Door, given: list[str]) -> Caller:
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token.isascii():
        raise _unauthorized("the header Authorization has no bearer token")
    try:
        return await door.tokens.of_request(token.strip(), request.app.state.context.now())
    except BadTokenError as error:
        raise _unauthorized(str(error), code="invalid_token") from None


async def _refuse_other_sites(request: Request, door: Door, session: Session) -> None:
    """Raises ApiError 403 unless the write comes from a page of Hasten: browsers name the origin of
    a page with each write, and only a page of this session knows its CSRF token."""
    if request.headers.get("origin") != door.origin:
        raise _forged("the request does not come from a page of Hasten")
    token = request.headers.get(CSRF_HEADER)
    if token is None:
        token = next(iter((await form(request)).get(CSRF_FIELD, ())), "")
    if not hmac.compare_digest(token.encode(), session.csrf.encode()):
        raise _forged("the request does not have the token of the session")


def _forged(detail: str) -> ApiError:
    return ApiError(HTTPStatus.FORBIDDEN, detail, "open the page again, and repeat it there")


def _unauthorized(detail: str, *, code: str = "") -> ApiError:
    challenge = f'Bearer error="{code}"' if code else "Bearer"
    return ApiError(
        HTTPStatus.UNAUTHORIZED,
        detail,
        "send a token of Microsoft Entra ID for Hasten's app registration as "
        "`Authorization: Bearer ...`",
        headers={"WWW-Authenticate": challenge},
    )
