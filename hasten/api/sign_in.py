"""Signs people in with Microsoft Entra ID: the code flow with PKCE, for the app registration of the
API. The routes are relative to /api/ui."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from hasten.api.door import Door, door_of
from hasten.api.problems import ApiError, problem
from hasten.api.session import COOKIES, FLOW, of_session
from hasten.api.tokens import BadTokenError
from hasten.errors import WrongInputError

HOME_PATH = "/api/ui/"
SIGN_IN_PATH = "/api/ui/signin"
CALLBACK_PATH = f"{SIGN_IN_PATH}/callback"

MAX_RETURN_CHARS = 1024
MAX_CODE_CHARS = 8 * 1024
"""Characters. Entra documents no limit; real codes have about 1,500."""

NO_STORE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def routes() -> Sequence[BaseRoute]:
    return [
        Route("/signin", begin),
        Route("/signin/callback", finish),
    ]


async def begin(request: Request) -> Response:
    """Sends the browser to Entra. The proof of this browser is in a cookie, so that a link that
    somebody else prepared cannot end the sign-in here."""
    door, now = door_of(request), request.app.state.context.now()
    metadata = await door.tokens.keys.metadata()
    flow = {
        "state": secrets.token_urlsafe(32),
        "nonce": secrets.token_urlsafe(32),
        "verifier": secrets.token_urlsafe(48),
        "to": local(request.query_params.get("to", "")),
    }
    query = {
        "client_id": str(request.app.state.context.settings.api_client_id),
        "response_type": "code",
        "response_mode": "query",
        "redirect_uri": f"{door.origin}{CALLBACK_PATH}",
        "scope": "openid profile",
        "state": flow["state"],
        "nonce": flow["nonce"],
        "code_challenge": _challenge(flow["verifier"]),
        "code_challenge_method": "S256",
    }
    answer = RedirectResponse(f"{metadata.authorize}?{urlencode(query)}", 302, NO_STORE)
    door.flows.put(answer, flow, now)
    return answer


async def finish(request: Request) -> Response:
    """Receives the browser from Entra and begins a session. Each code and each state serve once:
    Entra redeems a code once, and the cookie of the flow is removed here."""
    door, context = door_of(request), request.app.state.context
    flow = door.flows.opened(request.cookies.get(COOKIES[FLOW]), context.now())
    query = request.query_params
    state, code = query.get("state", ""), query.get("code", "")
    if flow is None or not hmac.compare_digest(state.encode(), flow["state"].encode()):
        return _failed(door, "this sign-in was not begun in this browser, or too long ago")
    if not code or len(code) > MAX_CODE_CHARS:
        return _failed(door, "Entra did not sign you in")
    try:
        token = await context.ports.sign_in.redeem(
            (await door.tokens.keys.metadata()).token,
            code=code,
            verifier=flow["verifier"],
            redirect_uri=f"{door.origin}{CALLBACK_PATH}",
        )
        caller = await door.tokens.of_sign_in(token, context.now(), nonce=flow["nonce"])
    except WrongInputError as error:
        return _failed(door, error.reason)
    except BadTokenError as error:
        return _failed(door, str(error))
    answer = RedirectResponse(flow["to"], HTTPStatus.SEE_OTHER, NO_STORE)
    door.flows.remove(answer)
    door.sessions.put(answer, of_session(caller, secrets.token_urlsafe(32)), context.now())
    return answer


def to_sign_in(request: Request, error: Exception) -> Response | None:
    """Returns the way to the sign-in if `error` says that a browser has no session and wants to
    see a page; else None. A script of a page gets 401 with the address in HX-Redirect."""
    if not isinstance(error, ApiError) or error.status != HTTPStatus.UNAUTHORIZED:
        return None
    if "authorization" in request.headers:
        return None
    to = request.url.path if request.method == "GET" else HOME_PATH
    query = f"?{request.url.query}" if request.method == "GET" and request.url.query else ""
    address = f"{SIGN_IN_PATH}?{urlencode({'to': local(to + query)})}"
    if request.headers.get("hx-request"):
        headers = {"HX-Redirect": address, **error.headers}
        return problem(error.status, error.detail, error.fix, headers=headers)
    if request.method != "GET":
        return None
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, NO_STORE)


def local(path: str) -> str:
    """Returns the path if it is one of Hasten's pages, else their first page: a link must not lead
    through the sign-in to another site."""
    is_page = path.startswith(HOME_PATH) and not path.startswith(SIGN_IN_PATH)
    is_plain = path.isascii() and path.isprintable() and "\\" not in path and ".." not in path
    return path if is_page and is_plain and len(path) <= MAX_RETURN_CHARS else HOME_PATH


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _failed(door: Door, detail: str) -> Response:
    answer = problem(
        HTTPStatus.BAD_REQUEST, detail, f"sign in again: {SIGN_IN_PATH}", headers=NO_STORE
    )
    door.flows.remove(answer)
    return answer
