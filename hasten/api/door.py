"""Decides who may enter. Every route of the API and of the pages asks here first."""

from http import HTTPStatus

from starlette.requests import Request

from hasten.api.caller import Caller, Role
from hasten.api.problems import ApiError

CHALLENGE = {"WWW-Authenticate": "Bearer"}


async def current_caller(request: Request) -> Caller:
    """Returns who sends the request. Raises ApiError 401."""
    del request
    raise ApiError(
        HTTPStatus.UNAUTHORIZED,
        "the request has no valid token",
        "send a token of Microsoft Entra ID as `Authorization: Bearer ...`",
        headers=CHALLENGE,
    )


async def admitted(request: Request, role: Role) -> Caller:
    """Returns who sends the request, who has the role. Raises ApiError 401 and 403."""
    caller = await current_caller(request)
    if not caller.may(role):
        raise ApiError(
            HTTPStatus.FORBIDDEN,
            f"the caller does not have the app role {role}",
            f"assign {role} of Hasten's app registration to the caller in Microsoft Entra ID",
        )
    return caller
