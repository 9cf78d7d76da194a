"""Holds removals when too many users leave one group, or the groups of one target together. The
limits are in hasten/domain/brake.py."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from hasten.context import Context
from hasten.domain.changes import OWN_ACCOUNT, Change, HeldBy, State
from hasten.domain.intents import Intent, Wanted
from hasten.domain.outcomes import of_alert
from hasten.domain.row_states import held
from hasten.errors import PermanentError
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from hasten.records.recent_removals import WHOLE_TARGET, RecentRemovals, Tally, Trip
from hasten.targets import Target
from hasten.telemetry.targets import JobNotPaused, JobPaused
from hasten.telemetry.watch import BrakeHeld
from hasten.watch.brake_size import assigned_people, people_in

NOT_CALLED = frozenset({State.PENDING, State.WAITING})


@dataclass(frozen=True, slots=True)
class Judged:
    """The reason why the brake holds removals, and the operator's next action."""

    reason: str
    next_action: str


async def judge_removals(
    context: Context,
    target: Target,
    leavers: Mapping[str, Collection[str]],
    *,
    members_before: int | None = None,
    still_members: bool = False,
    records_held: bool = True,
) -> Mapping[str, Judged]:
    """Returns the groups whose leavers must be held, out of `leavers` by group. For these groups
    the brake also holds every removal that is not called yet. It reports whom it is the first to
    hold for a trip.

    `members_before` is the group's size when the caller knows it better than the directory does
    now. `still_members` is True when the leavers have not left yet. `records_held` is False when
    the caller writes down nobody whom the brake holds: then the brake reports a trip only once.
    Raises TemporaryError and PermanentError of Graph.
    """
    leavers = {group: users for group, users in leavers.items() if users}
    if not leavers:
        return {}
    tally = await RecentRemovals(context.store).count(target.name, leavers, context.now())
    standing = tally
    if records_held and tally.trips:
        standing = replace(tally, trips=await _with_held(context, target, tally.trips))
    if target.brake.exceeded_by_target(tally.people):
        judged = Judged(
            f"{tally.people} people leave groups of {target.name} within ten minutes",
            f"if it is intended: python -m hasten release {target.name}; "
            "else: correct the groups, then discard",
        )
        await _trip(context, target, WHOLE_TARGET, judged, standing)
        return dict.fromkeys(leavers, judged)
    found: dict[str, Judged] = {}
    for group in leavers:
        alerted = standing.trips.get(group)
        if alerted is not None and not alerted.has_grown(standing.left(group)):
            # Counting the members of a large group takes many requests, for each look at it.
            found[group] = Judged(alerted.reason, alerted.next_action)
            await _hold_open(context, target, group, found[group])
            continue
        too_many = await _too_many(
            context,
            target,
            group,
            tally,
            members_before=members_before,
            still_members=still_members,
        )
        if too_many is not None:
            await _trip(context, target, group, too_many, standing)
            found[group] = too_many
            continue
        trip = tally.trip(group)
        if trip is not None:
            found[group] = Judged(trip.reason, trip.next_action)
            await _report(context, target, trip.group, found[group], standing)
    return found


async def hold_if_tripped(context: Context, target: Target, group: str) -> None:
    """Holds the open removals of the group if its brake has tripped. Call after removals of the
    group are written to the ledger. The brake writes its trip before it reads the open rows, so one
    of two concurrent callers sees the other."""
    trip = await RecentRemovals(context.store).tripped(target.name, group, context.now())
    if trip is not None:
        await _hold_open(context, target, group, Judged(trip.reason, trip.next_action))


async def _too_many(
    context: Context,
    target: Target,
    group: str,
    tally: Tally,
    *,
    members_before: int | None,
    still_members: bool,
) -> Judged | None:
    count = tally.groups[group]
    if not target.brake.may_be_exceeded(count):
        return None
    before = members_before
    if before is None:
        needed = target.brake.members_needed(count)
        there = await people_in(context, target, group, enough=needed)
        before = tally.size_before(group, there)
        if group == OWN_ACCOUNT and before >= needed:
            # The roster keeps people whose group is not assigned any more.
            assigned = await assigned_people(context, target, enough=needed)
            before = before if assigned is None else tally.size_before(group, assigned)
    if not target.brake.exceeded(removals=count, members_before=before):
        return None
    release = f"python -m hasten release {target.name} --group {group}"
    if group == OWN_ACCOUNT:
        return Judged(
            f"{count} of {before} people were disabled or deleted within minutes",
            f"if it is intended: {release}; else: enable or restore them, then discard",
        )
    return Judged(
        f"{count} of {before} members {'would leave' if still_members else 'left'} within minutes",
        f"if it is intended: {release}; else: correct the group, then discard",
    )


