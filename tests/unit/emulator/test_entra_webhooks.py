"""Notifications: without a clientState, and to webhooks that answer late."""

import asyncio
from collections.abc import Callable

from emulator.clock import iso
from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from emulator.graph.webhook_states import FEWEST, WINDOW, State, WebhookStates
from tests.unit.emulator.graph_tenant import LocalTenant, Wall, local_tenant
from tests.unit.emulator.webhook_stub import HOOK, Hook

A_FEW_TURNS = 200


def answers(states: WebhookStates, took: list[float], start: float = 1000.0) -> float:
    """One a second; the time of the last one."""
    at = start
    for seconds in took:
        at += 1
        states.note(HOOK, at=at, took=seconds)
    return at


def test_a_few_late_answers_among_many_change_nothing() -> None:
    states = WebhookStates()

    at = answers(states, [0.1] * 18 + [4.0] * 2)

    assert states.state(HOOK, at) is State.WELL


def test_more_than_a_tenth_of_late_answers_make_a_webhook_slow_for_ten_minutes() -> None:
    states = WebhookStates()

    at = answers(states, [0.1] * 17 + [4.0] * 2)

    assert states.state(HOOK, at) is State.SLOW
    assert states.state(HOOK.replace("notify", "lifecycle"), at) is State.SLOW
    assert states.state("https://other.example/notify", at) is State.WELL
    assert states.state(HOOK, at + WINDOW) is State.WELL


def test_more_than_fifteen_hundredths_of_very_late_answers_drop_notifications() -> None:
    states = WebhookStates()

    at = answers(states, [0.1] * 10 + [11.0] * 2)

    assert states.state(HOOK, at) is State.DROPPED
    assert states.state(HOOK, at + WINDOW) is State.WELL


def test_answers_count_for_ten_minutes() -> None:
    states = WebhookStates()
    answers(states, [4.0] * (FEWEST - 1))

    at = answers(states, [0.1] * FEWEST, start=1000.0 + WINDOW + FEWEST)

    assert states.state(HOOK, at) is State.WELL


async def watched(local: LocalTenant) -> None:
    local.tenant.start()
    answer = await local.app.post(
        "/v1.0/subscriptions",
        json={
            "changeType": "updated",
            "notificationUrl": HOOK,
            "resource": "/groups",
            "expirationDateTime": iso(local.wall.now + 86400),
            "clientState": "secret",
        },
    )
    assert answer.status_code == 201


async def join(local: LocalTenant, number: int) -> None:
    """And lets what follows happen, on a clock that only the test moves."""
    directory = local.tenant.directory
    directory.add_members(directory.groups[TOTAL_ENGINEERING], [object_id(f"user/{number}")])
    await turns()
    local.tenant.clock.advance(0.05)
    await turns()


async def turns() -> None:
    for _ in range(A_FEW_TURNS):
        await asyncio.sleep(0)


async def test_notifications_may_carry_no_client_state() -> None:
    hook = Hook()
    async with local_tenant(webhooks=hook) as local:
        await watched(local)
        await join(local, 290)
        await local.admin.post("/emulator/entra", json={"null-client-state": True})
        await join(local, 291)

    assert [item["clientState"] for item in hook.items] == ["secret", None]


def late(wall: Wall, seconds: float) -> Callable[[], None]:
    def takes() -> None:
        wall.now += seconds

    return takes


async def test_a_slow_webhook_gets_notifications_ten_minutes_late() -> None:
    hook = Hook()
    async with local_tenant(EntraBehaviours.kind(webhook_states=True), webhooks=hook) as local:
        await watched(local)
        hook.takes = late(local.wall, 4.0)
        for number in range(FEWEST):
            await join(local, 280 + number)
        at_first = len(hook.items)
        await join(local, 290)
        at_once = len(hook.items)
        local.tenant.clock.advance(WINDOW)
        await turns()

    assert (at_first, at_once, len(hook.items)) == (FEWEST, FEWEST, FEWEST + 1)


async def test_a_webhook_that_answers_very_late_loses_notifications() -> None:
    hook = Hook()
    async with local_tenant(EntraBehaviours.kind(webhook_states=True), webhooks=hook) as local:
        await watched(local)
        hook.takes = late(local.wall, 11.0)
        for number in range(FEWEST):
            await join(local, 280 + number)
        hook.takes = late(local.wall, 0.0)
        await join(local, 290)
        local.tenant.clock.advance(2 * WINDOW)
        await turns()
        lost = [row["error"] for row in local.tenant.courier.log][-1]
        local.wall.now += WINDOW
        await join(local, 291)

    assert lost == "dropped: late answers"
    assert len(hook.items) == FEWEST + 1


async def test_without_the_behaviour_a_late_webhook_gets_everything_at_once() -> None:
    hook = Hook()
    async with local_tenant(webhooks=hook) as local:
        await watched(local)
        hook.takes = late(local.wall, 11.0)
        for number in range(FEWEST + 3):
            await join(local, 280 + number)

    assert len(hook.items) == FEWEST + 3
