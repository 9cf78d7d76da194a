"""The history says which membership the policy asked for, and which operator applied it."""

from functools import partial

import pytest

from hasten.domain.history import EntryKind, Filter
from hasten.ensure.apply_policy import apply_unattended
from hasten.ports.directory_errors import NotYet
from hasten.records.running_targets import digest
from tests.support.applying import ADMINS, MONITORED, world_with
from tests.support.history import history
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, user


@virtual
@pytest.mark.parametrize("is_attended", [True, False])
async def test_a_step_of_the_policy_is_noted_for_each_person(*, is_attended: bool) -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1), user(2))

    if is_attended:
        await world.applies()
    else:
        await apply_unattended(world.context, world.target)

    page = await history(world).newest(
        20, matches=Filter(kinds=frozenset({EntryKind.APPLIED}), user=user(2))
    )
    said = {(entry.result, entry.by, entry.why) for entry in page.entries}
    assert said == (
        {("begun", "os:kim", "a test"), ("done", "os:kim", "a test")}
        if is_attended
        else {("done", "policy", "")}
    )
    for entry in page.entries:
        assert (entry.group, entry.action) == (ENGINEERING, "added")
        assert entry.details["policy"] == digest(world.target)


@virtual
@pytest.mark.parametrize("is_attended", [True, False])
async def test_a_removal_is_noted_as_done_only_for_whom_graph_has_removed(
    *, is_attended: bool
) -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1), user(2))
    await world.applies()
    world.directory.leave(ADMIN, user(1), user(2))
    remove = world.directory.remove_member

    async def lagging(group: str, member: str) -> bool:
        return member != user(2) and await remove(group, member)

    world.directory.remove_member = lagging  # type: ignore[method-assign]
    by_policy = partial(apply_unattended, world.context, world.target)
    with pytest.raises(NotYet):
        await (world.applies if is_attended else by_policy)()

    page = await history(world).newest(20, matches=Filter(kinds=frozenset({EntryKind.APPLIED})))
    done = [e.user for e in page.entries if (e.action, e.result) == ("removed", "done")]
    assert done == [user(1)]
    told = [e for e in world.events if e.name == "policy" and e.fields["step"] == "remove"]
    assert [(e.result, e.fields["people"]) for e in told] == [("done", 1)]
