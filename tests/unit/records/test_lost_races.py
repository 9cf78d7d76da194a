"""A worker whose write others overtake again and again gives up after a number of tries."""

from datetime import timedelta

import pytest

from hasten.domain.changes import Action
from hasten.errors import Conflict, TemporaryError
from hasten.ports.bus import ENSURE, Message
from hasten.ports.store import Put
from hasten.records import (
    agenda,
    alarms,
    first_times,
    missing,
    repository,
)
from hasten.records.agenda import Agenda
from hasten.records.ledger import Ledger
from tests.fakes.bus import FakeBus
from tests.support.racing_store import Losing
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ENGINEERING, found, user

SECOND = timedelta(seconds=1)


@virtual
async def test_a_message_that_cannot_be_kept_in_twenty_tries_is_delivered_again() -> None:
    store, bus = Losing(), FakeBus()
    message = Message(message_id="m", at=now() + 5 * SECOND)

    with pytest.raises(TemporaryError) as refused:
        await Agenda(store, bus, now).send(ENSURE, [message])

    assert (store.tries, refused.value.delay) == (agenda.MAX_LOST_RACES, SECOND)
    assert bus.of(ENSURE) == []


@virtual
async def test_a_row_that_others_write_all_the_time_is_tried_eight_times() -> None:
    store = Losing()

    with pytest.raises(Conflict):
        await Ledger(store).record([found(ENGINEERING, user(1), Action.ADDED, 1)])

    assert store.tries == repository.MAX_LOST_RACES


@virtual
async def test_an_alarm_that_cannot_be_recorded_in_twenty_tries_is_not_sent() -> None:
    store, bus = Losing(), FakeBus()

    await alarms.Alarms(store, bus, now).set(ENSURE, now() + 5 * SECOND)

    assert (store.tries, bus.of(ENSURE)) == (alarms.MAX_LOST_RACES, [])


@virtual
async def test_documents_that_others_write_all_the_time_are_tried_eight_times() -> None:
    store = Losing()

    with pytest.raises(TemporaryError) as refused:
        await missing.put_missing(store, "history", "p", [[Put("a", {})]])

    assert (store.tries, refused.value.delay) == (missing.MAX_LOST_RACES, SECOND)


@virtual
async def test_first_times_that_others_write_all_the_time_are_tried_eight_times() -> None:
    store = Losing()

    with pytest.raises(TemporaryError) as refused:
        await first_times.first_times(store, {"a1": START})

    assert (store.tries, refused.value.delay) == (missing.MAX_LOST_RACES, SECOND)
