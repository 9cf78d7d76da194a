"""Maps each message to its flow. A process loads this module with its first message, so that a cold
webhook does not wait for it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from hasten.context import Context
from hasten.ensure.run import ensure
from hasten.messages import Ensure, Look, SubscriptionEvent, Wake
from hasten.onboard.message import Posted
from hasten.onboard.take import take
from hasten.provision.drain import drain
from hasten.watch.lifecycle import handle_lifecycle
from hasten.watch.look import look

FLOWS: Mapping[type, Callable[[Context, Any], Awaitable[None]]] = {
    Look: look,
    SubscriptionEvent: handle_lifecycle,
    Posted: take,
    Ensure: ensure,
    Wake: drain,
}
