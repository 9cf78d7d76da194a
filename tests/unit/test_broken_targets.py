"""An exception that nobody expected about one target keeps no other waiting, in any timer."""

from typing import Any

import pytest

from hasten.context import Context
from hasten.errors import Conflict
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from hasten.targets import Target
from hasten.timers import run
from tests.fakes.directory import GROUP_RULE, JOB, SERVICE_PRINCIPAL, USER_RULE
from tests.support.virtual_time import virtual
from tests.support.world import World

TARGETS = tuple(Target(name=name, display_name=name) for name in ("A", "BROKEN", "C"))
WORK = {
    "sweep": "hasten.watch.sweep.known_route",
    "wake": "hasten.timers._wake_target",
    "verify": "hasten.provision.verify._prove",
    "apply": "hasten.ensure.apply_policy.apply_unattended",
}
"""What each timer does for one target."""


@pytest.mark.parametrize("timer", WORK)
@pytest.mark.parametrize("before", [None, Conflict("a row")], ids=["alone", "after a lost race"])
def test_a_target_that_breaks_keeps_no_other_waiting_and_surfaces(
    timer: str, before: Conflict | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    async def work(_: Context, about: Any, *__: object) -> None:
        about = getattr(about, "found", about)
        name = about.name if isinstance(about, Target) else about.target
        done.append(name)
        if name == "A" and before is not None:
            raise before
        if name == "BROKEN":
            raise KeyError("a defect")

    monkeypatch.setattr(WORK[timer], work)

    @virtual
    async def body() -> None:
        world = World()
        for target in TARGETS:
            found = DiscoveredTarget(
                target=target.name,
                service_principal=SERVICE_PRINCIPAL,
                job=JOB,
                user_rule=USER_RULE,
                group_rule=GROUP_RULE,
                groups=(),
            )
            await discovered.save(world.store, found, over=None)
        context = Context(world.context.settings, TARGETS, world)

        with pytest.raises(KeyError):
            await run(context, timer)

        assert sorted(done) == ["A", "BROKEN", "C"]
        assert "crashed" in world.results("timer")

    body()
