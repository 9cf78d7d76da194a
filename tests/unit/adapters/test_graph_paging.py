"""The pages of a read end, and what a delta read before trouble is kept."""

from typing import Any

import httpx
import pytest

from hasten.errors import TemporaryError
from hasten.limits import MAX_DELTA_PAGES, MAX_PAGES
from hasten.ports.directory_errors import DeltaCutShort, DeltaExpired
from tests.support.graph_wire import ALICE, BASE, BOB, GROUP, Wire, delta, ok, refused
from tests.support.virtual_time import virtual

BEGIN = f"{BASE}/groups/delta?$deltatoken=1"
USER = {"@odata.type": "#microsoft.graph.user"}


def page(number: int) -> str:
    return f"{BASE}/groups/delta?$skiptoken={number}"


def joined(user: str, **links: Any) -> httpx.Response:
    return delta([{**USER, "id": user}], **links)


class Endless(Wire):
    """Each page names the next one, in a circle of `length` pages if there is one."""

    def __init__(self, length: int | None = None) -> None:
        super().__init__(ok({}))
        self._length = length

    lists = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        number = len(self.requests)
        following = number if self._length is None else number % self._length
        user = {**USER, "id": f"0000cccc-0000-4000-8000-{number:012}"}
        item = user if self.lists else {"id": GROUP, "members@delta": [user]}
        return ok({"value": [item], "@odata.nextLink": page(following)})


class EndlessList(Endless):
    lists = True


@pytest.mark.parametrize("length", [1, 2, 3, 50])
def test_a_circle_of_pages_ends(length: int) -> None:
    @virtual
    async def scenario() -> None:
        members, changes = EndlessList(length), Endless(length)

        with pytest.raises(TemporaryError, match="read before"):
            await members.directory().members(GROUP)
        with pytest.raises(DeltaCutShort, match="read before") as caught:
            await changes.directory().membership_delta(BEGIN)

        assert len(members.requests) <= length + 1
        assert len(changes.requests) <= length + 1
        assert len(caught.value.read.members[GROUP]) == len(changes.requests)
        assert caught.value.read.link == BEGIN

    scenario()


@virtual
async def test_a_link_that_leads_to_itself_is_a_circle() -> None:
    wire = Wire(joined(ALICE, nextLink=BEGIN))

    with pytest.raises(DeltaCutShort):
        await wire.directory().membership_delta(BEGIN)

    assert len(wire.requests) == 1


@virtual
async def test_a_list_ends_after_more_pages_than_can_be() -> None:
    graph = EndlessList()

    with pytest.raises(TemporaryError, match=f"{MAX_PAGES} pages"):
        await graph.directory().members(GROUP)

    assert len(graph.requests) == MAX_PAGES


@virtual
async def test_a_long_delta_is_read_in_parts_and_the_next_one_goes_on() -> None:
    graph = Endless()

    with pytest.raises(DeltaCutShort) as caught:
        await graph.directory().membership_delta(BEGIN)

    read = caught.value.read
    assert len(graph.requests) == len(read.members[GROUP]) == MAX_DELTA_PAGES
    assert read.link == page(MAX_DELTA_PAGES)


@virtual
async def test_a_later_page_that_cannot_be_read_keeps_what_came_before_it() -> None:
    for trouble in (
        httpx.Response(200, content=b"<html>"),
        ok({"value": []}),
        ok({"value": [], "@odata.nextLink": 7}),
        ok({"value": [], "@odata.nextLink": "https://elsewhere.test/next"}),
        refused(503),
        refused(429, **{"Retry-After": "60"}),
        refused(410),
        refused(400, "anything"),
        httpx.ReadError("reset"),
    ):
        wire = Wire(joined(ALICE, nextLink=page(1)), joined(BOB, nextLink=page(2)), trouble)

        with pytest.raises(DeltaCutShort) as caught:
            await wire.directory().membership_delta(BEGIN)

        read = caught.value.read
        assert [member.id for member in read.members[GROUP]] == [ALICE, BOB]
        assert read.link == page(2)


