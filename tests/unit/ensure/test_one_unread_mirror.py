"""A group of the policy that cannot be read keeps no other group from being mirrored."""

from datetime import timedelta

import pytest

from hasten.ensure.apply_policy import apply_unattended
from hasten.errors import TemporaryError
from hasten.policy import GroupPolicy
from hasten.ports.directory_errors import NotYet
from hasten.ports.directory_values import Members
from hasten.records import policy_left_out
from hasten.records.policy_left_out import LeftOut
from tests.support.applying import ADMINS, MONITORED, Policed, world_with
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

AUDIT, AUDITORS = "0000bbbb-0000-4000-8000-000000000005", "0000bbbb-0000-4000-8000-000000000006"
POLICY = (
    GroupPolicy(name="TOTAL-Auditors", admin=True),
    GroupPolicy(name="TOTAL-Audit", also_members_of=("TOTAL-Auditors",)),
    ADMINS,
    MONITORED,
)
ERRORS = pytest.mark.parametrize(
    "error", [TemporaryError("no JSON", timedelta(seconds=5)), NotYet("it does not show")]
)


async def two_mirrors(error: Exception, method: str = "members") -> Policed:
    """One of them cannot be read. Somebody has left the source of the other, another joined."""
    world = await world_with(*POLICY)
    world.directory.has_group(AUDITORS, "TOTAL-Auditors")
    world.directory.has_group(AUDIT, "TOTAL-Audit")
    world.directory.join(ADMIN, user(1))
    await world.adopts()
    await apply_unattended(world.context, world.target)
    world.directory.leave(ADMIN, user(1))
    world.directory.join(ADMIN, user(2))
    whole = getattr(world.directory, method)

    async def spoiled(group: str) -> Members:
        if group == AUDITORS:
            raise error
        found: Members = await whole(group)
        return found

    setattr(world.directory, method, spoiled)
    return world


@ERRORS
@pytest.mark.parametrize("method", ["members", "group"])
@pytest.mark.parametrize("only_mirrors", [False, True])
def test_the_other_is_mirrored_and_the_error_is_told(
    error: Exception, method: str, *, only_mirrors: bool
) -> None:
    @virtual
    async def run() -> None:
        world = await two_mirrors(error, method)

        with pytest.raises(type(error)):
            await apply_unattended(world.context, world.target, only_mirrors=only_mirrors)

        assert await world.members(ENGINEERING) == {user(2)}

    run()


@virtual
async def test_the_plan_is_not_shown_in_part() -> None:
    world = await two_mirrors(NotYet("it does not show"))

    with pytest.raises(NotYet):
        await world.plans()


@virtual
async def test_who_is_left_out_of_a_group_that_cannot_be_read_stays_listed() -> None:
    world = await two_mirrors(NotYet("it does not show"))
    one = LeftOut(group=AUDIT, user=user(7), sources=("TOTAL-Auditors",))
    await policy_left_out.save(world.store, TOTAL, [one])

    with pytest.raises(NotYet):
        await apply_unattended(world.context, world.target)

    [left_out] = await policy_left_out.load(world.store, TOTAL)
    assert (left_out.group, left_out.user) == (one.group, one.user)
