"""Has a person provisioned at once, because an operator asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import quote, urlencode

from hasten.api.endpoint import ApiRequest, Reply
from hasten.api.problems import ApiError
from hasten.api.reading import chosen, named_person
from hasten.domain.changes import Change, State
from hasten.operate.explain import find_person, refuse_unknown
from hasten.provision.on_request import request_person, waited_for


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedChange:
    """`steps` are what each step of Entra's answer said; empty while there is no answer."""

    group: str
    action: str
    state: str
    reason: str
    next_action: str
    steps: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """`is_done` is true once no change waits for a call; a held one waits for an operator."""

    target: str
    user: str
    is_done: bool
    changes: Sequence[ProvisionedChange]


async def provision(call: ApiRequest) -> Reply:
    """Answers 202 with the address of the person if the verdict is not there in time."""
    context, body = call.context, call.body
    [target] = chosen(call, body.target)
    user = await find_person(context, named_person(call))
    await refuse_unknown(context, user)
    request = await request_person(context, target, user, by=call.caller.signature, why=body.reason)
    if not request.rows and not request.held:
        raise ApiError(
            HTTPStatus.CONFLICT,
            f"the person is not assigned to {target.name} and never was",
            "assign a group of the person to the app, or make the person a member of one",
        )
    rows = await waited_for(context, request, timedelta(seconds=body.wait))
    is_done = all(not row.is_open or row.state is State.HELD for row in rows)
    value = Provisioned(
        target=target.name,
        user=user,
        is_done=is_done,
        changes=[_shown(row) for row in (*rows, *request.held)],
    )
    if is_done:
        return Reply(value=value)
    address = f"/api/v1/people/{quote(user)}?{urlencode({'target': target.name})}"
    return Reply(value=value, status=HTTPStatus.ACCEPTED, headers={"Location": address})


def _shown(row: Change) -> ProvisionedChange:
    return ProvisionedChange(
        group=row.group,
        action=row.action,
        state=row.state,
        reason=row.reason,
        next_action=row.next_action,
        steps=row.steps,
    )
