"""Stores the ledger: one row per (target, group, user), open until Hasten has nothing left to do
for it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from hasten.domain.changes import Action, Cause, Change, FoundBy, HeldBy, State
from hasten.domain.merging import newer
from hasten.domain.outcomes import NOT_TAKEN, of_change, of_revocation
from hasten.json import Json
from hasten.ports.store import Put, Store, Write
from hasten.records import outbox
from hasten.records.repository import Repository, RowMapping

OPEN = "open|"
PROOF = "proof|"
"""Key prefix of rows that ended with Entra's answer and that the provisioning log has still to
confirm."""

DONE = "done|"
TIMES = (
    "noticed_at",
    "found_at",
    "seen_at",
    "due_at",
    "called_at",
    "finished_at",
    "expected_at",
)


class Ledger:
    """The ledger rows of all targets. Open rows are read without touching the finished ones.

    A row that ends writes its outcome to the outbox in the same commit.
    """

    def __init__(self, store: Store) -> None:
        self._rows = Repository(store, MAPPING)

    async def record(self, found: Sequence[Change]) -> list[Change]:
        """Saves the changes in `found` that are new, and returns them. Known changes have no
        effect."""
        recorded: list[Change] = []
        for target in sorted({change.target for change in found}):
            mine = [change for change in found if change.target == target]
            recorded += await self._rows.update(mine, newer)
        return recorded

    async def open_changes(self, target: str) -> list[Change]:
        return await self._rows.listed(target, OPEN)

    async def unproven_changes(self, target: str, limit: int | None = None) -> list[Change]:
        return await self._rows.listed(target, PROOF, limit=limit)

    async def done_changes(self, target: str) -> list[Change]:
        """Returns every finished row. This reads the whole history: only the command line and the
        clean-up timer call it."""
        return await self._rows.listed(target, DONE)

    async def find(self, target: str, group: str, user: str) -> Change | None:
        """Returns the row in any state."""
        return await self._rows.find(target, f"{group}|{user}")

    async def start_call(self, changes: Sequence[Change], now: datetime) -> list[Change]:
        """Marks rows as being called and returns them, without rows that changed since they were
        read."""
        return await self.move(
            changes, lambda seen: replace(seen, state=State.CALLING, called_at=now)
        )

    async def end_call(
        self, changes: Sequence[Change], settle: Callable[[Change], Change]
    ) -> list[Change]:
        """Saves the result of a call to the rows that still wait for this call. In the meantime a
        row may have got another cause, or a look may have confirmed it."""

        def end(known: Change | None, called: Change) -> Change | None:
            waits = (
                known is not None
                and known.state is State.CALLING
                and known.called_at == called.called_at
                and known.action is called.action
            )
            return settle(known) if known is not None and waits else None

        return await self._rows.update(changes, end, as_listed=True)

    async def move(self, changes: Sequence[Change], to: Callable[[Change], Change]) -> list[Change]:
        """Saves `to(change)` for each row (of one target) that has not changed since it was read. A
        caller that lost the race drops its result."""

        def decide(known: Change | None, seen: Change) -> Change | None:
            return to(seen) if known == seen else None

        return await self._rows.update(changes, decide, as_listed=True)

    async def forget(self, target: str, before: datetime) -> int:
        """Deletes rows that ended before `before`. Returns how many."""
        done = await self._rows.listed(target, DONE)
        old = [change for change in done if _ended_before(change, before)]
        return await self._rows.remove(old, lambda change: _ended_before(change, before))


def _ended_before(change: Change, before: datetime) -> bool:
    return not change.is_open and change.finished_at is not None and change.finished_at < before


def _key_prefix(change: Change) -> str:
    if change.is_open:
        return OPEN
    return PROOF if change.needs_proof else DONE


def _outcomes(before: Change | None, now: Change) -> Sequence[Write]:
    """Returns the outcomes to publish with a write: that of the row that ends, and that of the row
    it replaces."""
    writes: list[Put] = []
    if before is not None and before.is_open and before.action is not now.action:
        writes.append(outbox.put(of_change(before, State.SUPERSEDED, now.found_at)))
    is_news = before is None or before.state is not now.state
    if is_news and not now.is_open:
        writes.append(outbox.put(of_change(now)))
    if is_news and now.is_removal and now.state is State.FAILED:
        writes.append(
            outbox.put(of_revocation(NOT_TAKEN, now, now=now.finished_at or now.found_at))
        )
    return writes


def _body(change: Change) -> Json:
    body = asdict(change)
    for name in TIMES:
        body[name] = body[name].isoformat() if body[name] else None
    return body


def _parse(body: Json) -> Change:
    fields: dict[str, Any] = dict(body)
    for name in TIMES:
        fields[name] = datetime.fromisoformat(fields[name]) if fields[name] else None
    fields["action"] = Action(fields["action"])
    fields["state"] = State(fields["state"])
    fields["found_by"] = FoundBy(fields["found_by"])
    fields["held_by"] = HeldBy(fields["held_by"]) if fields["held_by"] else None
    fields["route"] = tuple(fields.get("route", ()))
    fields["causes"] = tuple(Cause(**cause) for cause in fields["causes"])
    return Change(**fields)


MAPPING: RowMapping[Change] = RowMapping(
    collection=outbox.COLLECTION,
    key_prefixes=(OPEN, PROOF, DONE),
    partition=lambda change: change.target,
    key_prefix=_key_prefix,
    name=lambda change: f"{change.group}|{change.user}",
    body=_body,
    parse=_parse,
    also_write=_outcomes,
)
