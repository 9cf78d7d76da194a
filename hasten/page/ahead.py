"""Cancels a start or an end that lies ahead, from the view Person."""

from starlette.requests import Request
from starlette.responses import Response

from hasten.api.app import context_of
from hasten.errors import PermanentError
from hasten.object_ids import is_object_id
from hasten.operate.scheduled import DropResult, drop, find
from hasten.page.forms import form_of
from hasten.page.view import moved
from hasten.page.visitor import Visitor


async def cancel(request: Request, visitor: Visitor) -> Response:
    context, form = context_of(request), await form_of(request)
    reason, user = form.reason(), form.text("user").lower()
    given = form.text("id")
    entries = await find(context, given)
    by = visitor.caller.object_id
    dropped = [await drop(context, entry, given=given, by=by, reason=reason) for entry in entries]
    if set(dropped) != {DropResult.DROPPED}:
        raise PermanentError(
            "it was due and may have come about, or it was posted, cancelled or brought forward "
            "before",
            "look at the person again",
        )
    return moved(f"/person/{user}" if is_object_id(user) else "/person")
