"""The record of a group that Hasten makes or that somebody says is the one."""

from datetime import timedelta

import pytest

from hasten.errors import Conflict
from hasten.records import made_groups
from hasten.records.made_groups import MadeGroup
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL

LATER = START + timedelta(minutes=1)


@virtual
async def test_a_group_is_begun_once_and_has_an_id_once_it_is_made() -> None:
    store = MemoryStore()
    assert await made_groups.find(store, TOTAL, "G") is None
    await made_groups.begin(store, TOTAL, "G", nickname="g", now=START, before=None)
    with pytest.raises(Conflict):
        await made_groups.begin(store, TOTAL, "G", nickname="g", now=START, before=None)
    begun = await made_groups.find(store, TOTAL, "G")
    assert begun is not None
    assert (begun.name, begun.creating_at, begun.id) == ("G", START, None)
    assert begun.nickname == "g"

    await made_groups.begin(store, TOTAL, "G", nickname="g", now=LATER, before=begun)
    await made_groups.finish(store, TOTAL, "G", began_at=LATER, group=ENGINEERING)

    [made] = await made_groups.load_all(store, TOTAL)
    assert (made.name, made.creating_at, made.id) == ("G", LATER, ENGINEERING)
    assert not made.nickname


@pytest.mark.parametrize(
    ("group", "nickname", "shown", "is_it"),
    [
        (None, "g", "g", True),
        (None, "g", "x", False),
        (None, "", "", False),
        (ENGINEERING, "g", "g", False),
    ],
)
def test_only_a_group_without_an_answer_is_recognized_by_its_mail_nickname(
    group: str | None, nickname: str, shown: str, *, is_it: bool
) -> None:
    made = MadeGroup("G", START, group, etag="", nickname=nickname)

    assert made.recognizes({"mailNickname": shown}) is is_it


@virtual
async def test_an_adopted_group_takes_the_place_of_another_and_is_written_once() -> None:
    store = MemoryStore()
    for group in (ENGINEERING, ADMIN):
        for _ in range(2):
            await made_groups.adopt(store, TOTAL, "G", group, START)
        known = await made_groups.find(store, TOTAL, "G")
        assert known is not None
        assert known.id == group

    assert store.commits == 2
