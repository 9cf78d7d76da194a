"""Maps each queue to its messages, and each message to its flow. A process loads this module with
its first message, so that a cold webhook does not wait for it."""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hasten.context import Context
from hasten.ensure.mirror_now import mirror
from hasten.ensure.run import ensure
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import (
    Alarm,
    Ensure,
    Look,
    Mirror,
    Retriable,
    SubscriptionEvent,
    Wake,
    directory_change,
    work_in_entra,
)
from hasten.onboard.message import Posted
from hasten.onboard.take import take
from hasten.people_look import PeopleLook
from hasten.ports.bus import (
    DIRECTORY_CHANGES,
    ENSURE,
    ONBOARDING_EVENTS,
    PROVISIONING,
    Received,
)
from hasten.provision.drain import drain
from hasten.records.lease_record import BEAT_INTERVAL, BEAT_SILENT_AFTER
from hasten.retry import Retrying
from hasten.watch.lifecycle import handle_lifecycle
from hasten.watch.look import look
from hasten.watch.people import look_at_people

PARSERS: Mapping[str, Callable[[Received], Retriable]] = {
    DIRECTORY_CHANGES: lambda received: directory_change(json.loads(received.body)),
    ONBOARDING_EVENTS: Posted.of,
    ENSURE: lambda received: work_in_entra(json.loads(received.body)),
    PROVISIONING: lambda received: Wake.parse(json.loads(received.body)),
}

MAX_ALARM_AHEAD = timedelta(seconds=5)
"""Maximum time by which the clock of Service Bus may be ahead of ours. The limit is needed because
any producer can write an alarm."""


def parse(received: Received) -> Retriable:
    """Returns the typed message. An alarm may come in any queue."""
    alarm = Alarm.of(received.queue, received.properties)
    return alarm or PARSERS[received.queue](received)


async def post_due(context: Context, alarm: Alarm) -> None:
    now = context.now()
    await context.agenda.post_due(alarm.queue, max(now, min(alarm.at, now + MAX_ALARM_AHEAD)))


FLOWS: Mapping[type, Callable[[Context, Any], Awaitable[bool | None]]] = {
    Look: look,
    PeopleLook: look_at_people,
    SubscriptionEvent: handle_lifecycle,
    Posted: take,
    Ensure: ensure,
    Mirror: mirror,
    Wake: drain,
    Alarm: post_due,
}


HOLDER_MAY_BE_DEAD = "the worker of the target may have died with this message"

QUEUES_NOTED_BY_NAME = frozenset({DIRECTORY_CHANGES, ONBOARDING_EVENTS})
"""Queues whose arrivals are noted by queue. Those of the others are noted in the target's lease."""


async def receive(context: Context, received: Received, *, is_timer: bool = False) -> None:
    """Runs the flow for the message. `is_timer` says that no function has received it. Raises as
    `Retrying.run` does.

    A wake that was delivered before, and is left to a worker who seems to live, comes again: that
    worker may have died with this very message, a moment after its last beat.
    """

    async def work(message: Retriable) -> None:
        if received.queue in QUEUES_NOTED_BY_NAME and not is_timer:
            # Only the flow decides what becomes of the message.
            with suppress(TemporaryError, PermanentError):
                await context.arrivals.note(received.queue)
        is_done = await FLOWS[type(message)](context, message)
        if is_done is False and received.deliveries > 1:
            raise TemporaryError(HOLDER_MAY_BE_DEAD, BEAT_SILENT_AFTER + BEAT_INTERVAL)

    await Retrying(context).run(received, parse, work)
