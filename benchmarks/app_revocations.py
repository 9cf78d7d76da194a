"""Measures how long it takes from the change of an account in Entra ID, of which Graph notifies
Hasten at once, to an account that is inactive in the app and was read back there. The floor is the
time of the three requests to the app alone, in the same run. It runs on simulated time, with
latencies of the network and without the time of the processor."""

import asyncio
from datetime import timedelta
from statistics import quantiles

from pydantic import SecretStr

from benchmarks.row import Row
from emulator.graph.seed import object_id
from hasten.adapters.scim.application import ScimApplication
from hasten.domain.app_account import AppAccount
from hasten.scim import Scim
from tests.simulation.bus import epoch
from tests.simulation.scim import SETTINGS
from tests.simulation.world import TARGET, World, simulated
from tests.support.virtual_time import VirtualLoop, now

PEOPLE, BY_HAND = 60, 40
GOAL = 10.0
"""Seconds, for 95 of 100 people."""

MOST_RATIO = 3.0
PAUSE = timedelta(seconds=20)
SCIM = Scim.model_validate(SETTINGS)


def row() -> Row:
    """Run it in a thread, because it starts its own event loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        took, alone, wrong = runner.run(_measured())
    p95, floor = _p95(took), _p95(alone)
    problems = []
    if p95 > GOAL:
        problems.append(f"p95 is {p95:.1f} s, more than {GOAL:g}")
    if wrong:
        problems.append(f"{wrong} wrong accounts are inactive")
    return Row(
        what=f"{PEOPLE} people are disabled, p95 until read back",
        measured=p95,
        floor=floor,
        floor_is="3 requests to the app",
        limit=MOST_RATIO,
        broken="; ".join(problems),
    )


async def _measured() -> tuple[list[float], list[float], int]:
    target = TARGET.model_copy(update={"scim": SCIM})
    async with simulated(targets=(target,)) as world:
        await world.hosts[0].fire("look")
        await world.until(world.is_quiet)
        leavers = [object_id(f"user/{number}") for number in range(50, 50 + PEOPLE)]
        others = [object_id(f"user/{number}") for number in range(150, 150 + BY_HAND)]
        took = [await _disabled(world, leaver) for leaver in leavers]
        accounts = world.scim.app.accounts
        inactive = {user for user, account in accounts.items() if not account.active}
        alone = [await _by_hand(world, other) for other in others]
        return took, alone, len(inactive ^ set(leavers))


async def _disabled(world: World, user: str) -> float:
    """Returns the seconds until the row says that the app shows the account inactive."""
    began = now()
    world.admin.disable(user)
    await world.until(lambda: _is_shown(world, user))
    [row] = [row for row in await world.rows() if row.user == user and row.is_of_person]
    await world.passes(PAUSE)
    return ((row.finished_at or now()) - began).total_seconds()


def _is_shown(world: World, user: str) -> bool:
    rows = world.store.texts("ledger", TARGET.name)
    return any(user in key and "the app itself says inactive" in text for key, text, _ in rows)


async def _by_hand(world: World, user: str) -> float:
    app, began = ScimApplication(SCIM, SecretStr("simulated"), world.scim), epoch()
    found = await app.find(user)
    if not isinstance(found, AppAccount):
        raise TypeError(f"{user} has no account: {found}")
    await app.deactivate(found.id)
    await app.read(found.id)
    return epoch() - began


def _p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]
