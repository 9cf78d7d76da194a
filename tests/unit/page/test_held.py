"""The view Held: a selection is reviewed, and then released or discarded."""

import re

from hasten.api.caller import Role
from hasten.api.door import MAX_FORM_BYTES
from hasten.domain.changes import Action, Cause, State
from hasten.domain.intents import Intent, Wanted
from hasten.operate.held_list import MEMBERSHIP_STAYS
from hasten.page.held import MAX_CHOSEN, MAX_LISTED
from hasten.page.selection import DIGEST_DIGITS, digest
from hasten.targets import Mode, Target
from hasten.watch.admit import admit
from tests.support.pages import OPERATOR, READER, Pages, caller, read
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user

LEAVERS = tuple(user(number) for number in range(1, 16))
KEYS = [digest(f"change|{ENGINEERING}|{one}") for one in LEAVERS]


async def held(target: Target | None = None) -> World:
    world = World(target or Target(name=TOTAL, display_name=TOTAL))
    await world.is_discovered()
    removals = [found(ENGINEERING, one, Action.REMOVED, 2) for one in LEAVERS]
    await admit(world.context, removals, members_before=15)
    return world


async def states(world: World) -> dict[State, int]:
    rows = [(await world.row(ENGINEERING, one)).state for one in LEAVERS]
    return {state: rows.count(state) for state in set(rows)}


@virtual
async def test_it_says_who_is_held_why_and_what_would_happen() -> None:
    text = await Pages(await held()).text("/held")

    assert all(one in text for one in LEAVERS)
    assert "15 of 15 members left" in text
    assert "If released Hasten has Entra ID revoke the access that this group gave." in text
    assert "If discarded Entra's own cycle still does it" in text


@virtual
async def test_it_says_of_a_membership_that_an_event_wants_to_end_that_it_stays() -> None:
    """The brake holds rows and wishes of one group."""
    world = await held()
    wish = Intent(
        target=TOTAL,
        group=ENGINEERING,
        user=user(20),
        wanted=Wanted.ABSENT,
        time=world.now(),
        cause=Cause("/hr", "1"),
        recorded_at=world.now(),
        held="many would leave",
    )
    await world.context.intents.record([wish])

    text = await Pages(world).text("/held")

    assert f"paused or in quarantine. {MEMBERSHIP_STAYS}." in text


@virtual
async def test_the_part_that_refreshes_itself_is_the_one_of_the_page() -> None:
    pages = Pages(await held())

    page = await pages.get(f"/held?target={TOTAL}")
    part = await pages.get(f"/held/now?target={TOTAL}")
    again = await pages.get(f"/held/now?target={TOTAL}", **{"If-None-Match": part.headers["ETag"]})

    assert f'data-live="/api/ui/held/now?target={TOTAL}"' in page.text
    assert part.text in page.text
    assert again.status_code == 304


@virtual
async def test_the_id_of_a_box_stays_when_somebody_before_it_is_decided() -> None:
    """The script checks a box again by its id."""
    world = await held()
    pages = Pages(world)
    before = boxes((await pages.get("/held/now")).text)
    await pages.post(
        "/held/decide", target=TOTAL, held=KEYS[0], decision="discard", reason="a mistake"
    )
    after = boxes((await pages.get("/held/now")).text)

    assert len(before) == len(after) + 1
    assert after.items() <= before.items()


def boxes(html: str) -> dict[str, str]:
    """The ids of the boxes, by what they choose."""
    return {
        value: name
        for name, value in re.findall(r'id="(c-[^"]+)" name="held" value="([^"]+)"', html)
    }


@virtual
async def test_a_selection_is_shown_again_before_anything_is_done() -> None:
    world = await held()
    answer = await Pages(world).post(
        "/held/review", target=TOTAL, held=KEYS[:3], decision="release", reason="they left"
    )

    assert answer.status_code == 200
    assert "Release 3 changes of TOTAL?" in read(answer.text)
    assert re.findall(r'name="held" value="([^"]+)"', answer.text) == [".".join(KEYS[:3])]
    assert await states(world) == {State.HELD: 15}


@virtual
async def test_a_selection_is_released() -> None:
    world = await held()
    pages = Pages(world)

    answer = await pages.post(
        "/held/decide", target=TOTAL, held=KEYS[:3], decision="release", reason="they left"
    )

    assert answer.status_code == 303
    assert await states(world) == {State.PENDING: 3, State.HELD: 12}
    assert "3 released." in await pages.text(answer.headers["location"].removeprefix("/api/ui"))


@virtual
async def test_a_whole_group_is_chosen_with_one_box() -> None:
    world = await held()
    answer = await Pages(world).post(
        "/held/review", target=TOTAL, group=ENGINEERING, decision="discard", reason="a mistake"
    )

    assert "Discard 15 changes of TOTAL?" in read(answer.text)


@virtual
async def test_nothing_chosen_is_said_and_nothing_done() -> None:
    world = await held()
    answer = await Pages(world).post(
        "/held/review", target=TOTAL, group=ADMIN, decision="release", reason="they left"
    )

    assert answer.status_code == 409
    assert "Choose at least one change." in read(answer.text)


@virtual
async def test_a_second_operator_confirms_what_the_first_proposed() -> None:
    world = await held(Target(name=TOTAL, display_name=TOTAL, release_by_two=True))
    first, second = Pages(world), Pages(world, caller(READER, Role.OPERATE))

    async def release(pages: Pages) -> str:
        answer = await pages.post(
            "/held/decide", target=TOTAL, held=KEYS, decision="release", reason="they left"
        )
        return answer.headers["location"]

    proposed = await release(first)
    shown = await second.text("/held")
    await release(second)

    assert "proposed=15" in proposed
    assert f"release proposed by {OPERATOR}" in shown
    assert await states(world) == {State.PENDING: 15}


@virtual
async def test_observe_mode_releases_nothing_and_says_what_to_do() -> None:
    world = await held(Target(name=TOTAL, display_name=TOTAL, mode=Mode.OBSERVE))

    answer = await Pages(world).post(
        "/held/decide", target=TOTAL, held=KEYS, decision="release", reason="they left"
    )

    assert answer.status_code == 409
    assert "Set `mode: act` in targets.yaml" in read(answer.text)
    assert await states(world) == {State.HELD: 15}


@virtual
async def test_a_long_list_is_cut_and_its_rest_is_chosen_with_the_group() -> None:
    world = World()
    await world.is_discovered()
    many = [found(ENGINEERING, user(n), Action.REMOVED, 2) for n in range(MAX_LISTED + 30)]
    await admit(world.context, many, members_before=len(many))

    text = await Pages(world).text("/held")

    assert "And 30 more, which are chosen with their group." in text


def test_the_largest_selection_fits_into_a_form() -> None:
    rest = 4 * 1024

    assert MAX_CHOSEN * (DIGEST_DIGITS + 1) + rest < MAX_FORM_BYTES
