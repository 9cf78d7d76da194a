"""Carries out what an operator decides. Each decision is written to the history with who decided it
and why."""

from typing import Any

from hasten.api.endpoint import ApiRequest, Reply
from hasten.api.models import Cancelled, Moved, Started, StopInForce
from hasten.api.reading import chosen
from hasten.operate import stop as stopping
from hasten.operate.decide import HeldAction, decide
from hasten.operate.held import choose_held
from hasten.operate.scheduled import DropResult, drop, find
from hasten.records.stops import ALL_TARGETS, StopRecord


async def release(call: ApiRequest) -> Reply:
    return await _decide(call, HeldAction.RELEASE)


async def discard(call: ApiRequest) -> Reply:
    return await _decide(call, HeldAction.DISCARD)


async def stop(call: ApiRequest) -> Reply:
    decision = await stopping.stop(
        call.context, _stopped(call), by=call.caller.signature, reason=call.body.reason
    )
    return Reply(value=StopInForce(**_fields(decision)))


async def start(call: ApiRequest) -> Reply:
    started = await stopping.start(
        call.context, _stopped(call), by=call.caller.signature, reason=call.body.reason
    )
    still_stopped = [StopInForce(**_fields(one)) for one in started.still_stopped]
    return Reply(value=Started(**_fields(started), still_stopped=still_stopped))


async def cancel(call: ApiRequest) -> Reply:
    by, reason = call.caller.signature, call.body.reason
    given = call.path("id")
    entries = await find(call.context, given)
    dropped = [
        await drop(call.context, entry, given=given, by=by, reason=reason) for entry in entries
    ]
    return Reply(
        value=Cancelled(
            cancelled=dropped.count(DropResult.DROPPED),
            due=dropped.count(DropResult.DUE),
            gone=dropped.count(DropResult.GONE),
        )
    )


async def _decide(call: ApiRequest, decision: HeldAction) -> Reply:
    body = call.body
    [target] = chosen(call, body.target)
    held = await choose_held(call.context, target.name, groups=body.groups, users=body.users)
    if not held:
        return Reply(value=Moved(target=target.name, chosen=0, moved=0))
    decided = await decide(
        call.context,
        target.name,
        held,
        decision,
        by=call.caller.signature,
        reason=body.reason,
    )
    problem = decided.problem
    return Reply(
        value=Moved(
            target=target.name,
            chosen=len(held),
            moved=decided.moved,
            proposed=decided.proposed,
            problem=problem.found if problem else None,
            fix=problem.fix if problem else None,
        )
    )


def _stopped(call: ApiRequest) -> str:
    if not call.body.target:
        return ALL_TARGETS
    [target] = chosen(call, call.body.target)
    return target.name


def _fields(decision: StopRecord) -> dict[str, Any]:
    return {name: getattr(decision, name) for name in StopInForce.model_fields}
