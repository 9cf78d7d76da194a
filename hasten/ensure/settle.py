"""Ends intents that were carried out, each with a change in the ledger or with an outcome."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from hasten.context import Context
from hasten.domain.changes import OWN_ACCOUNT, Change, State
from hasten.domain.ensuring import (
    WAS_NO_MEMBER,
    Ending,
    EnsureDecision,
    LookAgain,
    Restart,
    SeenMembership,
    Wait,
    decide,
)
from hasten.domain.intents import RECORDED, RECORDED_AS_HELD, THE_GROUP, Intent, Wanted
from hasten.domain.no_member import CALL_AWAITED, awaited, of_account, of_leaver
from hasten.domain.outcomes import REJECTED, of_event
from hasten.domain.seen_access import (
    has_given_since,
    last_assigned_at,
    may_have_access,
    unfinished,
)
from hasten.ensure.work import WorkResult
from hasten.error_collector import ErrorCollector
from hasten.errors import PermanentError, ReadError, TemporaryError
from hasten.messages import Ensure, Wake
from hasten.operate.rows_of_person import rows_of_person
from hasten.ports.directory_errors import NotYet
from hasten.records import discovered
from hasten.side_by_side import side_by_side
from hasten.telemetry.ensure import IntentEnded
from hasten.watch.admit import Judged, admit, restart

UNREAD_PAUSE = timedelta(minutes=1)
"""Delay before Hasten asks again about a user of whom Graph does not say whether anything assigns
them."""

DECISIONS_AT_ONCE = 16
"""Intents that Hasten decides about at the same time; some take a request to Graph."""


async def settle_intents(
    context: Context,
    target: str,
    results: Sequence[WorkResult],
    errors: ErrorCollector,
    *,
    uncounted: Collection[str] = (),
) -> None:
    """Writes the results of a run. The order is ledger, wake, outcomes, intents. A crash between
    any two repeats all of it, which writes, calls and publishes nothing twice. `uncounted` has the
    keys of the intents whose users the brake has not counted: it judges their removals here.

    Raises TemporaryError; errors that concern single intents go to `errors`.
    """
    ended = [(intent, end) for intent, end in results if isinstance(end, Ending)]
    seen = [(intent, end) for intent, end in results if isinstance(end, SeenMembership)]
    recorded: list[Intent] = []
    unsure: dict[datetime, list[Intent]] = defaultdict(list)
    joining = await _joining(context, target, seen)
    decide_now = partial(_decided, context, joining)
    decisions = await side_by_side(decide_now, seen, DECISIONS_AT_ONCE)
    changes: list[Change] = []
    for (intent, _), decided in zip(seen, decisions, strict=True):
        match decided:
            case Ending() as ending:
                ended.append((intent, ending))
                continue
            case TemporaryError() as error:
                errors.add(error)
                unsure[context.now() + max(error.delay, UNREAD_PAUSE)].append(intent)
                continue
            case Wait():
                errors.add(NotYet(f"what was written of {intent.user} does not show yet"))
                continue
            case LookAgain(at, decision):
                unsure[at].append(intent)
            case decision:
                recorded.append(intent)
        match decision:
            case Restart(known):
                await restart(context, [known], intent.cause, let_go=intent.released)
            case Change() as change:
                changes.append(change)
    let_go = {
        (intent.group, intent.user)
        for intent, sight in seen
        if intent.wanted is Wanted.ABSENT and sight.written and intent.key not in uncounted
    }
    await admit(context, changes, judged=let_go)
    if recorded or unsure:
        await context.send(Wake(target=target))
    await _end(context, ended)
    for outcome, intents in (await _still_recorded(context, recorded, let_go, errors)).items():
        await context.intents.finish(intents, outcome)
    for at, intents in unsure.items():
        await postpone(context, target, intents, at)


async def _joining(
    context: Context, target: str, seen: Sequence[tuple[Intent, SeenMembership]]
) -> Collection[str]:
    """Returns the users whom another event wants in a group, if anybody is to be brought in step
    who is no member: a removal would take the access that Hasten is about to give."""
    is_needed = any(i.wanted is Wanted.IN_STEP and not sight.member for i, sight in seen)
    since = context.now() - CALL_AWAITED
    return await context.intents.joining(target, since) if is_needed else ()


async def _decided(
    context: Context, joining: Collection[str], of: tuple[Intent, SeenMembership]
) -> EnsureDecision | TemporaryError:
    """Returns the error of Graph instead if its answer alone can tell."""
    intent, sight = of
    row, now = await _row(context, intent), context.now()
    is_joining = intent.wanted is Wanted.IN_STEP and not sight.member and intent.user in joining
    if is_joining and (again := awaited(intent, now)):
        return again
    decision = decide(intent, sight, row, now)
    rows, error = None, None
    if decision == WAS_NO_MEMBER:
        rows, error = await _rows_of_leaver(context, intent)
    if rows is None:
        return await _of_account(context, intent, decision, now)
    seen = await context.roster.find(intent.target, intent.user)
    if not unfinished(rows) and may_have_access(rows, last_assigned_at(seen, now)):
        return decide(intent, sight, row, now, has_left_unseen=True)
    return of_leaver(intent, rows, error, now)


async def _of_account(
    context: Context, intent: Intent, decision: EnsureDecision, now: datetime
) -> EnsureDecision:
    if not isinstance(decision, Ending) or decision.result is not State.IN_SYNC:
        return decision
    if intent.wanted is not Wanted.ABSENT:
        return decision
    own = await context.ledger.find(intent.target, OWN_ACCOUNT, intent.user)
    return of_account(intent, decision, own, now)


async def _rows_of_leaver(
    context: Context, intent: Intent
) -> tuple[Sequence[Change] | None, ReadError | None]:
    """Returns the rows of a user who may have had access, and whom nothing assigns any more; None
    of any other. If Graph does not say who is assigned, it returns the rows and the error: a row
    that follows waits until Graph does.

    The roster shows who had access, or a row of somebody whom the hourly comparison has taken off
    it. Where Hasten does not watch people, it may be anybody: a removal for each of them would let
    any producer trip the brake."""
    target, user = intent.target, intent.user
    found = await discovered.load(context.store, target)
    if found is None:
        return None, None
    rows = await rows_of_person(context, target, user)
    is_shown = bool(unfinished(rows)) or has_given_since(rows)
    is_watched = context.targets[target].users
    if is_watched and not is_shown and not await context.roster.find(target, user):
        return None, None
    through, failed = None, None
    try:
        through = await context.directory.assigned_through(user, found.service_principal)
    except (TemporaryError, PermanentError) as error:
        failed = error
    return None if through else rows, failed


async def postpone(context: Context, target: str, intents: Sequence[Intent], at: datetime) -> None:
    """Leaves the intents open until `at`, and wakes the target then. No write of Hasten is under
    way."""
    await context.send(Ensure(target=target), at)
    await context.intents.update(intents, lambda i: replace(i, not_before=at, writing=False))


async def _still_recorded(
    context: Context, recorded: Sequence[Intent], let_go: Judged, errors: ErrorCollector
) -> Mapping[str, Sequence[Intent]]:
    """Returns the intents whose ledger row names them as a cause, by outcome. If a concurrent look
    was faster, the intent stays open and Hasten carries it out again. The brake has let those in
    `let_go` pass, even if it holds their rows since."""
    rows = await asyncio.gather(*(_row(context, intent) for intent in recorded))
    still: dict[str, list[Intent]] = defaultdict(list)
    for intent, row in zip(recorded, rows, strict=True):
        if row is None or intent.cause not in row.causes:
            errors.add(TemporaryError("a look saw something newer", timedelta(seconds=1)))
            continue
        is_held = row.is_braked and (intent.group, intent.user) not in let_go
        still[RECORDED_AS_HELD if is_held else RECORDED].append(intent)
    return still


async def _row(context: Context, intent: Intent) -> Change | None:
    return await context.ledger.find(intent.target, intent.group, intent.user)


async def publish_endings(context: Context, ended: Sequence[tuple[Intent, Ending]]) -> None:
    """Publishes the outcome of the event behind each intent. Raises TemporaryError."""
    outcomes = [
        of_event(
            intent.cause,
            target=intent.target,
            group=intent.group,
            user="" if intent.user == THE_GROUP else intent.user,
            result=ending.result,
            reason=ending.reason,
            next_action=_next_action(ending),
            now=context.now(),
        )
        for intent, ending in ended
    ]
    await context.outbox.publish(outcomes)


def _next_action(ending: Ending) -> str:
    """Hasten has taken the event, so that it takes no copy of it any more."""
    if ending.result != REJECTED or not ending.next_action:
        return ending.next_action
    return f"{ending.next_action}; then post it again with a new id and time"


async def _end(context: Context, ended: Sequence[tuple[Intent, Ending]]) -> None:
    await publish_endings(context, ended)
    by_result: dict[str, list[Intent]] = defaultdict(list)
    for intent, ending in ended:
        by_result[ending.result].append(intent)
        context.emit(
            IntentEnded(
                result=ending.result,
                target=intent.target,
                group=intent.group,
                user=intent.user,
                reason=ending.reason,
                next_action=_next_action(ending),
            )
        )
    for result, intents in by_result.items():
        await context.intents.finish(intents, result)
