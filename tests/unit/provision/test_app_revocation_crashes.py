"""An exception that nobody expected while Hasten takes one person's access in the app: it keeps
nobody else waiting, and a call follows for that person."""

import asyncio
from typing import Any

import pytest

from hasten.provision import app_revocations, revoke_in_app
from hasten.provision.drain import drain
from tests.fakes.directory import JOB
from tests.support.app_revocations import WAKE, has_left, world_with
from tests.support.virtual_time import virtual
from tests.support.world import user

BROKEN = user(3)
LEAVERS = [user(n) for n in range(1, 8)]


@pytest.mark.parametrize("error", [KeyError("Ada Lovelace"), asyncio.CancelledError()])
def test_the_others_are_served_in_the_app_and_the_one_by_a_call(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoke = revoke_in_app.revoke

    async def breaks(drain: Any, application: Any, match: Any, rows: Any) -> Any:
        if rows[0].user == BROKEN:
            raise error
        return await revoke(drain, application, match, rows)

    monkeypatch.setattr(app_revocations, "revoke", breaks)

    @virtual
    async def run() -> None:
        world = world_with()
        world.directory.job_list = [{"id": JOB, "status": {"code": "Active"}}]
        await has_left(world, *LEAVERS)

        await drain(world.context, WAKE)

        for leaver in LEAVERS:
            assert world.app.active(leaver) == [leaver == BROKEN]
        assert {u for call in world.directory.calls for u in call.users} == {BROKEN}
        assert world.results("drain") == ["crashed"]

    run()
