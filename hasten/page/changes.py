"""The view Changes: open and ended changes with a filter in the address, live, and as CSV."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from hasten.api.app import context_of
from hasten.api.problems import ApiError
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, State
from hasten.object_ids import is_object_id
from hasten.operate.changes_list import ChangesFilter, ChangesPage, list_changes
from hasten.page.rendering import fragment, page
from hasten.page.spreadsheet import as_csv
from hasten.page.targets import chosen_target
from hasten.page.visitor import Visitor
from hasten.page.words import iso

ROWS_PER_PAGE = 40
MAX_CSV_ROWS = 5_000
CHIPS = (
    State.PENDING,
    State.CALLING,
    State.WAITING,
    State.HELD,
    State.SUCCEEDED,
    State.CONFIRMED,
    State.IN_SYNC,
    State.DONE_BY_CYCLE,
    State.LEFT_TO_CYCLE,
    State.FAILED,
    State.SUPERSEDED,
)
CSV_COLUMNS = (
    "at",
    "target",
    "user",
    "group",
    "action",
    "state",
    "reason",
    "next action",
    "noticed",
    "called",
    "ended",
)


async def changes_page(request: Request, visitor: Visitor) -> Response:
    wanted, found = await _found(request, ROWS_PER_PAGE)
    return page(request, "changes.html", visitor, **_values(request, wanted, found))


async def changes_part(request: Request, visitor: Visitor) -> Response:
    wanted, found = await _found(request, ROWS_PER_PAGE)
    return fragment(request, "changes_part.html", visitor, **_values(request, wanted, found))


async def changes_csv(request: Request, _visitor: Visitor) -> Response:
    """Answers at most MAX_CSV_ROWS ended changes; `hasten export` has no limit."""
    _wanted, found = await _found(request, MAX_CSV_ROWS)
    rows = (
        (
            iso(one.at),
            one.target,
            one.user,
            one.group,
            one.action,
            one.state,
            one.reason,
            one.next_action,
            *(iso(time) if time else "" for time in (one.noticed, one.called, one.ended)),
        )
        for one in (*found.opened, *found.ended)
    )
    return as_csv("changes.csv", CSV_COLUMNS, rows)


async def _found(request: Request, rows: int) -> tuple[ChangesFilter, ChangesPage]:
    query = request.query_params
    wanted = ChangesFilter(
        target=chosen_target(request, query["target"]).name if query.get("target") else "",
        states=frozenset(_state(one) for one in query.getlist("state") if one),
        user=_id(query.get("user", ""), "user"),
        group=_id(query.get("group", ""), "group"),
    )
    try:
        found = await list_changes(
            context_of(request), wanted, limit=rows, before=query.get("before") or None
        )
    except ValueError as error:
        raise ApiError(
            HTTPStatus.BAD_REQUEST, "the address names no page of changes", "begin at the first"
        ) from error
    return wanted, found


def _values(request: Request, wanted: ChangesFilter, found: ChangesPage) -> dict[str, Any]:
    kept = [("target", wanted.target), ("user", wanted.user), ("group", wanted.group)]
    kept = [(name, value) for name, value in kept if value]
    states = [("state", str(state)) for state in CHIPS if state in wanted.states]

    def address(*more: tuple[str, str]) -> str:
        pairs = [*kept, *more]
        return f"?{urlencode(pairs)}" if pairs else ""

    return {
        "wanted": wanted,
        "found": found,
        "targets": sorted(context_of(request).targets),
        "chips": [(state, address(("state", state)), state in wanted.states) for state in CHIPS],
        "everything": address(),
        "query": address(*states),
        "older": address(*states, ("before", found.before)) if found.before else "",
        "is_first": not request.query_params.get("before"),
    }


def _state(given: str) -> State:
    try:
        return State(given)
    except ValueError:
        raise ApiError(
            HTTPStatus.BAD_REQUEST,
            "the field `state` names no state",
            f"choose of {', '.join(State)}",
        ) from None


def _id(given: str, name: str) -> str:
    given = given.strip().lower()
    if (
        given
        and not is_object_id(given)
        and not (name == "group" and given in {DIRECT, OWN_ACCOUNT})
    ):
        raise ApiError(
            HTTPStatus.BAD_REQUEST,
            f"the field `{name}` is no object id",
            "copy it from the page, or find the person by name on the view Person",
        )
    return given
