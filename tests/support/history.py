"""Entries of the history for tests."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hasten.domain.history import Entry, EntryKind, entry_id
from hasten.records.history import History
from tests.support.virtual_time import now
from tests.support.world import ENGINEERING, TOTAL, World, user


def entry(
    name: str,
    *,
    ago: timedelta = timedelta(),
    user: str = user(1),
    group: str = ENGINEERING,
    result: str = "succeeded",
    kind: EntryKind = EntryKind.OUTCOME,
) -> Entry:
    """An entry that happened so long ago. The same name gives the same entry."""
    return Entry(
        id=entry_id(name),
        at=now() - ago,
        kind=kind,
        target=TOTAL,
        user=user,
        group=group,
        result=result,
        reason=name,
    )


def names(entries: Sequence[Entry]) -> list[str]:
    return [entry.reason for entry in entries]


def today(at: datetime | None = None) -> str:
    return (at or now()).date().isoformat()


async def all_sealed(world: World) -> int:
    """Seals what is there. Returns how many entries."""
    context, total = world.context, 0
    days = await context.history.days()
    while sealed := await context.seals.seal(days, now()):
        total += sealed
    return total


def history(world: World) -> History:
    return world.context.history


async def noted(world: World, kind: EntryKind) -> set[tuple[str, str, str, str]]:
    """Returns user, result, who and why of the newest entries of a kind."""
    page = await world.context.history.newest(100)
    return {(one.user, one.result, one.by, one.why) for one in page.entries if one.kind is kind}
