"""The history says when targets.yaml became another one, and what differs."""

import asyncio
from typing import Any

from hasten.context import Context
from hasten.domain.history import EntryKind, Filter
from hasten.records.running_targets import digest
from hasten.targets import Target
from hasten.timers import run
from tests.support.virtual_time import virtual
from tests.support.world import TOTAL, World


def target(**changes: Any) -> Target:
    groups = [{"name": "TOTAL-A"}, {"name": "TOTAL-B", "create": {}}]
    return Target.model_validate(
        {"name": TOTAL, "display_name": TOTAL, "groups": groups, **changes}, strict=False
    )


async def changed(world: World, *targets: Target) -> list[tuple[str, str, str]]:
    """Runs a process for each version; returns result, reason and digest, oldest first."""
    for one in targets:
        context = Context(world.context.settings, (one,), world)
        await run(context, "sweep")
        await run(context, "sweep")
        await asyncio.sleep(60)
    matches = Filter(kinds=frozenset({EntryKind.POLICY_CHANGED}))
    page = await world.context.history.newest(20, matches=matches)
    return [(e.result, e.reason, e.details["policy"]) for e in reversed(page.entries)]


@virtual
async def test_a_policy_that_stays_the_same_is_noted_once() -> None:
    assert await changed(World(), target(), target()) == [("first seen", "", digest(target()))]


@virtual
async def test_a_changed_policy_is_noted_with_what_differs_also_if_it_is_changed_back() -> None:
    other = target(brake_removals=5, groups=[{"name": "TOTAL-B", "create": {}}])

    _, there, back = await changed(World(), target(), other, target())

    assert there[0] == back[0] == "changed"
    assert "brake_removals: 10 -> 5" in there[1]
    assert 'groups[TOTAL-A].name: "TOTAL-A" -> -' in there[1]
    assert "TOTAL-B" not in there[1]
    assert 'groups[TOTAL-A].name: - -> "TOTAL-A"' in back[1]
    assert (there[2], back[2]) == (digest(other), digest(target()))
