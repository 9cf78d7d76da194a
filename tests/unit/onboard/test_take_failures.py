"""Events while Graph or a queue fails."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from hasten.errors import TemporaryError, WrongInputError
from hasten.events.envelope import ID_MAX_CHARS
from hasten.json import Json
from hasten.onboard.message import MAX_PROPERTY_NUMBER, MESSAGE_ID_MAX_CHARS, Posted
from hasten.onboard.reject import NotParkedError
from hasten.ports.bus import Message
from tests.fakes.bus import FakeBus
from tests.fakes.directory import FakeDirectory
from tests.support.posting import GROUP, Posting, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL


class Refusing(FakeDirectory):
    """Finds nobody: every lookup of a user fails in the same way."""

    error: Exception

    async def users(self, **_: str) -> Sequence[Json]:
        raise self.error


def refusing(error: Exception) -> Posting:
    directory = Refusing(groups=[ENGINEERING])
    directory.error = error
    return Posting(directory=directory)


@virtual
async def test_a_lookup_that_fails_for_now_leaves_nothing_done_and_is_tried_again() -> None:
    world = refusing(TemporaryError("Graph answered 503", timedelta(seconds=7)))

    with pytest.raises(TemporaryError):
        await world.posts(event(users=[ref(1)], group=GROUP))

    assert not world.bus.sent
    assert not await world.intents.open_intents(TOTAL)


@virtual
async def test_an_event_whose_value_graph_refuses_is_parked_with_what_to_do() -> None:
    world = refusing(WrongInputError("Graph answered 400", "correct the value"))

    await world.posts(event(users=[ref(1)], group=GROUP))

    assert world.faults() == [
        {"field": "data.users[0].id", "problem": "Graph answered 400", "fix": "correct the value"}
    ]


class TakesNothingLarge(FakeBus):
    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        raise WrongInputError(f"a message to {queue} is larger than allowed", "post it in parts")


@virtual
async def test_an_event_that_can_be_neither_applied_nor_parked_stays_in_the_queue() -> None:
    world = Posting(bus=TakesNothingLarge())

    with pytest.raises(NotParkedError):
        await world.posts(b"{")


@virtual
async def test_a_message_that_is_tried_again_keeps_its_words_and_counts() -> None:
    posted = Posted.parse(
        body=b"{}",
        content_type="application/json",
        message_id="m-1",
        properties={b"cloudEvents_id": b"7", "else": 1},
    )

    sent = posted.tried_again().tried_again().message("new-id", now())
    again = Posted.parse(
        body=sent.raw or b"",
        content_type=sent.content_type,
        message_id=sent.message_id,
        properties=sent.properties,
    )

    assert (again.body, again.tries, again.message_id) == (b"{}", 2, "m-1")
    assert again.properties == {"cloudEvents_id": "7"}


@pytest.mark.parametrize("tries", ["9" * 5000, "9" * 400, "-1", "²"])
def test_a_try_count_written_by_others_is_bounded(tries: str) -> None:
    posted = Posted.parse(
        body=b"{}",
        content_type="",
        message_id="m-1",
        properties={"hastenTries": tries, "hastenMessageId": "m" * 5000, "hastenEndOf": "e" * 5000},
    )

    assert posted.tries <= MAX_PROPERTY_NUMBER
    assert len(posted.message_id) == MESSAGE_ID_MAX_CHARS
    assert len(posted.end_of) == ID_MAX_CHARS
