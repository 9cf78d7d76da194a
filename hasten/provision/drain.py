"""Drains one target: takes it over, lets one run make its calls, wakes it again for what is left.

One drain a target runs at a time (its queue's session); many targets drain side by side.
"""

from datetime import datetime, timedelta

from hasten.context import Context
from hasten.messages import Wake
from hasten.provision.run import Run
from hasten.provision.state import Drain
from hasten.records import discovered, stops
from hasten.records.call_window import Displaced, take_over
from hasten.records.discovered import DiscoveredTarget
from hasten.records.stops import Stopped
from hasten.targets import Target
from hasten.telemetry.provision import DrainSkipped

LONGEST = timedelta(minutes=4)
"""Then a drain ends and wakes itself: far below the function timeout of host.json."""


async def drain(context: Context, wake: Wake) -> None:
    """Raises TemporaryError of the store, of Service Bus, or of the reads of Graph."""
    target = context.targets.get(wake.target)
    found = await discovered.load(context.store, wake.target)
    if target is None or found is None:
        context.emit(DrainSkipped(result="unknown_target", target=wake.target))
        return
    if await context.ledger.open_changes(wake.target) and not await stops.find(
        context.store, wake.target
    ):
        await _run(context, target, found)
    await context.outbox.flush(wake.target)


async def _run(context: Context, target: Target, found: DiscoveredTarget) -> None:
    try:
        window = await take_over(
            context.store,
            target.name,
            owner=context.new_id(),
            max_calls_per_hour=target.max_calls_per_hour,
        )
        running = Drain(context, target=target, window=window, found=found)
        finished_all = await Run(running).run(until=context.now() + LONGEST)
    except Stopped:
        return  # the rows keep waiting: `start` and a timer wake the target
    except Displaced:
        context.emit(DrainSkipped(result="displaced", target=target.name))
        return
    await _wake_later(context, target.name, running.retries, finished_all=finished_all)


async def _wake_later(
    context: Context, target: str, retries: set[datetime], *, finished_all: bool
) -> None:
    """For rows that wait because of this drain; earlier drains did so for theirs."""
    wake, now = Wake(target=target), context.now()
    due = {at.replace(microsecond=0) + timedelta(seconds=1) for at in retries}
    times: list[datetime | None] = [at for at in sorted(due) if at > now]
    if not finished_all or len(times) < len(due):
        times.append(None)
    messages = [wake.message(context.new_id(), at) for at in times]
    if messages:
        await context.bus.send(wake.queue, messages)
