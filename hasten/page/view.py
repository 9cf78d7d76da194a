"""Makes endpoints of views: asks who is there, and answers errors as pages."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hasten.api.app import UI
from hasten.api.caller import Role
from hasten.api.problems import ApiError
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.page.rendering import PAGE_HEADERS, page
from hasten.page.visitor import Admit, Visitor

View = Callable[[Request, Visitor], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(view: View, role: Role, admit: Admit) -> Endpoint:
    async def answer(request: Request) -> Response:
        visitor: Visitor | None = None
        try:
            visitor = await admit(request, role)
            return await view(request, visitor)
        except (ApiError, HTTPException, PermanentError, TemporaryError, Conflict) as error:
            if isinstance(error, ApiError) and error.status is HTTPStatus.UNAUTHORIZED:
                raise  # the app leads to the sign-in
            return _answered(request, visitor, error)

    return answer


def moved(path: str) -> Response:
    """Sends the browser to another page after a form."""
    return RedirectResponse(f"{UI}{path}", HTTPStatus.SEE_OTHER, headers=PAGE_HEADERS)


TITLES = {
    HTTPStatus.FORBIDDEN: "You may not do this",
    HTTPStatus.NOT_FOUND: "There is no such page",
    HTTPStatus.CONFLICT: "This was not done",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not now",
}


def _answered(request: Request, visitor: Visitor | None, error: Exception) -> Response:
    status, reason, fix = _told(error)
    return page(
        request,
        "error.html",
        visitor,
        status=status,
        title=TITLES.get(status, "This did not work"),
        reason=reason,
        fix=fix,
    )


def _told(error: Exception) -> tuple[HTTPStatus, str, str]:
    match error:
        case ApiError():
            return error.status, error.detail, error.fix
        case HTTPException():
            return HTTPStatus(error.status_code), error.detail, "go back to the overview"
        case PermanentError():
            return HTTPStatus.CONFLICT, error.reason, error.next_action
        case TemporaryError():
            return HTTPStatus.SERVICE_UNAVAILABLE, error.reason, "load the page again"
    reason = "somebody else decided about the same at the same moment"
    return HTTPStatus.CONFLICT, reason, "nothing was written: look again, then decide again"
