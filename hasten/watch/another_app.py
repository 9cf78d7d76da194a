"""Refuses a target that was another enterprise application until now, and stops its calls and
writes until it is that app again.

What is stored under its name is about the first app, and its settings are about the other one:
Hasten would take access in the one app, or give it, for what happened in the other.
"""

from hasten.context import Context
from hasten.domain.jobs import is_same
from hasten.errors import PermanentError
from hasten.messages import Ensure, Wake
from hasten.records import stops
from hasten.records.discovered import DiscoveredTarget
from hasten.records.stops import BY_SWEEP, StopRecord
from hasten.targets import Target
from hasten.watch.route import Route


class AnotherAppError(PermanentError):
    """The target is another enterprise application than the one that the last sweep found."""


def refuse_another_app(target: Target, before: DiscoveredTarget | None, route: Route) -> None:
    """Raises AnotherAppError. Everybody who is not assigned to both apps would seem to join or to
    leave, and the ledger would claim of one app what the other has."""
    if before and not is_same(before.service_principal, route.service_principal):
        raise AnotherAppError(
            f"target {target.name} is another enterprise application than before: "
            f"{route.service_principal} instead of {before.service_principal}",
            "give it a new name in targets.yaml: what is stored under this one is about the other",
        )


async def stop_another_app(context: Context, target: str, error: Exception) -> None:
    """Stops the target if `error` says that it is another app, unless somebody stopped it before.
    Raises TemporaryError, and Conflict if somebody decides at the same moment."""
    if isinstance(error, AnotherAppError) and await stops.of_target(context.store, target) is None:
        await _decide(context, target, error.reason, is_stop=True)


async def let_go_on(context: Context, target: str) -> None:
    """Ends a stop of `stop_another_app`, and wakes the target. Raises the same errors."""
    stop = await stops.of_target(context.store, target)
    if stop is not None and stop.by == BY_SWEEP:
        await _decide(context, target, "it is the same app as before", is_stop=False)
        await context.send(Wake(target=target))
        await context.send(Ensure(target=target))


async def _decide(context: Context, target: str, reason: str, *, is_stop: bool) -> None:
    now = context.now()
    decision = StopRecord(target=target, is_stop=is_stop, by=BY_SWEEP, reason=reason, at=now)
    await stops.save(context.store, decision)
