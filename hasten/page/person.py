"""The view Person: the answer, what to do, and a lane for each change."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hasten.api.app import context_of
from hasten.errors import PermanentError
from hasten.object_ids import is_object_id
from hasten.operate.explain import find_person, refuse_unknown
from hasten.operate.person import PersonOverview, person_overview
from hasten.page.drawing import drawn
from hasten.page.forms import form_of
from hasten.page.rendering import PAGE_HEADERS, fragment, names_of, page
from hasten.page.targets import chosen_target
from hasten.page.view import moved
from hasten.page.visitor import Visitor

MAX_NAMES = 40
MAX_SEARCH_CHARS = 256


async def search_page(request: Request, visitor: Visitor) -> Response:
    return page(request, "search.html", visitor, problem=None)


async def search(request: Request, visitor: Visitor) -> Response:
    """Finds the person and leads to their page. The address of that page has the object id: a UPN
    or mail would stand in logs."""
    context, form = context_of(request), await form_of(request)
    given = form.text("person")[:MAX_SEARCH_CHARS]
    if not given:
        raise PermanentError("no person is named", "enter an object id, UPN, mail or employee id")
    try:
        found = await find_person(context, given)
        await refuse_unknown(context, found)
    except PermanentError as error:
        return page(request, "search.html", visitor, problem=error)
    return moved(f"/person/{found}")


async def person_page(request: Request, visitor: Visitor) -> Response:
    user, found = await _overview(request)
    name = (await names_of(request).read([user])).get(user, "")
    return page(
        request,
        "person.html",
        visitor,
        user=user,
        name=name,
        found=found,
        now=context_of(request).now(),
        drawn=drawn,
    )


async def person_part(request: Request, visitor: Visitor) -> Response:
    user, found = await _overview(request)
    return fragment(
        request,
        "person_part.html",
        visitor,
        user=user,
        name=names_of(request).of(user),
        found=found,
        now=context_of(request).now(),
        drawn=drawn,
    )


async def names_part(request: Request, _: Visitor) -> Response:
    """Answers the names of people and groups that a page shows by their ids."""
    given = request.query_params.get("ids", "").split(",")[:MAX_NAMES]
    ids = sorted({one.lower() for one in given if is_object_id(one)})
    return JSONResponse(dict(await names_of(request).read(ids)), headers=PAGE_HEADERS)


async def _overview(request: Request) -> tuple[str, PersonOverview]:
    user = request.path_params["user"].lower()
    if not is_object_id(user):
        raise PermanentError("this is no object id", "search for the person")
    asked = [chosen_target(request, one).name for one in request.query_params.getlist("target")]
    return user, await person_overview(context_of(request), user, asked=asked)
