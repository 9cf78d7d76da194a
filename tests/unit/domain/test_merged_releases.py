"""An operator has released a removal that an event wants. A look may find it before the event's own
change is recorded."""

import asyncio
from dataclasses import replace

import pytest

from hasten.domain.changes import Action, Cause, Change, HeldBy, State
from hasten.domain.merging import newer
from hasten.domain.row_states import held
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, found, user

CAUSE = Cause("/hr", "1")


def of_event(row: Change) -> Change:
    return replace(row, ahead=True, released=True, causes=(CAUSE,))


@pytest.mark.parametrize("by", [None, *HeldBy])
@virtual
async def test_what_a_look_found_first_is_released_as_well(by: HeldBy | None) -> None:
    """Not what cannot be read."""
    row = found(ENGINEERING, user(1), Action.REMOVED, 2)
    seen = row if by is None else held(row, by, reason="too many", next_action="decide")

    merged = newer(seen, of_event(row))

    assert merged is not None
    assert merged.released
    assert merged.state is (State.HELD if by is HeldBy.UNREADABLE else State.PENDING)


@virtual
async def test_what_nobody_released_stays_held() -> None:
    row = found(ENGINEERING, user(1), Action.REMOVED, 2)
    seen = held(row, HeldBy.BRAKE, reason="too many", next_action="decide")

    merged = newer(seen, replace(of_event(row), released=False))

    assert merged is not None
    assert (merged.state, merged.released) == (State.HELD, False)


@pytest.mark.parametrize("action", [Action.REMOVED, Action.ADDED])
@pytest.mark.parametrize("origin", [2, 3])
@pytest.mark.parametrize("by", [None, HeldBy.BRAKE, HeldBy.OBSERVE])
@virtual
async def test_what_observe_mode_holds_is_as_it_is_found_again(
    by: HeldBy | None, origin: int, action: Action
) -> None:
    """`by` holds what is found: nobody, the brake, or observe mode, in which the target still
    is."""
    first = replace(found(ENGINEERING, user(1), action, 2), causes=(Cause("/hr", "0"),))
    seen = held(first, HeldBy.OBSERVE, reason="observe mode", next_action="set mode: act")
    await asyncio.sleep(60)
    event = replace(found(ENGINEERING, user(1), action, origin), ahead=True, causes=(CAUSE,))
    again = event if by is None else held(event, by, reason="why", next_action="decide")

    merged = newer(seen, again)

    assert merged is not None
    assert merged.causes == (Cause("/hr", "0"), CAUSE)
    assert (merged.state, merged.held_by) == (again.state, by)
    assert (merged.reason, merged.found_at) == (
        ("observe mode", first.found_at) if by is HeldBy.OBSERVE else (again.reason, event.found_at)
    )
