"""People who leave a watched group or are offboarded, and the removals that result."""

from collections import Counter

from hasten.domain.changes import FoundBy, State
from hasten.messages import Look, Wake
from hasten.records import discovered
from hasten.watch.look import look, start_watching
from hasten.watch.look_messages import LOOK_BUCKET
from tests.support.done_changes import done_changes
from tests.support.posting import Posting, total
from tests.support.virtual_time import now
from tests.support.world import ENGINEERING, TOTAL, user

WAKE = Wake(target=TOTAL)


def people(count: int, first: int = 1) -> list[str]:
    return [user(number) for number in range(first, first + count)]


async def watching(members: int, **policy: object) -> Posting:
    world = Posting(target=total(**policy))
    for name in people(members):
        world.directory.has_user(name)
    world.directory.join(ENGINEERING, *people(members))
    await world.is_discovered()
    await start_watching(world.context, ENGINEERING)
    return world


async def looks(world: Posting, group: str = ENGINEERING) -> None:
    await look(
        world.context,
        Look(group=group, noticed_at=now() - LOOK_BUCKET, found_by=FoundBy.NOTIFICATION),
    )


async def states(world: Posting) -> Counter[State]:
    """Returns the states of all removals."""
    rows = [
        *await world.ledger.open_changes(TOTAL),
        *await world.ledger.unproven_changes(TOTAL),
        *await done_changes(world.store, TOTAL),
    ]
    return Counter(row.state for row in rows if row.is_removal)


async def forty_groups(world: Posting) -> dict[str, list[str]]:
    groups = {f"0000dddd-0000-4000-8000-{n:012}": people(100, first=1000 * n) for n in range(1, 41)}
    for number, (group, members) in enumerate(groups.items()):
        world.directory.has_group(group, f"Found-{number}")
        world.directory.join(group, *members)
        await start_watching(world.context, group)
    known = await discovered.load(world.store, TOTAL)
    assert known is not None
    await discovered.save(
        world.store,
        discovered.DiscoveredTarget(
            target=TOTAL,
            service_principal=known.service_principal,
            job=known.job,
            user_rule=known.user_rule,
            group_rule=known.group_rule,
            groups=list(groups),
        ),
        over=known,
    )
    return groups
