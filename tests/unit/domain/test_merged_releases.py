"""An operator has released a removal that an event wants. A look may find it before the event's own
change is recorded."""

from dataclasses import replace

import pytest

from hasten.domain.changes import Action, Cause, Change, HeldBy, State, held
from hasten.domain.merging import newer
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, found, user


def of_event(row: Change) -> Change:
    return replace(row, ahead=True, released=True, causes=(Cause("/hr", "1"),))


@pytest.mark.parametrize("by", [None, *HeldBy])
@virtual
async def test_what_a_look_found_first_is_released_as_well(by: HeldBy | None) -> None:
    """Not what observe mode holds: there Hasten calls nothing."""
    row = found(ENGINEERING, user(1), Action.REMOVED, 2)
    seen = row if by is None else held(row, by, reason="too many", next_action="decide")

    merged = newer(seen, of_event(row))

    assert merged is not None
    assert merged.released
    assert merged.state is (State.PENDING if by in {None, HeldBy.BRAKE} else State.HELD)


@virtual
async def test_what_nobody_released_stays_held() -> None:
    row = found(ENGINEERING, user(1), Action.REMOVED, 2)
    seen = held(row, HeldBy.BRAKE, reason="too many", next_action="decide")

    merged = newer(seen, replace(of_event(row), released=False))

    assert merged is not None
    assert (merged.state, merged.released) == (State.HELD, False)
