"""docs/architecture.md: the glossary stays short; the trips name files that a message enters."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from hasten.domain.changes import FoundBy
from hasten.ensure.run import ensure
from hasten.limits import MAX_LINKS_PER_PATCH
from hasten.messages import Ensure, Look, Wake
from hasten.provision.drain import drain
from hasten.watch.look import look, start_watching
from tests.support.posting import GROUP, Posting, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user
from tests.unit.docs.pages import ROOT, section

PAGE = (ROOT / "docs" / "architecture.md").read_text()
GLOSSARY_MAX_LINES = 40
WEBHOOK = "hasten/watch/webhook.py"
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
def entered() -> Iterator[list[str]]:
    """Collects the files of which a function is called, in the order of the first call."""
    found: list[str] = []

    def note(frame: FrameType, what: str, _: object) -> None:
        file = frame.f_code.co_filename.removeprefix(f"{ROOT}/")
        is_named = not frame.f_code.co_name.startswith(("<", "__"))
        if what == "call" and is_named and file not in found:
            found.append(file)

    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)


def in_rooms(found: list[str]) -> list[str]:
    rooms = ("watch", "onboard", "ensure", "provision")
    return [name for name in found if name.startswith(tuple(f"hasten/{room}/" for room in rooms))]


def in_flows(named: list[str]) -> list[str]:
    """The files behind the queues: neither handlers nor webhook are part of a unit test."""
    before = named.index("handlers/queues.py") if WEBHOOK in named else 0
    outside = ("handlers/", "hasten/wiring.py", "hasten/retry.py")
    return [name for name in named[before:] if not name.startswith(outside)]


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

    named = files(trip(TRIPS[0]))
    assert in_flows(named) == [file for file in found if file in in_flows(named)]
    assert set(in_rooms(found)) <= set(named)


@virtual
async def test_an_onboarding_event_enters_the_files_of_its_trip() -> None:
    world = Posting()
    await world.is_discovered()
    members = [ref(number) for number in range(1, MAX_LINKS_PER_PATCH + 1)]

    with entered() as found:
        await world.posts(event(users=members, group=GROUP))
        await ensure(world.context, Ensure(target=TOTAL))

    named = files(trip(TRIPS[1]))
    assert in_flows(named) == [file for file in found if file in in_flows(named)]
    assert set(in_rooms(found)) <= set(named)
