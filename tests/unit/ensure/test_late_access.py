"""An event about an access that Graph does not show yet, or still shows: a replica that lags has
nothing to remove and nothing to add."""

from hasten.domain.changes import DIRECT, Action, State
from hasten.domain.intents import Wanted
from hasten.domain.row_states import finished
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.ports.bus import ENSURE
from tests.support.ensuring import world_with
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user


@virtual
async def test_a_membership_that_shows_late_is_taken_when_every_replica_has_settled() -> None:
    world = await world_with(user(1))
    recorded_at = now()
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
    await world.ensures()
    assert world.told() == []

    world.directory.join(ENGINEERING, user(1))
    await world.ensures()
    assert await world.members(ENGINEERING) == {user(1)}
    [intent] = await world.intents.open_intents(TOTAL)
    assert intent.not_before == intent.recorded_at + REPLICATION_SETTLED_AFTER
    assert any(message.at == intent.not_before for message in world.bus.of(ENSURE))
    await world.ensures_until_done()

    assert now() - recorded_at <= REPLICATION_SETTLED_AFTER
    assert await world.members(ENGINEERING) == set()
    assert (await world.row(ENGINEERING, user(1))).action is Action.REMOVED


@virtual
async def test_a_direct_assignment_that_shows_late_is_taken_too() -> None:
    world = await world_with(user(1))
    await world.wants(DIRECT, user(1), wanted=Wanted.ABSENT)
    await world.ensures()
    assert world.told() == []

    world.directory.grant(user(1), kind="User")
    await world.ensures_until_done()

    assert world.given(user(1)) == []
    assert (await world.row(DIRECT, user(1))).action is Action.REMOVED


@virtual
async def test_a_direct_assignment_that_graph_still_shows_is_given_again() -> None:
    """Somebody has taken it a moment ago; the app has the access still."""
    world = await world_with(user(1))
    world.directory.grant(user(1), kind="User")
    given = found(DIRECT, user(1), Action.ADDED, 1)
    await world.ledger.record([finished(given, State.CONFIRMED, now=now())])
    await world.wants(DIRECT, user(1))
    await world.ensures()
    assert world.told() == []

    world.directory.granted.clear()
    await world.ensures_until_done()

    assert len(world.given(user(1))) == 1


@virtual
async def test_a_newer_event_does_not_wait_for_the_replicas() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT, age=2)
    await world.ensures()

    await world.wants(ENGINEERING, user(1), age=1)
    await world.ensures()

    assert await world.members(ENGINEERING) == {user(1)}
