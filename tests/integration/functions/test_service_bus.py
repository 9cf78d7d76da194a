"""Service Bus triggers over real AMQP: who gets a message, when, and what becomes of it."""

import itertools

import pytest

from tests.integration.functions.bus import Bus, Note
from tests.integration.functions.hosting import Host

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("host"),
]

CALLS, SESSIONS = 7, 3
"""What the app's host.json allows at once: more calls than the slots that wait for messages."""


def most_at_once(begins: list[Note], ends: list[Note]) -> int:
    steps = [(note["at"], 1) for note in begins] + [(note["at"], -1) for note in ends]
    return max(itertools.accumulate(step for _, step in sorted(steps)))


async def test_a_message_reaches_its_function_whole(bus: Bus) -> None:
    sent = await bus.send("plain")

    [note] = await bus.noted(sent)

    assert note["function"] == "plain"
    assert note["delivery"] == 1
    assert note["properties"]["by"] == "a test"


async def test_a_message_of_a_topic_reaches_the_function_of_its_subscription(bus: Bus) -> None:
    sent = await bus.send("news")

    [note] = await bus.noted(sent)

    assert note["function"] == "news"
    await bus.is_empty("news/Subscriptions/reader")


async def test_a_message_is_there_within_a_fraction_of_what_the_sdk_batches_for(bus: Bus) -> None:
    waits = []
    for _ in range(9):
        [note] = await bus.noted(await bus.send("plain"), "begins")
        waits.append(note["at"] - note["properties"]["sent"])

    assert sorted(waits)[4] < 0.1


async def test_messages_run_side_by_side_up_to_the_limit(bus: Bus) -> None:
    sent = await bus.send("plain", count=CALLS + 2, seconds=1)

    ends = await bus.noted(sent)

    assert most_at_once(bus.notes(sent, "begins"), ends) == CALLS
    await bus.is_empty("plain")


async def test_a_message_whose_function_failed_comes_again_and_then_is_done(bus: Bus) -> None:
    sent = await bus.send("plain", fail_at=[1, 2])

    [note] = await bus.noted(sent)

    assert note["delivery"] == 3
    await bus.is_empty("plain")


async def test_a_message_that_always_fails_ends_in_the_dead_letter_queue(
    bus: Bus, host: Host
) -> None:
    dead = bus.server.stats()["plain"]["dead_lettered"]

    sent = await bus.send("plain", fail_at=[1, 2, 3])
    await bus.noted(sent, "begins", times=3)
    await bus.is_empty("plain")

    assert bus.server.stats()["plain"]["dead_lettered"] == dead + 1
    assert "ValueError: as the message told me" in host.text


@pytest.mark.parametrize(("queue", "session"), [("plain", None), ("sessions", "patient")])
async def test_the_lock_is_kept_while_a_function_runs(
    bus: Bus, queue: str, session: str | None
) -> None:
    sent = await bus.send(queue, session=session, seconds=4)

    await bus.noted(sent)
    await bus.is_empty(queue)

    assert len(bus.notes(sent, "begins")) == 1


async def test_a_session_runs_one_message_at_a_time_in_order(bus: Bus) -> None:
    sent = await bus.send("sessions", session="one", count=5, seconds=0.05)

    ends = await bus.noted(sent)

    assert [note["id"] for note in ends] == sent
    assert most_at_once(bus.notes(sent, "begins"), ends) == 1


async def test_sessions_run_side_by_side_up_to_the_limit(bus: Bus) -> None:
    sent = []
    for number in range(SESSIONS + 2):
        sent += await bus.send("sessions", session=f"side {number}", seconds=2)

    ends = await bus.noted(sent)

    assert most_at_once(bus.notes(sent, "begins"), ends) == SESSIONS


async def test_a_session_is_taken_by_a_link_that_was_open_before(bus: Bus) -> None:
    waits = []
    for number in range(2 * SESSIONS):
        [note] = await bus.noted(await bus.send("sessions", session=f"new {number}"), "begins")
        waits.append(note["at"] - note["properties"]["sent"])

    assert min(waits) < 0.3, "to open one takes the SDK 0.46 s"


async def test_a_function_runs_by_hand_with_the_message_it_is_given(host: Host) -> None:
    wait = {"x-wait": "true"}
    url = "/admin/functions/plain"

    done = await host.http.post(url, headers=wait, json={"input": "{}"})
    failed = await host.http.post(url, headers=wait, json={"input": {"fail_at": [1]}})
    refused = await host.http.post(url, headers=wait, json={})

    assert (done.status_code, failed.status_code, refused.status_code) == (200, 500, 400)
    assert failed.json() == {"error": "ValueError: as the message told me"}
