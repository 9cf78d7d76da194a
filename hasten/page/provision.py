"""The button of the view Person: provisions the person at once. The lanes of the view then show
each step as it comes."""

from starlette.requests import Request
from starlette.responses import Response

from hasten.api.app import context_of
from hasten.errors import PermanentError
from hasten.object_ids import is_object_id
from hasten.page.forms import form_of
from hasten.page.targets import chosen_target
from hasten.page.view import moved
from hasten.page.visitor import Visitor
from hasten.provision.on_request import request_person


async def provision(request: Request, visitor: Visitor) -> Response:
    form = await form_of(request)
    target, reason = chosen_target(request, form.text("target")), form.reason()
    user = form.text("user").lower()
    if not is_object_id(user):
        raise PermanentError("this is no object id", "search for the person")
    asked = await request_person(
        context_of(request), target, user, by=visitor.caller.object_id, why=reason
    )
    if asked.held and not asked.rows:
        raise PermanentError("what is open about them is held", "release it on the view Held")
    if not asked.rows:
        raise PermanentError(
            f"they are not assigned to {target.name} and never were, so there is nothing to do",
            "add them to a group of the target first",
        )
    return moved(f"/person/{user}?target={target.name}")
