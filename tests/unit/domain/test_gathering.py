"""How long a planned call waits for company."""

from itertools import pairwise

import pytest

from hasten.domain.planning import Call
from hasten.limits import CALLS_PER_WINDOW
from tests.unit.domain.rows import GROUPS, NOW, change, removal, seconds

GROUP = GROUPS[0]

AT_ONCE = {
    "removal": Call(GROUP, (removal(),)),
    "full": Call(GROUP, tuple(change(n) for n in range(5))),
    "alone": Call(GROUP, (change(alone=True),)),
    "user": Call(None, (change(),)),
}


@pytest.mark.parametrize("kind", AT_ONCE)
@pytest.mark.parametrize("used", [0, CALLS_PER_WINDOW])
def test_a_call_that_nobody_could_join_is_ready_at_once(kind: str, used: int) -> None:
    assert AT_ONCE[kind].ready_at(used) == NOW


def test_a_grant_with_room_waits_longer_the_fewer_calls_are_left() -> None:
    call = Call(GROUP, tuple(change(n) for n in range(4)))

    waits = [call.ready_at(used) - NOW for used in range(CALLS_PER_WINDOW)]

    assert all(shorter < longer for shorter, longer in pairwise(waits))


def test_one_joiner_hardly_waits_and_none_waits_a_second() -> None:
    call = Call(GROUP, (change(),))

    assert seconds(0) < call.ready_at(0) - NOW <= seconds(0.1)
    assert call.ready_at(CALLS_PER_WINDOW + 1) - NOW < seconds(1)


def test_the_wait_counts_from_the_oldest_member() -> None:
    young, old = change(0, age=1), change(1, age=30)

    call = Call(GROUP, (young, old))

    assert call.since == NOW - seconds(30)
    assert call.ready_at(CALLS_PER_WINDOW) < NOW
