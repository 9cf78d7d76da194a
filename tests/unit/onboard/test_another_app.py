"""An event names a target that is another enterprise application than before."""

import json
from dataclasses import replace

import pytest

from hasten.errors import TemporaryError
from hasten.onboard.message import Posted
from hasten.onboard.take import take
from hasten.targets import Target
from hasten.watch.sweep import sweep
from tests.support.posting import Posting, event, ref, total
from tests.support.renaming import of
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, user
from tests.unit.watch.test_another_app import WIKI, has_wiki


def _named(name: str, app: str) -> Target:
    return total(name=name, display_name=app, groups=[{"id": ENGINEERING}])


@pytest.mark.parametrize(
    "others", [[], [_named("NEW", TOTAL)]], ids=["alone", "the first app has a new name"]
)
@virtual
async def test_an_event_waits_and_gives_no_access_to_the_first_app(others: list[Target]) -> None:
    world = Posting()
    has_wiki(world)
    world.directory.groups = [ENGINEERING]
    await sweep(of(world, _named(TOTAL, TOTAL)))
    refused = of(world, _named(TOTAL, WIKI), *others)
    await sweep(refused)
    body = json.dumps(event(users=[ref(1)], group={"id": ENGINEERING})).encode()
    posted = Posted.parse(
        body=body, content_type="application/json", message_id="posted-1", properties=None
    )

    with pytest.raises(TemporaryError, match="another enterprise application"):
        await take(refused, posted)

    await sweep(refused)
    for name in (TOTAL, "NEW"):
        assert not await world.intents.open_intents(name)
    assert not world.parked()
    mended = of(world, _named(TOTAL, TOTAL))
    await sweep(mended)
    await take(mended, replace(posted, tries=1))
    [intent] = await world.intents.open_intents(TOTAL)
    assert intent.user == user(1)
