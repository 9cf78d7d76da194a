"""Stores what upstream events want. An intent is open until Hasten has applied it, and is then
kept, so that an older event that arrives late is recognised as stale."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from hasten.domain.changes import Cause
from hasten.domain.intents import RECORDED, Intent, Recorded, Wanted, compare, key
from hasten.json import Json
from hasten.ports.store import Store
from hasten.records import stand_ins
from hasten.records.fields import moment
from hasten.records.old_rows import delete_old
from hasten.records.repository import Repository
from hasten.records.row_mapping import RowMapping
from hasten.records.values import values, without_unset

MEMBERSHIPS = frozenset({Wanted.MEMBER, Wanted.ABSENT})
OPEN_PREFIX = "open|"
DONE_PREFIX = "done|"

ADDED_LAST = frozenset({"opened_at", "refused", "failure_told", "judged", "to_be_observed"})
"""The newest fields: older versions of Hasten do not know them."""


class Intents:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows = Repository(store, MAPPING)

    async def record(self, intents: Sequence[Intent]) -> list[tuple[Intent, Recorded]]:
        """Saves the intents (of one target) that are new. Returns each as it is stored now, with
        what became of it. A stale intent is not stored, nor one whose row cannot be read."""
        judged: dict[str, tuple[Intent, Recorded]] = {}

        def decide(known: Intent | None, new: Intent) -> Intent | None:
            verdict = compare(known, new)
            if verdict is Recorded.REPLACED and known is not None and known.cause != new.cause:
                new = replace(new, replaced=known.cause)
            if verdict is Recorded.DUPLICATE and known is not None:
                judged[new.key] = (known, verdict)
                return None
            judged[new.key] = (new, verdict)
            return None if verdict is Recorded.STALE else new

        await self._rows.update(intents, decide)
        return [judged.get(intent.key, (intent, Recorded.UNREADABLE)) for intent in intents]

    async def open_intents(self, target: str) -> list[Intent]:
        return await self._rows.listed(target, OPEN_PREFIX)

    async def ended_intents(self, target: str, limit: int) -> list[Intent]:
        """Returns at most `limit` of those that Hasten has applied."""
        return await self._rows.listed(target, DONE_PREFIX, limit=limit)

    async def joining(self, target: str, since: datetime) -> frozenset[str]:
        """Returns the users whom an open intent wants in a group that was asked for after `since`.
        An older one may stay open for ever: Graph refuses to write it, or the group."""
        opened = await self.open_intents(target)
        return frozenset(i.user for i in opened if i.wanted is Wanted.MEMBER and i.asked_at > since)

    async def find(
        self, target: str, group: str, user: str, *, in_step: bool = False
    ) -> Intent | None:
        """Returns the stored intent for the membership, or its stand-in. With `in_step`, returns
        the intent that provisions the membership as it is."""
        return await self._rows.find(target, key(group, user, in_step=in_step))

    async def users_of(self, target: str, cause: Cause) -> frozenset[str]:
        """Returns the users about whom an intent of this event is stored. Reads all intents of the
        target."""
        found: set[str] = set()
        for prefix in MAPPING.key_prefixes:
            intents = await self._rows.listed(target, prefix)
            found |= {intent.user for intent in intents if intent.cause == cause}
        return frozenset(found)

    async def update(
        self, intents: Sequence[Intent], change: Callable[[Intent], Intent]
    ) -> list[Intent]:
        """Saves `change(intent)` for each intent (of one target) that has not changed since it was
        read."""

        def decide(known: Intent | None, seen: Intent) -> Intent | None:
            return change(seen) if known == seen else None

        return await self._rows.update(intents, decide, read=self._rows.as_listed)

    async def change(
        self, intents: Sequence[Intent], to: Callable[[Intent], Intent | None]
    ) -> list[Intent]:
        """Saves `to(intent)` for each of the intents (of one target) as it is stored now, unless it
        is None."""
        now = self._rows.as_listed
        return await self._rows.update(intents, lambda known, _: known and to(known), read=now)

    async def finish(self, intents: Sequence[Intent], outcome: str) -> list[Intent]:
        """Marks intents as done that have not changed since they were read. An intent of a newer
        event stays open. What says nothing any more of one that has ended is not kept: an earlier
        version could not read it."""

        def done(intent: Intent) -> Intent:
            ended = replace(intent, is_done=True, writing=False, held="", outcome=outcome)
            return replace(ended, judged=False, to_be_observed=False)

        return await self.update(intents, done)

    async def remove(self, intents: Sequence[Intent]) -> None:
        """Deletes intents that have not changed since they were read."""
        await asyncio.gather(*(self._rows.remove([one], one.__eq__) for one in intents))

    async def reopen(self, target: str, keys: Collection[str], now: datetime) -> None:
        """Opens intents again, so that Hasten looks at their memberships once more.

        An open intent stays open, even if a displaced worker is about to end it, and has waited
        since before. A declined intent stays as it was decided. The brake does not judge an intent
        again whose change is recorded. It judges the others: a user who was no member, for example,
        has not been counted. What an operator released has ended: the user may have joined again,
        and leave now with many others.
        """

        def again(intent: Intent) -> Intent | None:
            if intent.is_declined:
                return None
            counted = replace(intent, reopened=intent.reopened + 1)
            if not intent.is_done:
                return counted
            is_judged = intent.outcome == RECORDED
            opened = replace(counted, is_done=False, outcome="", opened_at=now)
            return replace(opened, judged=is_judged, released=False)

        found = [await self._rows.find(target, key) for key in keys]
        meant = [i for i in found if i is not None and i.wanted in MEMBERSHIPS]
        await self.change(meant, again)

    async def forget(self, target: str, before: datetime) -> int:
        """Deletes done intents whose event is older than `before`. Returns how many."""
        return await delete_old(
            self._store, MAPPING, target, DONE_PREFIX, lambda intent: intent.time < before
        )


def _body(intent: Intent) -> Json:
    body = {
        **values(intent),
        "cause": values(intent.cause),
        "replaced": values(intent.replaced) if intent.replaced else None,
        "time": intent.time.isoformat(),
        "recorded_at": intent.recorded_at.isoformat(),
        "not_before": intent.not_before.isoformat() if intent.not_before else None,
        "opened_at": intent.opened_at.isoformat() if intent.opened_at else None,
    }
    return without_unset(body, ADDED_LAST)


def _parse(body: Json) -> Intent:
    fields: dict[str, Any] = dict(body)
    fields["time"] = moment(fields["time"])
    fields["recorded_at"] = moment(fields["recorded_at"])
    for name in ("not_before", "opened_at"):
        at = fields.get(name)
        fields[name] = moment(at) if at else None
    fields["wanted"] = Wanted(fields["wanted"])
    fields["cause"] = Cause(**fields["cause"])
    fields["replaced"] = Cause(**fields["replaced"]) if fields.get("replaced") else None
    return Intent(**fields)


MAPPING: RowMapping[Intent] = RowMapping(
    collection="intents",
    key_prefixes=(OPEN_PREFIX, DONE_PREFIX),
    partition=lambda intent: intent.target,
    key_prefix=lambda intent: DONE_PREFIX if intent.is_done else OPEN_PREFIX,
    name=lambda intent: intent.key,
    body=_body,
    parse=_parse,
    stand_in=stand_ins.intent,
)
