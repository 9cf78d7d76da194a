"""docs/costs-and-limits.md: what a change costs, counted again."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from hasten.domain.changes import FoundBy
from hasten.messages import Look, Wake
from hasten.ports.bus import PROVISIONING_OUTCOMES, Message
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.watch.look import look, start_watching
from tests.fakes.bus import FakeBus
from tests.fakes.directory import JOB
from tests.fakes.memory_store import MemoryStore
from tests.support.costs_page import number, table
from tests.support.counting_store import CountingStore
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

MOST_REQUESTS = 20
"""To the store, from a notification until its outcome is on the topic."""

MOST_WITH_HISTORY = 22
"""To the store, until the outcome is also in the history and no longer in the outbox."""


class NotingBus(FakeBus):
    """Notes how many requests the store had got when the last outcome was sent."""

    def __init__(self, store: CountingStore) -> None:
        super().__init__()
        self._store = store
        self.requests_until_outcome = 0

    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        if queue == PROVISIONING_OUTCOMES:
            self.requests_until_outcome = self._store.requests
        await super().send(queue, messages)


async def cost(people: int, *, leaving: bool) -> Mapping[str, float]:
    """Returns what each of `people` costs who join or leave a group at once, from the look of a
    notification, which reads twice, to the proof. Their call takes 3 s."""
    store = CountingStore(MemoryStore())
    bus = NotingBus(store)
    world = World(store=store, bus=bus)
    everyone = [user(n) for n in range(people)]
    await world.is_discovered()
    if leaving:
        world.directory.join(ENGINEERING, *everyone)
    await start_watching(world.context, ENGINEERING)
    (world.directory.leave if leaving else world.directory.join)(ENGINEERING, *everyone)
    store.requests = 0
    message = Look(group=ENGINEERING, noticed_at=now(), found_by=FoundBy.NOTIFICATION)

    await look(world.context, message)
    await drain(world.context, Wake(target=TOTAL))
    until_outcome, until_drained = bus.requests_until_outcome, store.requests
    assert [m.body["data"]["result"] for m in world.bus.of(PROVISIONING_OUTCOMES)] == (
        ["succeeded"] * people
    )
    world.directory.log += [log(name, leaving=leaving) for name in everyone]
    await verify(world.context)

    spent = Counter(
        until_outcome=until_outcome,
        until_drained=until_drained,
        until_proof=store.requests,
        messages=1 + len(world.bus.sent),  # the webhook sent one
        lines=len(world.events),
        bytes=sum(
            len(json.dumps({"event": e.name, "result": e.result, **e.fields}, default=str))
            for e in world.events
        ),
    )
    return {name: total / people for name, total in spent.items()}


def log(name: str, *, leaving: bool) -> Mapping[str, object]:
    return {
        "jobId": JOB,
        "activityDateTime": now().isoformat(),
        "provisioningAction": "disable" if leaving else "create",
        "provisioningStatusInfo": {"status": "success"},
        "sourceIdentity": {"id": name},
    }


@pytest.mark.parametrize(
    ("row", "people", "leaving"),
    [
        ("a joiner alone", 1, False),
        ("a leaver alone", 1, True),
        ("each of 25 joiners at once", 25, False),
    ],
)
def test_the_page_states_the_cost_of_a_change(
    row: str,
    people: int,
    leaving: bool,  # noqa: FBT001 - a case of the table
) -> None:
    measured: dict[str, float] = {}

    @virtual
    async def run() -> None:
        measured.update(await cost(people, leaving=leaving))

    run()
    *counts, size = [number(cell) for cell in table("### Of one change")[row]]

    for said, name in zip(
        counts, ["until_outcome", "until_proof", "messages", "lines"], strict=True
    ):
        assert measured[name] <= said <= 1.1 * measured[name] + 1, (name, measured)
    assert measured["until_outcome"] <= MOST_REQUESTS
    assert measured["until_drained"] <= MOST_WITH_HISTORY
    assert measured["bytes"] / 1024 <= size <= 1.5 * measured["bytes"] / 1024 + 0.5, measured
