"""Watched groups that reconcile has batched."""

from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.watch.reconcile import reconcile
from tests.support.subscriber import Subscriber, group

HUNDRED = [group(number) for number in range(1, 101)]


def queued_looks(world: Subscriber) -> list[str]:
    found = sorted(message.body["group"] for message in world.bus.of(DIRECTORY_CHANGES))
    world.bus.sent.clear()
    return found


async def grouped(*groups: str) -> Subscriber:
    """Reconciles once, so that the batches exist."""
    world = Subscriber()
    await reconcile(world.context, groups)
    world.bus.sent.clear()
    return world