@virtual
async def test_a_first_page_that_cannot_be_read_is_no_delta_at_all() -> None:
    with pytest.raises(TemporaryError) as caught:
        await Wire(ok({"value": []})).directory().membership_delta(BEGIN)

    assert not isinstance(caught.value, DeltaCutShort)


REFUSALS = [400, 402, 405, 406, 409, 410, 412, 413, 414, 415, 422, 423, 424, 428, 431, 451]


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("code", ["", "Directory_ExpiredPageToken", "somethingNew"])
def test_a_link_that_graph_refuses_in_any_way_starts_again(status: int, code: str) -> None:
    @virtual
    async def scenario() -> None:
        with pytest.raises(DeltaExpired):
            await Wire(refused(status, code)).directory().membership_delta(BEGIN)

    scenario()


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 503])
def test_a_refusal_that_is_not_about_the_link_keeps_it(status: int) -> None:
    @virtual
    async def scenario() -> None:
        with pytest.raises(Exception, match=str(status)) as caught:
            await Wire(refused(status, "any")).directory().membership_delta(BEGIN)

        assert not isinstance(caught.value, DeltaExpired)

    scenario()


@pytest.mark.parametrize(
    "links",
    [
        {},
        {"nextLink": page(1), "deltaLink": BEGIN},
        {"deltaLink": "https://elsewhere.test/delta"},
        *(
            {name: url}
            for name in ("nextLink", "deltaLink")
            for url in (
                *("http://graph.test/delta", "https://graph.test:8443/delta", "//graph.test/delta"),
                *(
                    "https://graph.test:99999/delta",
                    "https://graph.test/\x00",
                    "https://[graph.test",
                ),
                *("https://graph.test@elsewhere.test/delta", "https://graph.test/" + "x" * 70_000),
            )
        ),
    ],
)
def test_a_page_has_one_link_and_it_leads_to_graph(links: dict[str, str]) -> None:
    @virtual
    async def scenario() -> None:
        with pytest.raises(TemporaryError):
            await Wire(joined(ALICE, **links)).directory().membership_delta(BEGIN)

    scenario()


@virtual
async def test_a_link_that_is_null_is_as_good_as_none() -> None:
    listed = Wire(ok({"value": [{**USER, "id": ALICE}], "@odata.nextLink": None}))
    last = Wire(joined(ALICE, nextLink=None, deltaLink=page(2)))
    first = Wire(joined(ALICE, nextLink=page(1), deltaLink=None), joined(BOB, deltaLink=page(2)))

    assert [one.id for one in (await listed.directory().members(GROUP)).listed] == [ALICE]
    for wire in (last, first):
        delta_read = await wire.directory().membership_delta(BEGIN)
        assert delta_read.link == page(2)
        assert len(delta_read.members[GROUP]) == len(wire.requests)


@pytest.mark.parametrize("url", ["", 0, False, [], {}])
def test_a_link_that_is_neither_null_nor_a_link_is_refused(url: Any) -> None:
    @virtual
    async def scenario() -> None:
        listed = ok({"value": [{**USER, "id": ALICE}], "@odata.nextLink": url})
        with pytest.raises(TemporaryError):
            await Wire(listed).directory().members(GROUP)
        with pytest.raises(TemporaryError):
            await Wire(joined(ALICE, nextLink=url)).directory().membership_delta(BEGIN)
        with pytest.raises(TemporaryError):
            await Wire(joined(ALICE, deltaLink=url)).directory().membership_delta(BEGIN)

    scenario()


@virtual
async def test_a_page_of_a_delta_whose_links_are_both_null_has_none() -> None:
    with pytest.raises(TemporaryError):
        await Wire(joined(ALICE, nextLink=None, deltaLink=None)).directory().membership_delta(BEGIN)
