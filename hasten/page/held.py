"""The view Held: who is held, why, and what would happen; and the decision about a selection."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from hasten.api.app import context_of
from hasten.api.problems import ApiError
from hasten.errors import PermanentError
from hasten.operate.decide import HeldAction, decide
from hasten.operate.held import choose_held, keys_of, only
from hasten.operate.held_list import held_list, targets_with_held
from hasten.page.forms import Form, form_of
from hasten.page.rendering import fragment, page
from hasten.page.selection import as_text, chosen
from hasten.page.targets import chosen_target
from hasten.page.view import moved
from hasten.page.visitor import Visitor

MAX_LISTED = 200
"""Changes of one group that are listed one by one. The others are chosen with their group."""

MAX_CHOSEN = 3_000
"""Maximum number of changes that a person can choose on the page: so many fit into 64 KiB, the most
that the door reads of a form."""


async def held_page(request: Request, visitor: Visitor) -> Response:
    return page(request, "held.html", visitor, done=_done(request), **await _found(request))


async def held_part(request: Request, visitor: Visitor) -> Response:
    """Answers the part that is refreshed."""
    return fragment(request, "held_part.html", visitor, **await _found(request))


async def _found(request: Request) -> dict[str, Any]:
    context = context_of(request)
    wanted = request.query_params.get("target", "")
    names = [wanted] if wanted else await targets_with_held(context)
    targets = [chosen_target(request, name) for name in names]
    found = [(target, await held_list(context, target.name)) for target in targets]
    return {
        "found": [(target, held) for target, held in found if held],
        "wanted": wanted,
        "query": f"?{urlencode({'target': wanted})}" if wanted else "",
        "most": MAX_LISTED,
    }


async def held_review(request: Request, visitor: Visitor) -> Response:
    """Shows what was chosen before anything is done."""
    context, form = context_of(request), await form_of(request)
    target = chosen_target(request, form.text("target"))
    decision, reason = _decision(form), form.reason()
    everything = await held_list(context, target.name)
    keys, groups = chosen(form, (held.key for held in everything)), set(form.all("group"))
    held = [one for one in everything if one.key in keys or one.group in groups]
    if not held:
        raise PermanentError("nothing is chosen that is still held", "choose at least one change")
    if len(held) > MAX_CHOSEN:
        raise PermanentError(
            f"{len(held)} changes are chosen, and a form takes {MAX_CHOSEN}",
            "choose fewer groups at once, or use python -m hasten release",
        )
    return page(
        request,
        "review.html",
        visitor,
        target=target,
        decision=decision.value,
        reason=reason,
        chosen=as_text(one.key for one in held),
        held=held,
        most=MAX_LISTED,
        groups=len({one.group for one in held}),
        people=len({one.user for one in held}),
    )


async def held_decide(request: Request, visitor: Visitor) -> Response:
    context, form = context_of(request), await form_of(request)
    target, decision = chosen_target(request, form.text("target")), _decision(form)
    reason = form.reason()
    held = await choose_held(context, target.name, groups=(), users=())
    keys = chosen(form, keys_of(held))
    decided = await decide(
        context,
        target.name,
        only(held, keys),
        decision,
        by=visitor.caller.object_id,
        reason=reason,
    )
    if decided.problem:
        raise PermanentError(
            f"{decided.moved} of {len(keys)} were done, then: {decided.problem.found}",
            decided.problem.fix,
        )
    left = len(keys) - decided.moved - decided.proposed
    return moved(
        f"/held?done={decision}&moved={decided.moved}&proposed={decided.proposed}&left={left}"
    )


def _decision(form: Form) -> HeldAction:
    try:
        return HeldAction(form.text("decision"))
    except ValueError:
        raise ApiError(
            HTTPStatus.BAD_REQUEST, "the field `decision` is neither", "choose release or discard"
        ) from None


def _done(request: Request) -> dict[str, str | int] | None:
    """Returns what the form before did, as the address says it."""
    query = request.query_params
    counts = {name: query.get(name, "0") for name in ("moved", "proposed", "left")}
    if query.get("done") not in {*HeldAction} or not all(c.isdecimal() for c in counts.values()):
        return None
    return {"decision": query["done"], **{n: int(c[:9]) for n, c in counts.items()}}
