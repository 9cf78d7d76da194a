"""Measures the pages with 50 targets and 100,000 changes: the first byte of each view, and each
update of a part that refreshes itself."""

import asyncio
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks.row import Row
from hasten.adapters.store.rules import encoded
from hasten.adapters.store.sqlite import INSERT, SqliteStore
from hasten.api.caller import Role
from hasten.context import Context
from hasten.domain.changes import Action, Change, State
from hasten.domain.history_outcomes import entry_of
from hasten.domain.outcomes import of_change
from hasten.ports.store import Put
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from hasten.records.history_keys import (
    AT_PREFIX,
    DAYS_PARTITION,
    day_key,
    day_of,
    day_partition,
    index_partitions,
    key_of,
    puts_of,
)
from hasten.records.history_keys import HISTORY_COLLECTION as HISTORY
from hasten.records.ledger_rows import MAPPING
from hasten.targets import Target
from hasten.timers import run
from tests.fakes.directory import GROUP_RULE, JOB, SERVICE_PRINCIPAL, USER_RULE
from tests.support.pages import OPERATOR, Pages, caller
from tests.support.world import ENGINEERING, World, user

TARGETS, ENDED, OPEN, FAILED = 50, 1_980, 18, 2
FIRST_BYTE, UPDATE = 0.3, 0.05
PEOPLE = ENDED + OPEN + FAILED
PERSON = user(PEOPLE + OPEN + FAILED + 1)
"""A person of one target, whose change has ended."""

REPEATS = 20

VIEWS = ("/", "/held", "/changes", f"/person/{PERSON}", "/changes?state=failed")
PARTS = ("/now", "/changes/now", f"/person/{PERSON}/now")


async def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="hasten-bench-pages-") as folder:
        path = Path(folder) / "hasten.db"
        store = SqliteStore(path)
        try:
            pages = await _filled(store, path)
            await pages.text("/")
            views = {path: await _slowest(pages, path) for path in VIEWS}
            parts = {path: await _slowest(pages, path) for path in PARTS}
        finally:
            await store.close()
    return [
        _row("page, first byte", views, FIRST_BYTE, "0.3 s"),
        _row("page, an update", parts, UPDATE, "0.05 s"),
    ]


def _row(what: str, spent: dict[str, float], floor: float, floor_is: str) -> Row:
    worst = max(spent, key=lambda path: spent[path])
    return Row(
        what=f"{what}, 100,000 changes: {worst.partition('/0000')[0]}",
        measured=spent[worst],
        floor=floor,
        floor_is=floor_is,
        limit=1.0,
    )


async def _slowest(pages: Pages, path: str) -> float:
    """Returns the second slowest of REPEATS requests, in seconds."""
    spent = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        answer = await pages.get(path)
        spent.append(time.perf_counter() - started)
        assert answer.status_code == 200, path  # noqa: PLR2004 - found
    return sorted(spent)[-2]


async def _filled(store: SqliteStore, path: Path) -> Pages:
    now = datetime.now(UTC)
    world = _World(store=store, at=now)
    names = [f"APP-{number:02}" for number in range(TARGETS)]
    targets = tuple(Target(name=name, display_name=name) for name in names)
    context = Context(world.context.settings, targets, world)
    partitions: dict[tuple[str, str], list[Put]] = defaultdict(list)
    for index, name in enumerate(names):
        found = DiscoveredTarget(
            target=name,
            service_principal=SERVICE_PRINCIPAL,
            job=JOB,
            user_rule=USER_RULE,
            group_rule=GROUP_RULE,
            groups=(ENGINEERING,),
        )
        await discovered.save(store, found, over=None)
        first = index * PEOPLE
        await context.ledger.record([_failed(name, first + n, now) for n in range(FAILED)])
        opened = [_change(name, first + FAILED + n, now) for n in range(OPEN)]
        partitions[MAPPING.collection, name] += [_put(change) for change in opened]
        _add_ended(partitions, name, first + FAILED + OPEN, now)
    _insert(path, partitions)
    await run(context, "wake")
    world.directory.has_user(PERSON)
    return Pages(world, caller(OPERATOR, Role.OPERATE), context)


def _insert(path: Path, partitions: Mapping[tuple[str, str], Sequence[Put]]) -> None:
    """Writes in one transaction what would take the store 2,000 commits."""
    rows = (
        (collection, partition, put.key, encoded(put.body), "0")
        for (collection, partition), puts in partitions.items()
        for put in puts
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(INSERT, rows)


@dataclass
class _World(World):
    at: datetime = field(default_factory=partial(datetime.now, UTC))

    def now(self) -> datetime:
        return self.at


def _change(target: str, number: int, at: datetime) -> Change:
    return Change(
        target=target,
        group=ENGINEERING,
        user=user(number),
        action=Action.ADDED if number % 3 else Action.REMOVED,
        origin=1,
        noticed_at=at,
        found_at=at,
        seen_at=at,
        due_at=at,
    )


def _failed(target: str, number: int, at: datetime) -> Change:
    return replace(
        _change(target, number, at),
        state=State.FAILED,
        finished_at=at,
        reason="the app has no place left",
        next_action="buy a licence",
    )


def _put(change: Change) -> Put:
    return Put(f"{MAPPING.key_prefix(change)}{MAPPING.name(change)}", MAPPING.body(change))


def _add_ended(
    partitions: dict[tuple[str, str], list[Put]], target: str, first: int, now: datetime
) -> None:
    """Adds rows, and the entries of the history as they are once all are sealed: the index of the
    person is there, and no mark is left. One of each is made as the app makes it, and the others
    are copies with another user and time."""
    change = replace(_change(target, first, now), state=State.CONFIRMED, finished_at=now)
    row, entry = _put(change), entry_of(of_change(change).event)
    [document, _] = puts_of(entry)
    for number in range(ENDED):
        who, at = user(first + number), now - timedelta(days=2, minutes=20 * number)
        body = {**row.body, "user": who, "finished_at": at.isoformat()}
        partitions[MAPPING.collection, target].append(Put(row.key[:-36] + who, body))
        one = replace(entry, id=f"{first + number:032}", user=who, at=at)
        day, copied = day_of(at), {**document.body, "user": who, "at": at.isoformat(), "id": one.id}
        partitions[HISTORY, day_partition(day)].append(Put(AT_PREFIX + key_of(one), copied))
        partitions[HISTORY, DAYS_PARTITION].append(Put(day_key(day), {"day": day}))
        if who == PERSON:
            for index in index_partitions(one):
                partitions[HISTORY, index].append(Put(key_of(one), copied))


if __name__ == "__main__":
    for one in asyncio.run(rows()):
        print(one.what, f"{one.measured * 1000:.1f} ms", one.holds)
