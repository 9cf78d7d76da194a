"""docs/architecture.md: the glossary stays short; the trips name files that a message enters."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from hasten.domain.changes import FoundBy
from hasten.ensure.run import ensure
from hasten.messages import Ensure, Look, Wake
from hasten.provision.drain import drain
from hasten.watch.look import look, start_watching
from tests.support.posting import GROUP, Posting, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user
from tests.unit.docs.pages import ROOT, section

PAGE = (ROOT / "docs" / "architecture.md").read_text()
GLOSSARY_MAX_LINES = 40
TRIPS = ["A **notification**", "An **onboarding event**", "A **timer**"]


def trip(beginning: str) -> str:
    text = section(PAGE, "## Follow the data")
    began = text.index(beginning)
    ends = [text.index(other) for other in TRIPS if text.index(other) > began]
    return text[began : min(ends, default=len(text))]


def files(text: str) -> list[str]:
    steps = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("A"))
    return re.findall(r"`((?:handlers|hasten)/[\w/]+\.py)`", steps)


@contextmanager
def entered() -> Iterator[set[str]]:
    """Collects the files of which a function is called."""
    found: set[str] = set()

    def note(frame: FrameType, what: str, _: object) -> None:
        if what == "call":
            found.add(frame.f_code.co_filename.removeprefix(f"{ROOT}/"))

    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)


def in_flows(named: list[str]) -> set[str]:
    """The files behind the queues: handlers, webhook and wiring are not part of a unit test."""
    outside = ("handlers/", "hasten/wiring.py", "hasten/watch/webhook.py")
    return {name for name in named if not name.startswith(outside)}


def test_the_glossary_has_at_most_forty_lines() -> None:
    assert len(section(PAGE, "## Glossary").strip().splitlines()) <= GLOSSARY_MAX_LINES


@pytest.mark.parametrize("beginning", TRIPS[:2])
def test_a_trip_names_as_many_files_as_it_says(beginning: str) -> None:
    said = re.search(r"(\d+) files", trip(beginning))

    assert said is not None
    assert len(set(files(trip(beginning)))) == int(said[1])


@virtual
async def test_the_change_of_a_notification_enters_the_files_of_its_trip() -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    await start_watching(world.context, ENGINEERING)
    world.directory.leave(ENGINEERING, user(1))

    with entered() as found:
        await look(
            world.context,
            Look(group=ENGINEERING, noticed_at=now(), found_by=FoundBy.NOTIFICATION),
        )
        await drain(world.context, Wake(target=TOTAL))

    assert in_flows(files(trip(TRIPS[0]))) - found == set()


@virtual
async def test_an_onboarding_event_enters_the_files_of_its_trip() -> None:
    world = Posting()

    with entered() as found:
        await world.posts(event(users=[ref(1)], group=GROUP))
        await ensure(world.context, Ensure(target=TOTAL))

    assert in_flows(files(trip(TRIPS[1]))) - found == set()
