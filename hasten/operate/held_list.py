"""Lists what is held with the consequences of each decision."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import DIRECT, Action, Change, HeldBy
from hasten.domain.intents import Intent
from hasten.operate.held import choose_held, key_of
from hasten.operate.release import STILL_DONE, STILL_GIVEN
from hasten.operate.two_people import is_pending, pending
from hasten.records.open_rows import open_rows
from hasten.records.proposals import Proposal

MEMBERSHIP_STAYS = "The membership stays, and so does the access that it gives"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldChange:
    """`if_released` and `if_discarded` say what would happen. `proposal` is that of the first of
    two operators, if one waits for the second."""

    key: str
    user: str
    group: str
    action: str
    by: str
    reason: str
    since: datetime
    if_released: str
    if_discarded: str
    proposal: Proposal | None = None


async def targets_with_held(context: Context) -> Sequence[str]:
    """Returns the targets of which anything is held. Raises TemporaryError."""
    names = list(context.targets)

    async def is_held(target: str) -> bool:
        rows = await open_rows(context.store, target)
        if any(row.is_held and row.stand_in is None for row in rows):
            return True
        intents = await context.intents.open_intents(target)
        return any(intent.held and not intent.is_unreadable for intent in intents)

    found = await asyncio.gather(*map(is_held, names))
    return [name for name, held in zip(names, found, strict=True) if held]


async def held_list(context: Context, target: str) -> list[HeldChange]:
    """Returns what is held of a target, by group, the oldest first. Raises TemporaryError."""
    chosen = await choose_held(context, target, groups=(), users=())
    proposals = await pending(context, target)

    def proposal_of(held: Change | Intent) -> Proposal | None:
        one = proposals.get(key_of(held))
        return one if is_pending(one, held) else None

    found = [
        *(_of_change(row, proposal_of(row)) for row in chosen.changes),
        *(_of_intent(intent, proposal_of(intent)) for intent in chosen.intents),
    ]
    return sorted(found, key=lambda held: (held.group, held.since, held.user))


def _of_change(row: Change, proposal: Proposal | None) -> HeldChange:
    return HeldChange(
        key=key_of(row),
        user=row.user,
        group=row.group,
        action=row.action,
        by=str(row.held_by or HeldBy.BRAKE),
        reason=row.reason,
        since=row.found_at,
        if_released=_released(row),
        if_discarded=STILL_DONE if row.is_removal else STILL_GIVEN,
        proposal=proposal,
    )


def _of_intent(intent: Intent, proposal: Proposal | None) -> HeldChange:
    return HeldChange(
        key=key_of(intent),
        user=intent.user,
        group=intent.group,
        action=Action.REMOVED,
        by=HeldBy.BRAKE,
        reason=intent.held,
        since=intent.recorded_at,
        if_released="Hasten removes the membership in Entra ID, then the access in the app",
        if_discarded=MEMBERSHIP_STAYS,
        proposal=proposal,
    )


def _released(row: Change) -> str:
    if row.is_of_person:
        return "Hasten treats the change of the account as it treats any other"
    way = "this direct assignment" if row.group == DIRECT else "this group"
    if row.is_removal:
        return f"Hasten has Entra ID revoke the access that {way} gave"
    return f"Hasten has Entra ID give the access of {way}"
