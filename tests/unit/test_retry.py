"""What becomes of a message whose work did not succeed: the same for every kind of message."""

from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import FoundBy
from hasten.domain.notifications import LifecycleEvent
from hasten.errors import TemporaryError
from hasten.messages import Ensure, Look, SubscriptionEvent, Wake
from hasten.onboard.message import Posted
from tests.support.delivery import deliver
from tests.support.virtual_time import START, virtual
from tests.support.world import World

MESSAGES = [
    Look(group="g", noticed_at=START, found_by=FoundBy.NOTIFICATION),
    SubscriptionEvent(subscription="s", event=LifecycleEvent.REAUTHORIZATION_REQUIRED),
    Wake(target="TOTAL"),
    Ensure(target="TOTAL"),
    Posted(body=b"{}", content_type="application/cloudevents+json", message_id="1"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_is_sent_again_later_when_its_trouble_may_pass(message: Any) -> None:
    world = World()

    @virtual
    async def run() -> None:
        async def fail(_: Any) -> None:
            raise TemporaryError("no answer", timedelta(seconds=30))

        await deliver(world.context, fail, message)

    run()

    [(queue, sent)] = world.bus.sent
    assert (queue, sent.at) == (message.queue, START + timedelta(seconds=30))
