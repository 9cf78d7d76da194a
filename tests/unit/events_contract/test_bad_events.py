"""Every bad event is parked with a text that names field and fix, told, and completed."""

import json

import pytest

from hasten.domain.outcomes import REJECTED
from hasten.events.fault_codes import FaultCode
from hasten.events.fault_texts import FAULT_TEXTS
from tests.support.bad_event import Bad, world
from tests.support.bad_events import CASES
from tests.support.virtual_time import virtual


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: str(bad.name))
def test_a_bad_event_is_parked_with_field_and_fix_and_published(bad: Bad) -> None:
    @virtual
    async def run() -> None:
        posting = await world()
        given = bad.make()

        await posting.posts(given, **bad.how)

        [parked] = posting.parked()
        [fault] = json.loads(parked.properties["fields"])
        [outcome] = posting.outcomes()
        assert (fault["field"], parked.properties["reason"]) == (bad.field, bad.code)
        assert fault["problem"]
        assert fault["fix"]
        assert outcome["result"] == REJECTED
        assert outcome["details"] == [fault]
        assert not await posting.intents.open_intents("TOTAL")
        assert not posting.ensured()

    run()


def test_every_trouble_that_an_event_can_be_in_has_its_row() -> None:
    shown = {bad.code for bad in CASES}

    assert set(FaultCode) == FAULT_TEXTS.keys()
    assert set(FaultCode) - shown == {FaultCode.REFUSED}
