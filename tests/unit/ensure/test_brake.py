"""Events that would remove many people at once: the brake judges before anyone is removed."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest

from hasten.domain.changes import DIRECT, Action, FoundBy, State
from hasten.domain.intents import Wanted
from hasten.ensure.run import ensure
from hasten.errors import TemporaryError
from hasten.messages import Look, Wake
from hasten.operate.release_intents import (
    discard_intents,
    held_intents,
    release_intents,
)
from hasten.ports.bus import PROVISIONING_OUTCOMES, Message
from hasten.records.intents import Intents
from hasten.records.outbox import Outbox
from hasten.watch.look import look, start_watching
from hasten.watch.look_messages import LOOK_BUCKET
from tests.support.ensuring import RUN, Onboarding
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user

PEOPLE = [user(n) for n in range(100)]
WAKE = Wake(target=TOTAL)


async def a_hundred() -> Onboarding:
    world = Onboarding()
    await world.is_discovered()
    for name in PEOPLE:
        world.directory.has_user(name)
    world.directory.join(ENGINEERING, *PEOPLE)
    await start_watching(world.context, ENGINEERING)
    return world


async def members(world: Onboarding) -> int:
    return len(world.directory.members_now(ENGINEERING))


def outcomes(world: Onboarding) -> Sequence[Message]:
    return world.bus.of(PROVISIONING_OUTCOMES)


def results(world: Onboarding) -> list[str]:
    return [message.body["data"]["result"] for message in outcomes(world)]


@virtual
async def test_sixty_offboarded_at_once_stay_members_until_an_operator_has_looked() -> None:
    world = await a_hundred()
    await world.wants(ENGINEERING, *PEOPLE[:60], wanted=Wanted.ABSENT)

    await ensure(world.context, RUN)
    await ensure(world.context, RUN)

    held = await held_intents(world.context, TOTAL, groups=(), users=())
    assert await members(world) == 100
    assert {intent.held for intent in held} == {"60 of 100 members would leave within minutes"}
    assert len(held) == 60
    assert results(world) == ["held"]


@virtual
async def test_offboarding_people_who_are_no_members_lets_the_brake_hold_nobody() -> None:
    world = await a_hundred()
    others = [user(n) for n in range(200, 260)]
    await world.wants(ENGINEERING, *others, wanted=Wanted.ABSENT)
    await ensure(world.context, RUN)

    await world.wants(ENGINEERING, *PEOPLE[:5], wanted=Wanted.ABSENT)
    await ensure(world.context, RUN)

    assert await members(world) == 95
    assert "held" not in results(world)


@virtual
async def test_released_they_are_removed_and_revoked_and_not_held_again() -> None:
    world = await a_hundred()
    await world.wants(ENGINEERING, *PEOPLE[:60], wanted=Wanted.ABSENT)
    await ensure(world.context, RUN)

    held = await held_intents(world.context, TOTAL, groups=(), users=())
    await release_intents(world.context, TOTAL, held)
    await ensure(world.context, RUN)
    await look(
        world.context,
        Look(group=ENGINEERING, noticed_at=now() - LOOK_BUCKET, found_by=FoundBy.NOTIFICATION),
    )

    rows = await world.ledger.open_changes(TOTAL)
    assert await members(world) == 40
    assert {(row.action, row.state) for row in rows} == {(Action.REMOVED, State.PENDING)}
    assert len(rows) == 60


@virtual
async def test_people_of_discarded_intents_stay_and_each_is_published_as_rejected() -> None:
    world = await a_hundred()
    await world.wants(ENGINEERING, *PEOPLE[:60], wanted=Wanted.ABSENT)
    await ensure(world.context, RUN)

    held = await held_intents(world.context, TOTAL, groups=(), users=())
    await discard_intents(world.context, TOTAL, held)
    await ensure(world.context, RUN)

    assert await members(world) == 100
    assert results(world) == ["held", *["rejected"] * 60]
    assert await world.intents.open_intents(TOTAL) == []


@virtual
async def test_who_discards_what_was_released_meanwhile_publishes_nothing() -> None:
    """Another operator released it while the command waited for an answer."""
    world = await a_hundred()
    await world.wants(ENGINEERING, *PEOPLE[:60], wanted=Wanted.ABSENT)
    await ensure(world.context, RUN)
    seen = await held_intents(world.context, TOTAL, groups=(), users=())
    released = {intent.user for intent in await release_intents(world.context, TOTAL, seen[:20])}

    discarded = {intent.user for intent in await discard_intents(world.context, TOTAL, seen)}

    assert (len(released), len(discarded), released & discarded) == (20, 40, set())
    assert results(world) == ["held", *["rejected"] * 40]


@pytest.mark.parametrize("failing", [Outbox.publish, Intents.finish])
@virtual
async def test_a_discard_that_ends_halfway_is_made_again_and_nobody_can_release_it(
    failing: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await a_hundred()
    await world.wants(ENGINEERING, *PEOPLE[:60], wanted=Wanted.ABSENT)
    await ensure(world.context, RUN)
    held = await held_intents(world.context, TOTAL, groups=(), users=())
    owner = Outbox if failing is Outbox.publish else Intents
    silent = AsyncMock(side_effect=TemporaryError("the store does not answer", timedelta(0)))
    with monkeypatch.context() as broken:
        broken.setattr(owner, failing.__name__, silent)
        with pytest.raises(TemporaryError):
            await discard_intents(world.context, TOTAL, held)

    still = await held_intents(world.context, TOTAL, groups=(), users=())
    assert len(still) == 60
    assert await release_intents(world.context, TOTAL, still) == []
    assert len(await discard_intents(world.context, TOTAL, still)) == 60
    told = {message.body["id"]: message.body["data"] for message in outcomes(world)}
    assert [data["result"] for data in told.values()] == ["held", *["rejected"] * 60]
    assert await members(world) == 100


@virtual
async def test_grants_of_the_same_group_go_on_while_revocations_are_held() -> None:
    world = await a_hundred()
    world.directory.has_user(user(200))
    await world.wants(ENGINEERING, *PEOPLE[:60], wanted=Wanted.ABSENT)
    await world.wants(ENGINEERING, user(200))

    await ensure(world.context, RUN)

    assert await members(world) == 101


@virtual
async def test_offboarding_one_by_one_is_held_from_where_it_is_too_much() -> None:
    world = await a_hundred()

    for name in PEOPLE[:30]:
        await world.wants(ENGINEERING, name, wanted=Wanted.ABSENT)
        await ensure(world.context, RUN)
        await look(
            world.context,
            Look(group=ENGINEERING, noticed_at=now() - LOOK_BUCKET, found_by=FoundBy.NOTIFICATION),
        )

    assert await members(world) == 80
    assert len(await held_intents(world.context, TOTAL, groups=(), users=())) == 10


@virtual
async def test_people_assigned_without_a_group_are_protected_too() -> None:
    world = await a_hundred()
    for name in PEOPLE:
        world.directory.grant(name, kind="User")
    await world.wants(DIRECT, *PEOPLE[:60], wanted=Wanted.ABSENT)

    await ensure(world.context, RUN)

    assert world.directory.writes["unassign"] == 0
    assert len(await held_intents(world.context, TOTAL, groups=[DIRECT], users=())) == 60
