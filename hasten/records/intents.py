"""What upstream events want, written down before anything is done: open until it is brought about,
then kept so that an older event that arrives late is known to be stale."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from hasten.domain.changes import Cause
from hasten.domain.intents import Intent, Recorded, Wanted, judge, key
from hasten.json import Json
from hasten.ports.store import Store
from hasten.records.repository import Rows, Shape

OPEN = "open|"
DONE = "done|"


class Intents:
    def __init__(self, store: Store) -> None:
        self._rows = Rows(store, SHAPE)

    async def record(self, intents: Sequence[Intent]) -> list[tuple[Intent, Recorded]]:
        """Writes down those of one target that are news; each as it is stored now, and what it is.
        One that is stale is not stored."""
        judged: dict[str, tuple[Intent, Recorded]] = {}

        def decide(known: Intent | None, new: Intent) -> Intent | None:
            verdict = judge(known, new)
            if verdict is Recorded.REPLACED and known is not None and known.cause != new.cause:
                new = replace(new, replaced=known.cause)
            if verdict is Recorded.DUPLICATE and known is not None:
                judged[new.key] = (known, verdict)
                return None
            judged[new.key] = (new, verdict)
            return None if verdict is Recorded.STALE else new

        await self._rows.update(intents, decide)
        return [judged[intent.key] for intent in intents]

    async def open_intents(self, target: str) -> list[Intent]:
        return await self._rows.listed(target, OPEN)

    async def find(
        self, target: str, group: str, user: str, *, in_step: bool = False
    ) -> Intent | None:
        """What events want of the membership, or whether they want it provisioned as it is."""
        return await self._rows.find(target, key(group, user, in_step=in_step))

    async def update(
        self, intents: Sequence[Intent], change: Callable[[Intent], Intent]
    ) -> list[Intent]:
        """Writes `change(intent)` for those of one target that are still as given."""

        def decide(known: Intent | None, seen: Intent) -> Intent | None:
            return change(seen) if known == seen else None

        return await self._rows.update(intents, decide, as_listed=True)

    async def finish(self, intents: Sequence[Intent], outcome: str) -> list[Intent]:
        """Marks as done those that are still as given; a newer event's stay open."""
        return await self.update(
            intents,
            lambda intent: replace(intent, is_done=True, writing=False, held="", outcome=outcome),
        )

    async def forget(self, target: str, before: datetime) -> int:
        """Deletes done intents of events older than `before`; how many."""
        done = await self._rows.listed(target, DONE)
        old = [intent for intent in done if intent.time < before]
        return await self._rows.remove(old, lambda intent: intent.is_done)


def _body(intent: Intent) -> Json:
    return {
        **asdict(intent),
        "time": intent.time.isoformat(),
        "recorded_at": intent.recorded_at.isoformat(),
    }


def _parse(body: Json) -> Intent:
    fields: dict[str, Any] = dict(body)
    fields["time"] = datetime.fromisoformat(fields["time"])
    fields["recorded_at"] = datetime.fromisoformat(fields["recorded_at"])
    fields["wanted"] = Wanted(fields["wanted"])
    fields["cause"] = Cause(**fields["cause"])
    fields["replaced"] = Cause(**fields["replaced"]) if fields.get("replaced") else None
    return Intent(**fields)


SHAPE: Shape[Intent] = Shape(
    collection="intents",
    forms=(OPEN, DONE),
    partition=lambda intent: intent.target,
    form=lambda intent: DONE if intent.is_done else OPEN,
    name=lambda intent: intent.key,
    body=_body,
    parse=_parse,
)
