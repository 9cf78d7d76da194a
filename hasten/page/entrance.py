"""Lets a person into the pages by the door of the API."""

from starlette.requests import Request

from hasten.api.caller import Role
from hasten.api.door import admitted, current_session
from hasten.page.visitor import Visitor


async def enter(request: Request, role: Role) -> Visitor:
    """Raises ApiError. A caller with a token in place of a session needs no token in a form."""
    caller = await admitted(request, role)
    session = current_session(request)
    return Visitor(caller, csrf=session.csrf if session is not None else "")
