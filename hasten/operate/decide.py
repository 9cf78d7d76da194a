"""Decides about held changes for an operator: releases or discards those that the operator chose.
The command line, the API and the page all decide here."""

from dataclasses import dataclass
from enum import StrEnum

from hasten.context import Context
from hasten.domain.history import EntryKind
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.operate.audited import Audit, Subject, audited, subject_of
from hasten.operate.held import ChosenChanges, not_held
from hasten.operate.problems import Problem, of_error
from hasten.operate.release import discard_changes, refuse_held_again, release_changes
from hasten.operate.release_intents import discard_intents, release_intents
from hasten.operate.two_people import agree, forget_decided


class HeldAction(StrEnum):
    RELEASE = "release"
    DISCARD = "discard"


ENTRY_KINDS = {HeldAction.RELEASE: EntryKind.RELEASED, HeldAction.DISCARD: EntryKind.DISCARDED}
CHANGES = {HeldAction.RELEASE: release_changes, HeldAction.DISCARD: discard_changes}
INTENTS = {HeldAction.RELEASE: release_intents, HeldAction.DISCARD: discard_intents}


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedChanges:
    """`moved` counts the changes that were still held and are no longer. `proposed` counts those
    that wait for a second operator. `problem` says why Hasten stopped before it had decided about
    all of them."""

    moved: int
    proposed: int = 0
    problem: Problem | None = None


async def decide(
    context: Context,
    target: str,
    chosen: ChosenChanges,
    decision: HeldAction,
    *,
    by: str,
    reason: str,
) -> DecidedChanges:
    """Carries out the decision about the chosen changes that are still held. `by` is who decides.
    The history says who decided what and why.

    Raises PermanentError and TemporaryError if nothing was decided, and Conflict if somebody else
    decided at the same moment.
    """
    async with audited(
        context, ENTRY_KINDS[decision], _subjects(chosen), by=by, why=reason
    ) as audit:
        return await _decide(context, target, chosen, decision, audit)


async def _decide(
    context: Context, target: str, chosen: ChosenChanges, decision: HeldAction, audit: Audit
) -> DecidedChanges:
    proposed = 0
    if decision is HeldAction.RELEASE:
        await refuse_held_again(context, target)
        agreement = await agree(context, target, chosen, by=audit.by, reason=audit.why)
        chosen, proposed = agreement.agreed, len(agreement.proposed)
        audit.proposed += _subjects(agreement.proposed)
    try:
        moved = await _move(context, target, chosen, decision, audit)
    except (PermanentError, TemporaryError, Conflict) as error:
        # What was written before the error stays, and only the store says how much that is.
        decided = await not_held(context, target, chosen)
        audit.done = _subjects(decided)
        moved = len(decided)
        if isinstance(error, Conflict) or not (moved or proposed):
            raise
        return DecidedChanges(moved=moved, proposed=proposed, problem=of_error(error))
    await forget_decided(context, target, chosen)
    return DecidedChanges(moved=moved, proposed=proposed)


async def _move(
    context: Context, target: str, chosen: ChosenChanges, decision: HeldAction, audit: Audit
) -> int:
    if chosen.changes:
        changes = await CHANGES[decision](context, target, chosen.changes)
        audit.done += map(subject_of, changes)
    if chosen.intents:
        intents = await INTENTS[decision](context, target, chosen.intents)
        audit.done += map(subject_of, intents)
    return len(audit.done)


def _subjects(chosen: ChosenChanges) -> list[Subject]:
    return [*map(subject_of, chosen.changes), *map(subject_of, chosen.intents)]