async def _with_held(
    context: Context, target: Target, trips: Mapping[str, Trip]
) -> Mapping[str, Trip]:
    """Returns the trips for which the brake holds anybody now. The alert of another trip has had
    its answer: an operator discarded all that it held, or they joined again. The next person whom
    it holds needs an alert as well."""
    rows = await context.ledger.open_changes(target.name)
    intents = await context.intents.open_intents(target.name)
    groups = {row.group for row in rows if row.is_braked}
    groups |= {intent.group for intent in intents if intent.held and not intent.is_unreadable}
    if groups - trips.keys():
        groups.add(WHOLE_TARGET)
    return {group: trip for group, trip in trips.items() if group in groups}


async def _trip(
    context: Context, target: Target, group: str, judged: Judged, standing: Tally
) -> None:
    """Reports the trip and then holds the open rows: a crash between any two repeats all of it."""
    await _report(context, target, group, judged, standing)
    await _hold_open(context, target, group, judged)


async def _report(
    context: Context, target: Target, group: str, judged: Judged, standing: Tally
) -> None:
    """Raises the alert of the trip, and then writes the trip. `standing` has the trips whose alert
    stands until twice as many people have left: then another one says so."""
    known, now, count = standing.trips.get(group), context.now(), standing.left(group)
    if known is not None and not known.has_grown(count):
        return
    of = "" if group == WHOLE_TARGET else group
    await alert_brake(context, target, of, judged, key=f"{now:%Y-%m-%dT%H:%M:%S}")
    trip = Trip(
        target=target.name,
        group=group,
        at=now,
        reason=judged.reason,
        next_action=judged.next_action,
        reported=count,
    )
    await RecentRemovals(context.store).trip(trip)


async def _hold_open(context: Context, target: Target, group: str, judged: Judged) -> None:
    """Holds removals that wait for their call, and removals that events want and that Hasten has
    not written to Entra ID yet. Removals that an operator released go on. A removal that has just
    changed, but still waits, is held as well: no later step holds it."""

    def is_meant(of: str) -> bool:
        return group in {WHOLE_TARGET, of}

    def hold_row(row: Change) -> Change | None:
        waits = row.is_removal and row.state in NOT_CALLED and not row.released
        return held_by_brake(row, judged) if waits else None

    def hold_intent(intent: Intent) -> Intent | None:
        waits = intent.wanted is Wanted.ABSENT and not intent.is_done
        if not waits or intent.held or intent.passes_brake:
            return None
        return replace(intent, held=judged.reason)

    rows = [r for r in await context.ledger.open_changes(target.name) if is_meant(r.group)]
    await context.ledger.change([row for row in rows if hold_row(row)], hold_row)
    intents = [i for i in await context.intents.open_intents(target.name) if is_meant(i.group)]
    await context.intents.change([one for one in intents if hold_intent(one)], hold_intent)


def held_by_brake(change: Change, judged: Judged) -> Change:
    return held(change, HeldBy.BRAKE, reason=judged.reason, next_action=judged.next_action)


async def alert_brake(
    context: Context, target: Target, group: str, judged: Judged, *, key: str
) -> None:
    """Publishes an alert, and pauses Entra's provisioning job if the target sets `pause_job`. `key`
    distinguishes this alert from other alerts of the same group."""
    context.emit(
        BrakeHeld(
            target=target.name,
            group=group,
            reason=judged.reason,
            next_action=judged.next_action,
        )
    )
    alert = of_alert(
        "held",
        target=target.name,
        group=group,
        reason=judged.reason,
        next_action=judged.next_action,
        key=key,
        now=context.now(),
    )
    await context.outbox.publish([alert])
    if not target.pause_job:
        return
    found = await discovered.load(context.store, target.name)
    if found is not None:
        await _pause(context, target, found)


async def _pause(context: Context, target: Target, found: DiscoveredTarget) -> None:
    """Pauses the provisioning job. A job that Hasten may not pause goes on; the removals are held
    all the same."""
    try:
        await context.directory.pause_job(found.service_principal, found.job)
    except PermanentError as error:
        context.emit(
            JobNotPaused(target=target.name, reason=error.reason, next_action=error.next_action)
        )
    else:
        context.emit(JobPaused(target=target.name))
