"""Limits an unexpected exception to the people whom it concerns: their rows wait for a growing
pause, and Hasten continues with the other people of the target."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from hasten.domain.changes import Change
from hasten.domain.late_calls import unanswered
from hasten.domain.planning import Call
from hasten.domain.row_states import retried
from hasten.domain.unexpected import NEXT_ACTION, Unexpected
from hasten.domain.verdicts import Result, Verdict
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.halving import halved
from hasten.provision.call import make
from hasten.provision.change_events import emit_moved
from hasten.provision.kept_memberships import return_to_kept_memberships
from hasten.provision.late_calls import unanswered_call
from hasten.provision.plan_calls import in_order
from hasten.provision.state import Drain
from hasten.records import crashes
from hasten.records.lease import Displaced
from hasten.records.stops import Stopped
from hasten.stray_end import no_stray_end
from hasten.telemetry.provision import DrainCrashed

EXPECTED_ERRORS = (TemporaryError, PermanentError, Conflict, Displaced, Stopped)
"""Exceptions that say something about the drain, and not about one of its rows."""

PlanCalls = Callable[[Sequence[Change]], Awaitable[Sequence[Call]]]


async def make_or_put_aside(drain: Drain, call: Call) -> None:
    """Makes a reserved call. After an unexpected exception, its rows wait for a pause. Raises
    EXPECTED_ERRORS."""
    try:
        with no_stray_end():
            await make(drain, call)
    except EXPECTED_ERRORS:
        raise
    except Exception as error:  # noqa: BLE001 - reported, and the rows wait
        await return_to_kept_memberships(drain, call, Verdict(Result.UNAVAILABLE))
        await drain.window.judged(drain.window.breaker, unanswered_call(call))
        await _put_aside(drain, call.changes, error)


async def plan_or_put_aside(drain: Drain, due: Sequence[Change], plan: PlanCalls) -> Sequence[Call]:
    """Returns the calls for the rows, without the calls for people for whom `plan` raises even if
    it plans for them alone. They keep their order."""

    def of(users: Sequence[str]) -> list[Change]:
        some = frozenset(users)
        return [row for row in due if row.user in some]

    async def work(users: Sequence[str]) -> Sequence[Call]:
        return await plan(of(users))

    async def alone(user: str, error: Exception) -> None:
        await _put_aside(drain, of([user]), error)

    users = list(dict.fromkeys(row.user for row in due))
    calls = await halved(users, work, alone, expected=EXPECTED_ERRORS)
    return in_order(drain, calls)


async def report_crash(drain: Drain, rows: Sequence[Change], error: Exception) -> Unexpected:
    """Logs the exception and counts it, for the people of the rows."""
    context, met = drain.context, Unexpected.of(error)
    context.emit(
        DrainCrashed(
            target=drain.target.name,
            users=sorted({row.user for row in rows}),
            reason=met.reason,
            trace=met.trace,
        )
    )
    await crashes.note(context.store, f"target {drain.target.name}", met.reason, drain.now)
    return met


async def _put_aside(drain: Drain, rows: Sequence[Change], error: Exception) -> None:
    """A row that shared its call is called alone next time: one of the others may be the cause."""
    context, now, met = drain.context, drain.now, await report_crash(drain, rows, error)

    def aside(row: Change) -> Change:
        due_at = now + context.backoff(row.attempts + 1)
        reason = f"an unexpected exception: {met.reason}"
        waits = retried(unanswered(row), due_at=due_at, reason=reason)
        return replace(waits, next_action=NEXT_ACTION, alone=True)

    for row in await drain.ledger.move(rows, aside):
        drain.retries.add(row.due_at)
        emit_moved(context, row)
