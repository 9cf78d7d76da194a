"""Reads that lag: several replicas, and what is old in both directions."""

import pytest

from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, TOTAL_ROLE, object_id
from tests.unit.emulator.graph_tenant import LocalTenant, local_tenant

LEAVER, JOINER = object_id("user/100"), object_id("user/290")
MEMBERS = f"/groups/{TOTAL_ENGINEERING}/members"


async def apps_of(local: LocalTenant, user: str) -> set[str]:
    shown = await local.read(f"/users/{user}/appRoleAssignments")
    return {assignment["resourceId"] for assignment in shown["value"]}


async def members(local: LocalTenant) -> set[str]:
    shown = await local.read(MEMBERS, **{"$top": "999"})
    return {member["id"] for member in shown["value"]}


def leave_and_join(local: LocalTenant) -> None:
    directory = local.tenant.directory
    group = directory.groups[TOTAL_ENGINEERING]
    directory.remove_member(group, LEAVER)
    directory.add_members(group, [JOINER])


@pytest.mark.parametrize("lags", [True, False])
async def test_assignments_through_a_group_end_late_where_removals_lag(*, lags: bool) -> None:
    async with local_tenant(EntraBehaviours.kind(removals_lag=lags)) as local:
        local.tenant.replica.delay = 10.0
        leave_and_join(local)

        early = TOTAL in await apps_of(local, LEAVER), TOTAL in await apps_of(local, JOINER)
        local.wall.now += 10
        late = TOTAL in await apps_of(local, LEAVER), TOTAL in await apps_of(local, JOINER)

    assert early == (lags, False)
    assert late == (False, True)


async def test_a_direct_assignment_that_was_removed_shows_until_the_lag_is_over() -> None:
    async with local_tenant(EntraBehaviours.kind(removals_lag=True)) as local:
        tenant = local.tenant
        principal = tenant.directory.service_principals[TOTAL]
        user = tenant.directory.users[JOINER]
        assignment = tenant.assignments.add(user, principal, TOTAL_ROLE)
        local.wall.now += 60
        tenant.replica.delay = 10.0
        tenant.assignments.remove(assignment.id)

        early = await apps_of(local, JOINER)
        local.wall.now += 10
        late = await apps_of(local, JOINER)

    assert (early, late) == ({TOTAL}, set())


async def test_changed_properties_and_deletions_lag_too() -> None:
    async with local_tenant(EntraBehaviours.kind(removals_lag=True)) as local:
        directory = local.tenant.directory
        local.tenant.replica.delay = 10.0
        directory.update(directory.users[LEAVER], {"accountEnabled": False})
        directory.delete(directory.users[JOINER])

        path = f"/users/{LEAVER}?$select=accountEnabled"
        early = (await local.read(path))["accountEnabled"], (await local.read(f"/users/{JOINER}"))
        local.wall.now += 10
        late = (await local.read(path))["accountEnabled"]
        gone = await local.admin.get(f"/v1.0/users/{JOINER}")

    assert early[0] is True
    assert early[1]["id"] == JOINER
    assert late is False
    assert gone.status_code == 404


async def test_replicas_disagree_for_as_long_as_the_lag_and_agree_afterwards() -> None:
    async with local_tenant(EntraBehaviours.kind(replicas=5, replica_lag=10.0)) as local:
        local.wall.now += 60
        leave_and_join(local)
        local.wall.now += 2

        early = [await members(local) for _ in range(40)]
        local.wall.now += 8
        late = [await members(local) for _ in range(40)]

    assert {LEAVER in shown for shown in early} == {True, False}
    assert {JOINER in shown for shown in early} == {True, False}
    assert {(LEAVER in shown, JOINER in shown) for shown in early} == {(True, False), (False, True)}
    assert {(LEAVER in shown, JOINER in shown) for shown in late} == {(False, True)}


async def test_the_same_seed_asks_the_same_replicas() -> None:
    runs = []
    for _ in range(2):
        async with local_tenant(EntraBehaviours.kind(replica_lag=10.0)) as local:
            local.wall.now += 60
            leave_and_join(local)
            local.wall.now += 3
            runs.append([LEAVER in await members(local) for _ in range(20)])

    assert runs[0] == runs[1]


async def test_no_replica_goes_back_to_an_older_state() -> None:
    async with local_tenant(EntraBehaviours.kind(replicas=1, replica_lag=10.0)) as local:
        directory = local.tenant.directory
        group = directory.groups[TOTAL_ENGINEERING]
        sizes = []
        for number in range(40):
            directory.add_members(group, [object_id(f"user/{250 + number}")])
            sizes.append(len(await members(local)))
            local.wall.now += 5

    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 20


async def test_provisioning_reads_the_truth_beside_lagging_replicas() -> None:
    async with local_tenant(EntraBehaviours.kind(replicas=1, replica_lag=10.0)) as local:
        local.wall.now += 60
        scope = local.tenant.targets[TOTAL].scope
        local.tenant.replicas.choose()
        leave_and_join(local)

        assert scope.entitlement(JOINER).assigned
        assert not scope.entitlement(LEAVER).assigned
