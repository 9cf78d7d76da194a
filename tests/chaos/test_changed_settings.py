"""A deployment of a storm changes one setting, and another one changes it back."""

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from hasten.domain.shared_pace import LimitScope
from hasten.scim import Scim
from tests.chaos import changed_settings
from tests.chaos import deployments as deployments_of_storm
from tests.chaos.changed_settings import OTHER, ChangedSettings, Setting
from tests.chaos.deployments import Deployments
from tests.chaos.targets import POLICY
from tests.simulation.scim import SETTINGS
from tests.simulation.world import TARGET, simulated
from tests.support.virtual_time import now, virtual

TOTAL = TARGET.model_copy(update={"groups": POLICY, "scim": Scim.model_validate(SETTINGS)})


def only(monkeypatch: pytest.MonkeyPatch, setting: Setting) -> None:
    known: dict[str, Any] = {"OFTEN": 1.0, "WEIGHTS": {setting: 1}}
    for name, value in known.items():
        monkeypatch.setattr(changed_settings, name, value)
    monkeypatch.setattr(deployments_of_storm, "ROLLS", 0.0)


@pytest.mark.parametrize("setting", OTHER)
def test_a_setting_is_changed_for_a_while(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, setting)

    @virtual
    async def run() -> None:
        async with simulated(hosts=2, targets=(TOTAL,)) as world:
            counts = Counter[str]()
            changed = ChangedSettings(world, Deployments(world, Random(2)), counts, Random(1))
            apps = [host.app for host in world.hosts]
            changed.maybe_act()
            await world.passes(timedelta(seconds=20))
            changed.maybe_act()  # it is changed already
            [target] = world.around.targets
            assert {key: getattr(target, key) for key in OTHER[setting]} == OTHER[setting]
            assert not {host.app for host in world.hosts}.intersection(apps)

            await changed.are_done()

            assert world.around.targets == (TOTAL,)
            assert all(host.is_alive for host in world.hosts)
            assert counts == {setting: 1}
            [span] = changed.spans
            assert span.settled is not None
            assert span.left is not None
            assert span.ended is not None
            assert span.began <= span.settled < span.left <= span.ended

    run()


@pytest.mark.parametrize("scope", [LimitScope.AUTO, LimitScope.TENANT])
def test_limit_scope_stays_changed(scope: LimitScope, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, Setting.LIMIT_SCOPE)

    @virtual
    async def run() -> None:
        async with simulated(limit_scope=scope) as world:
            changed = ChangedSettings(world, Deployments(world, Random(2)), Counter(), Random(1))
            assert changed.was_auto is (scope is LimitScope.AUTO)
            changed.maybe_act()
            await changed.are_done()

            assert {scope, world.around.limit_scope} == {LimitScope.AUTO, LimitScope.TENANT}
            assert changed.was_auto

    run()


@pytest.mark.parametrize("rolls", [0.0, 1.0])
def test_a_deployment_replaces_all_hosts_at_once_or_one_after_another(
    rolls: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployments_of_storm, "ROLLS", rolls)

    @virtual
    async def run() -> None:
        async with simulated(hosts=2) as world:
            deployments, before = Deployments(world, Random(2)), [host.app for host in world.hosts]
            deploying = world.around.outside.spawn(deployments.deploy())
            await world.passes(timedelta(seconds=10))
            replaced = [host.app is not app for host, app in zip(world.hosts, before, strict=True)]
            began = now()
            ended = await deploying

            assert replaced == [True, not rolls]
            assert (ended > began) is bool(rolls)
            assert not {host.app for host in world.hosts}.intersection(before)

    run()


@virtual
async def test_a_host_that_starts_during_a_deployment_has_the_new_settings() -> None:
    async with simulated(hosts=2) as world:
        deployments = Deployments(world, Random(2))
        world.hosts[0].kill()
        deployments.update("TOTAL", users=False)
        deploying = world.around.outside.spawn(deployments.deploy())
        await world.passes(timedelta(seconds=1))
        world.hosts[0].start()
        app = world.hosts[0].app
        await deploying

        assert world.hosts[0].app is app
        assert [target.users for target in world.around.targets] == [False]
