"""What becomes of a message whose work fails: a later copy, a told end, or a redelivery."""

from datetime import timedelta

import pytest

from hasten.domain.changes import FoundBy
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import REDELIVERY_PAUSE
from hasten.messages import Look, Wake
from hasten.ports.bus import DIRECTORY_CHANGES, PROVISIONING
from tests.support.delivery import deliver
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ENGINEERING, TOTAL, World


@virtual
async def test_a_temporary_error_sends_a_later_copy_before_the_message_is_completed() -> None:
    world = World()

    async def fails(_: Wake) -> None:
        raise TemporaryError("Graph did not answer", timedelta(seconds=30))

    await deliver(world.context, fails, Wake(target=TOTAL, tries=2))

    [copy] = world.bus.of(PROVISIONING)
    assert copy.body["tries"] == 3
    assert copy.at == now() + timedelta(seconds=30)


@virtual
async def test_wakes_do_not_pile_up_through_an_outage_as_the_timer_brings_them() -> None:
    world = World()

    async def fails(_: Wake) -> None:
        raise TemporaryError("Graph did not answer", timedelta(seconds=30))

    await deliver(world.context, fails, Wake(target=TOTAL, tries=4))

    assert world.bus.sent == []
    assert world.results("message") == ["left_to_timer"]


@virtual
async def test_a_look_is_sent_again_however_often_it_failed() -> None:
    world = World()

    async def fails(_: Look) -> None:
        raise TemporaryError("Graph did not answer", timedelta(seconds=30))

    look = Look(group=ENGINEERING, noticed_at=now(), found_by=FoundBy.NOTIFICATION, tries=50)
    await deliver(world.context, fails, look)

    assert len(world.bus.of(DIRECTORY_CHANGES)) == 1


@virtual
async def test_a_message_whose_copy_cannot_be_sent_is_not_completed() -> None:
    world = World()
    world.bus.down = True

    async def fails(_: Wake) -> None:
        raise TemporaryError("Graph did not answer", timedelta(seconds=30))

    with pytest.raises(TemporaryError, match="Service Bus"):
        await deliver(world.context, fails, Wake(target=TOTAL))

    assert now() == START + REDELIVERY_PAUSE, "the deliveries would end within a moment"


@virtual
async def test_a_permanent_error_is_logged_with_its_next_action_and_not_repeated() -> None:
    world = World()

    async def fails(_: Wake) -> None:
        raise PermanentError("Graph answered 403", "grant the permission")

    await deliver(world.context, fails, Wake(target=TOTAL))

    [event] = world.events
    assert (event.problem, event.fields["next_action"]) == (True, "grant the permission")
    assert world.bus.sent == []
