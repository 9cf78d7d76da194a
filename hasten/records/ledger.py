"""The ledger: one row per (target, group, user), open until nothing is left to do for it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from hasten.domain.changes import Action, Cause, Change, HeldBy, State, newer
from hasten.domain.outcomes import NOT_TAKEN, of_change, of_revocation
from hasten.json import Json
from hasten.ports.store import Put, Store, Write
from hasten.records.outbox import COLLECTION, letter
from hasten.records.repository import Rows, Shape

OPEN = "open|"
PROOF = "proof|"
"""Done as far as Entra's answer goes; the provisioning log has still to confirm it."""

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
    """Rows are read in their open form without touching the finished ones.

    Each row that ends leaves its outcome in the outbox, in the same commit.
    """

    def __init__(self, store: Store) -> None:
        self._rows = Rows(store, SHAPE)

    async def record(self, found: Sequence[Change]) -> list[Change]:
        """Writes what is new in `found` and returns it; what is known already changes nothing."""
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
        """All of history: for the command line and for the clean-up, never for a trigger."""
        return await self._rows.listed(target, DONE)

    async def find(self, target: str, group: str, user: str) -> Change | None:
        """The row in whatever state it is."""
        return await self._rows.find(target, f"{group}|{user}")

    async def start_call(self, changes: Sequence[Change], now: datetime) -> list[Change]:
        """Marks rows as being called; those that changed meanwhile are left out."""
        return await self.move(
            changes, lambda seen: replace(seen, state=State.CALLING, called_at=now)
        )

    async def end_call(
        self, changes: Sequence[Change], settle: Callable[[Change], Change]
    ) -> list[Change]:
        """Writes the result of a call to the rows that still wait for this very call, though they
        may have learned meanwhile which event asked for them, or that a look has seen them."""

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
        """Writes `to(change)` for the rows of one target that are still exactly as given: whoever
        lost the race drops its result."""

        def decide(known: Change | None, seen: Change) -> Change | None:
            return to(seen) if known == seen else None

        return await self._rows.update(changes, decide, as_listed=True)

    async def forget(self, target: str, before: datetime) -> int:
        """Deletes rows that ended before `before`; how many."""
        done = await self._rows.listed(target, DONE)
        old = [change for change in done if _ended_before(change, before)]
        return await self._rows.remove(old, lambda change: _ended_before(change, before))


def _ended_before(change: Change, before: datetime) -> bool:
    return not change.is_open and change.finished_at is not None and change.finished_at < before


def _form(change: Change) -> str:
    if change.is_open:
        return OPEN
    return PROOF if change.needs_proof else DONE


def _letters(before: Change | None, now: Change) -> Sequence[Write]:
    """The outcomes to tell with a write: of the row that ends, and of the one it replaces."""
    letters: list[Put] = []
    if before is not None and before.is_open and before.action is not now.action:
        letters.append(letter(of_change(before, State.SUPERSEDED, now.found_at)))
    is_news = before is None or before.state is not now.state
    if is_news and not now.is_open:
        letters.append(letter(of_change(now)))
    if is_news and now.is_removal and now.state is State.FAILED:
        letters.append(letter(of_revocation(NOT_TAKEN, now, now=now.finished_at or now.found_at)))
    return letters


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
    fields["held_by"] = HeldBy(fields["held_by"]) if fields["held_by"] else None
    fields["causes"] = tuple(Cause(**cause) for cause in fields["causes"])
    return Change(**fields)


SHAPE: Shape[Change] = Shape(
    collection=COLLECTION,
    forms=(OPEN, PROOF, DONE),
    partition=lambda change: change.target,
    form=_form,
    name=lambda change: f"{change.group}|{change.user}",
    body=_body,
    parse=_parse,
    beside=_letters,
)
