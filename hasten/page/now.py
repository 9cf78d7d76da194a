"""The view Now: all targets, the oldest revocation, and what needs a person."""

from starlette.requests import Request
from starlette.responses import Response

from hasten.api.app import context_of
from hasten.operate.overview import overview
from hasten.operate.stop import start, stop
from hasten.page.forms import form_of
from hasten.page.rendering import fragment, page
from hasten.page.targets import chosen_target
from hasten.page.view import moved
from hasten.page.visitor import Visitor
from hasten.records.stops import ALL_TARGETS

ALL = "all"


async def now_page(request: Request, visitor: Visitor) -> Response:
    found = await overview(context_of(request))
    return page(request, "now.html", visitor, found=found)


async def now_part(request: Request, visitor: Visitor) -> Response:
    """Answers the part that is refreshed."""
    found = await overview(context_of(request))
    return fragment(request, "now_part.html", visitor, found=found)


async def stop_now(request: Request, visitor: Visitor) -> Response:
    target, reason = await _decision(request)
    await stop(context_of(request), target, by=visitor.caller.object_id, reason=reason)
    return moved("/")


async def start_now(request: Request, visitor: Visitor) -> Response:
    target, reason = await _decision(request)
    await start(context_of(request), target, by=visitor.caller.object_id, reason=reason)
    return moved("/")


async def _decision(request: Request) -> tuple[str, str]:
    form = await form_of(request)
    given = form.text("target")
    name = ALL_TARGETS if given == ALL else chosen_target(request, given).name
    return name, form.reason()
