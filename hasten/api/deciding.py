"""Carries out what an operator decides. Each decision is written to the history with who decided it
and why."""

from hasten.api.endpoint import Answer, Call
from hasten.api.models import Cancelled, Moved, Stopped
from hasten.api.reading import chosen
from hasten.operate import stop as stopping
from hasten.operate.decide import Decision, decide
from hasten.operate.held import choose_held
from hasten.operate.scheduled import drop, find
from hasten.records.stops import ALL_TARGETS
from hasten.records.stops import Decision as StopDecision


async def release(call: Call) -> Answer:
    return await _decide(call, Decision.RELEASE)


async def discard(call: Call) -> Answer:
    return await _decide(call, Decision.DISCARD)


async def stop(call: Call) -> Answer:
    decision = await stopping.stop(
        call.context, _stopped(call), by=call.caller.object_id, reason=call.body.reason
    )
    return _stop_answer(decision)


async def start(call: Call) -> Answer:
    decision = await stopping.start(
        call.context, _stopped(call), by=call.caller.object_id, reason=call.body.reason
    )
    return _stop_answer(decision)


async def cancel(call: Call) -> Answer:
    by, reason = call.caller.object_id, call.body.reason
    entries = await find(call.context, call.path("id"))
    dropped = [await drop(call.context, entry, by=by, reason=reason) for entry in entries]
    return Answer(value=Cancelled(cancelled=sum(dropped)))


async def _decide(call: Call, decision: Decision) -> Answer:
    body = call.body
    [target] = chosen(call, body.target)
    held = await choose_held(call.context, target.name, groups=body.groups, users=body.users)
    if not held:
        return Answer(value=Moved(target=target.name, chosen=0, moved=0))
    decided = await decide(
        call.context,
        target.name,
        held,
        decision,
        by=call.caller.object_id,
        reason=body.reason,
    )
    problem = decided.problem
    return Answer(
        value=Moved(
            target=target.name,
            chosen=len(held),
            moved=decided.moved,
            proposed=decided.proposed,
            problem=problem.found if problem else None,
            fix=problem.fix if problem else None,
        )
    )


def _stopped(call: Call) -> str:
    if call.body.target is None:
        return ALL_TARGETS
    [target] = chosen(call, call.body.target)
    return target.name


def _stop_answer(decision: StopDecision) -> Answer:
    return Answer(
        value=Stopped(
            target=decision.target,
            is_stop=decision.is_stop,
            by=decision.by,
            reason=decision.reason,
            at=decision.at,
        )
    )
