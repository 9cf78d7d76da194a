"""Groups in which a disabled account may still be are added to those that are known already."""

import asyncio

from hasten.records import kept_memberships
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user


@virtual
async def test_a_group_that_is_noted_again_gets_the_later_time_and_the_others_stay() -> None:
    store, first = MemoryStore(), now()
    await kept_memberships.note(store, TOTAL, {user(1): {ENGINEERING, ADMIN}}, first)
    await asyncio.sleep(1)
    others = {user(n): {ADMIN} for n in range(2, 50)}

    await kept_memberships.note(store, TOTAL, {user(1): {ENGINEERING}, **others}, now())

    kept = await kept_memberships.find(store, TOTAL, user(1))
    assert kept is not None
    assert kept.groups == {ENGINEERING: now(), ADMIN: first}
    assert len(await kept_memberships.load_all(store, TOTAL)) == 49
