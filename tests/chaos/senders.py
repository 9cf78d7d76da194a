"""How upstream systems post their events in a storm: on the queue, or over the API, where a sender
tries again until the API has taken the event. The draws are their own: no other draw depends on
them."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from random import Random
from typing import Any

import httpx

from hasten.api.caller import Role
from hasten.domain.history import EntryKind
from hasten.events.envelope import BATCH, STRUCTURED
from hasten.json import Json
from tests.chaos.history import entries
from tests.simulation.front import Front
from tests.simulation.upstream import ONBOARD
from tests.simulation.world import World
from tests.support.face import claims, program

BY_API = 0.3
"""How likely an event is posted over the API."""

AGAIN = timedelta(seconds=10)
"""Between two tries, unless the answer says when."""

JSON = "application/json"


class Senders:
    """`false` has one line for each answer of the API that is wrong."""

    def __init__(self, world: World, random: Random, counts: Counter[str]) -> None:
        self._world = world
        self._random = random
        self._counts = counts
        self._front = Front(world)
        self._working: list[asyncio.Task[None]] = []
        self.refused: set[str] = set()
        """Events that the API must not have taken."""
        self.false: list[str] = []

    async def post(self, kind: str, /, time: datetime, **data: Any) -> bytes:
        """The event. When Hasten gets it over the API depends on its answers."""
        body = self._world.upstream.event(kind, time, **data)
        has_to_come_now = kind == ONBOARD and "endAt" in data
        if has_to_come_now or self._random.random() >= BY_API:
            await self._world.upstream.post_raw(body)
        else:
            self._spawn(json.loads(body))
        return body

    async def post_nonsense(self, kind: str) -> None:
        """An event that Hasten refuses: on the queue without a form, over the API with a key that
        does not exist."""
        if self._random.random() >= BY_API:
            await self._world.upstream.post_raw(b'{"specversion": "1.0", "type": "?"')
            return
        event = json.loads(self._world.upstream.event(kind, nonsense=True))
        self.refused.add(event["id"])
        self._spawn(event)

    async def are_done(self) -> None:
        """Returns once the API has answered about every event."""
        await asyncio.gather(*self._working)

    def _spawn(self, event: Json) -> None:
        form = self._random.choice((_structured, _binary, _batch))
        caller = self._random.choice((claims, program))(
            Role.SEND, tid=self._world.around.settings.tenant
        )
        sending = self._send(event, *form(event), caller)
        self._working.append(self._world.around.outside.spawn(sending))

    async def _send(
        self, event: Json, content: bytes, headers: Mapping[str, str], caller: Mapping[str, Any]
    ) -> None:
        while True:
            answer = await self._front.post_events(content, headers, caller)
            if answer is not None and answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                break
            await asyncio.sleep(AGAIN.total_seconds())
        is_refused = event["id"] in self.refused
        wanted = HTTPStatus.BAD_REQUEST if is_refused else HTTPStatus.ACCEPTED
        if answer.status_code != wanted:
            said = f"{answer.status_code}: {answer.text[:300]}"
            self.false.append(f"event {event['id']} was answered {said}")
        elif not is_refused:
            self._counts["post over the API"] += 1
            self.false += self._missing(event["id"], answer)

    def _missing(self, event: str, answer: httpx.Response) -> list[str]:
        """What an answer that says that an event was taken does not keep."""
        named = {one["id"] for one in answer.json()["accepted"]}
        posted = (entry for entry in entries(self._world) if entry["kind"] == EntryKind.POSTED)
        is_noted = any(cause["id"] == event for entry in posted for cause in entry["causes"])
        return [
            *([] if named == {event} else [f"event {event} was taken as {named}"]),
            *([] if is_noted else [f"event {event} was taken, and the history does not have it"]),
        ]


def taken_though_refused(world: World, senders: Senders) -> Iterator[str]:
    """One line for each entry of the history about an event that the API refused."""
    for entry in entries(world):
        for cause in entry.get("causes", ()):
            if cause["id"] in senders.refused:
                yield f"event {cause['id']} was refused, and the history has it as {entry['kind']}"


def _structured(event: Json) -> tuple[bytes, dict[str, str]]:
    return json.dumps(event).encode(), {"Content-Type": STRUCTURED}


def _binary(event: Json) -> tuple[bytes, dict[str, str]]:
    attributes = {f"ce-{name}": text for name, text in event.items() if name != "data"}
    return json.dumps(event["data"]).encode(), {"Content-Type": JSON, **attributes}


def _batch(event: Json) -> tuple[bytes, dict[str, str]]:
    """The same event twice, which is harmless."""
    return json.dumps([event, event]).encode(), {"Content-Type": BATCH}
