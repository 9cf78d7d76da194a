"""An event names a target that is another enterprise application than before."""

import json
from dataclasses import replace
from datetime import timedelta
from unittest.mock import AsyncMock, patch

import pytest

from hasten.errors import PermanentError, TemporaryError
from hasten.onboard.message import Posted
from hasten.onboard.take import take
from hasten.operate.stop import stop
from hasten.records import job_seen
from hasten.targets import Target
from hasten.watch.sweep import sweep
from tests.support.posting import Posting, event, ref, total
from tests.support.renaming import of
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, user
from tests.unit.watch.test_another_app import WIKI, has_wiki


def _named(name: str, app: str) -> Target:
    return total(name=name, display_name=app, groups=[{"id": ENGINEERING}])


@pytest.mark.parametrize("is_stopped", [False, True], ids=["", "an operator has stopped it"])
@pytest.mark.parametrize(
    "others", [[], [_named("NEW", TOTAL)]], ids=["alone", "the first app has a new name"]
)
@virtual
async def test_an_event_waits_and_gives_no_access_to_the_first_app(
    others: list[Target],
    is_stopped: bool,  # noqa: FBT001 - a case
) -> None:
    world = Posting()
    has_wiki(world)
    world.directory.groups = [ENGINEERING]
    await sweep(of(world, _named(TOTAL, TOTAL)))
    if is_stopped:
        await stop(world.context, TOTAL, by="an operator", reason="it gets another app")
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


@virtual
async def test_it_waits_too_while_graph_does_not_say_any_more_which_app_it_is() -> None:
    world = Posting()
    has_wiki(world)
    await sweep(of(world, _named(TOTAL, TOTAL)))
    refused = of(world, _named(TOTAL, WIKI))
    await sweep(refused)
    busy = AsyncMock(side_effect=TemporaryError("Graph answered 503", timedelta(seconds=1)))

    with patch.object(world.directory, "service_principals", busy):
        await sweep(refused)
    assert busy.called

    with pytest.raises(PermanentError):
        await job_seen.refuse_another_app(world.store, TOTAL)
