"""The store refuses Hasten's own identity: no event is lost, whichever write it refuses first."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from hasten.errors import PermanentError, TemporaryError
from hasten.ports.bus import ONBOARDING_EVENTS, Message, Received
from hasten.ports.store import Write
from hasten.records.arrivals import ARRIVALS_PARTITION
from hasten.wiring import receive
from tests.fakes.memory_store import MemoryStore
from tests.support.delivery import received
from tests.support.posting import GROUP, Posting, event, ref
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING

READ_ONLY = PermanentError("Azure Tables answered 403", "give the identity the role")
DOWN = TemporaryError("Azure Tables answered 503", timedelta(seconds=5))


class Refusing(MemoryStore):
    """Refuses every write while `error` is set, or those of one partition."""

    error: Exception | None = None
    of: str = ""

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        if self.error is not None and self.of in {"", partition}:
            raise self.error
        return await super().commit(collection, partition, writes)


def an_event() -> Received:
    body = json.dumps(event(users=[ref(1)], group=GROUP)).encode()
    posted = Message(raw=body, message_id="posted-1", content_type="application/json")
    return received(ONBOARDING_EVENTS, posted)


@pytest.mark.parametrize("error", [READ_ONLY, DOWN])
def test_an_event_is_taken_although_its_arrival_cannot_be_noted(error: Exception) -> None:
    @virtual
    async def scenario() -> None:
        store = Refusing()
        world = Posting(store=store)
        await world.adopts()
        store.error, store.of = error, ARRIVALS_PARTITION

        await receive(world.context, an_event())

        assert await world.intent(ENGINEERING, 1) is not None
        assert world.results("message") == []

    scenario()


@pytest.mark.parametrize("error", [READ_ONLY, DOWN])
def test_an_event_comes_again_until_the_store_takes_it(error: Exception) -> None:
    @virtual
    async def scenario() -> None:
        store = Refusing()
        world = Posting(store=store)
        await world.adopts()
        store.error = error
        await receive(world.context, an_event())
        [copy] = world.bus.of(ONBOARDING_EVENTS)

        store.error = None
        await receive(world.context, received(ONBOARDING_EVENTS, copy))

        assert await world.intent(ENGINEERING, 1) is not None
        assert world.results("message") == ["postponed"]

    scenario()
