"""The report of the time to revoke: counts, shares and every exception, from the history."""

import asyncio
import csv
from datetime import timedelta
from html.parser import HTMLParser

from hasten.domain.revocation_times import Stand
from hasten.messages import Wake
from hasten.operate.report import Report, report
from hasten.operate.report_file import as_csv, as_html, share
from hasten.provision.drain import drain
from hasten.targets import Target
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user
from tests.unit.operate.test_decide import ALICE, LEAVERS, decided, with_leavers

WAKE = Wake(target=TOTAL)
DAY = timedelta(days=1)


async def made(world: World) -> Report:
    return await report(
        world.context, targets=[TOTAL], since=now() - DAY, until=now() + timedelta(seconds=1)
    )


@virtual
async def test_revocations_that_were_called_at_once_are_within_five_minutes() -> None:
    world = World(Target(name=TOTAL, display_name=TOTAL, revoke_within=15))
    await world.is_discovered()
    await world.joined(ENGINEERING, user(9))
    world.directory.join(ENGINEERING, *(user(n) for n in range(4)))
    await world.left(ENGINEERING, *(user(n) for n in range(4)))
    await drain(world.context, WAKE)

    [summary] = (await made(world)).summaries

    assert (summary.revocations, summary.people, summary.taken) == (4, 4, 4)
    assert (summary.within_ipsie, summary.within_own, summary.exceptions) == (1.0, 1.0, 0)
    assert summary.revoke_within == 900
    assert summary.longest_seconds is not None
    assert summary.longest_seconds < 60


@virtual
async def test_what_the_brake_held_too_long_is_an_exception_that_names_who_released_it() -> None:
    world = await with_leavers(two=False)
    await world.is_discovered()
    await asyncio.sleep(900)
    world.directory.join(ENGINEERING, *LEAVERS)
    world.directory.leave(ENGINEERING, *LEAVERS)
    held = await made(world)
    await decided(world, ALICE, *LEAVERS[:2])
    await drain(world.context, WAKE)

    after = await made(world)

    assert [one.stand for one in held.exceptions] == [Stand.OPEN] * 12
    assert {one.result for one in held.exceptions} == {"held"}
    taken = [one for one in after.exceptions if one.stand is Stand.TAKEN]
    assert {one.user for one in taken} == set(LEAVERS[:2])
    assert {tuple(one.decisions) for one in taken} == {
        (f"released by {ALICE}: they left the company",)
    }
    [summary] = after.summaries
    assert (summary.taken, summary.exceptions, summary.within_ipsie) == (2, 12, 0.0)


@virtual
async def test_what_is_still_in_time_is_neither_an_exception_nor_in_the_share() -> None:
    world = await with_leavers(two=False)
    await asyncio.sleep(60)

    [summary] = (await made(world)).summaries

    assert (summary.still_in_time, summary.exceptions, summary.within_ipsie) == (12, 0, None)


@virtual
async def test_a_period_has_only_the_revocations_that_began_in_it() -> None:
    world = await with_leavers(two=False)
    await asyncio.sleep(2 * DAY.total_seconds())

    assert (await made(world)).revocations == []


class Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, _: object) -> None:
        self.tags.append(tag)


@virtual
async def test_the_files_have_a_row_for_each_revocation_and_escape_reasons() -> None:
    world = await with_leavers(two=False)
    await world.is_discovered()
    await asyncio.sleep(900)
    chosen = LEAVERS[:1]
    await decided(world, "<b>kim</b>", *chosen)
    await drain(world.context, WAKE)
    found = await made(world)

    rows = list(csv.DictReader(as_csv(found)))
    page = as_html(found)
    cells = Cells()
    cells.feed(page)

    assert len(rows) == len(LEAVERS)
    assert sum(row["exception"] == "yes" for row in rows) == len(LEAVERS)
    assert "b" not in cells.tags
    assert "&lt;b&gt;kim&lt;/b&gt;" in page
    assert cells.tags.count("tr") == 3 + 1 + 2 * len(LEAVERS)


def test_a_share_is_rounded_down() -> None:
    assert [share(1.0), share(0.9999), share(0.5), share(None)] == ["100 %", "99.9 %", "50 %", "-"]
