"""Brings about what events want of one group: its members, and its assignment to the target."""

from collections.abc import Mapping, Sequence

from hasten.context import Context
from hasten.domain.ensuring import GROUP_GONE, MEMBER_BATCH_WAIT
from hasten.domain.intents import Intent, Wanted
from hasten.ensure.fence import is_still_wanted
from hasten.ensure.grant import grant
from hasten.ensure.groups import expect_gone
from hasten.ensure.guard_rails import forbidden
from hasten.ensure.known_groups import KnownGroups
from hasten.ensure.sight import look_at, seen_now
from hasten.ensure.work import HiddenMemberError, Work, marked
from hasten.json import Json
from hasten.limits import MAX_LINKS_PER_PATCH
from hasten.records import cursors
from hasten.watch.look import start_watching


async def ensure_in_group(context: Context, work: Work, wanted: Sequence[Intent]) -> None:
    """Brings about the intents of one group, oldest first and revocations before grants."""
    ready = _ready(context, work, wanted)
    if not ready:
        return
    shown = await context.directory.group(work.group)
    if shown is None:
        await _without_group(context, work, ready)
        return
    known = await KnownGroups.load(context, work.target)
    of = _allowed(known, work, ready, shown)
    with work.errors.collect():
        await _leave(context, work, of[Wanted.ABSENT])
    if not any(of[kind] for kind in Wanted if kind is not Wanted.ABSENT):
        return
    if of[Wanted.MEMBER] or of[Wanted.GROUP]:
        await _watch(context, work.group)
    sight = await look_at(context, work.group)
    for intent in of[Wanted.IN_STEP]:
        if sight.members.may_hide(intent.user):
            work.errors.add(HiddenMemberError(work.group))
        else:
            work.results.append((intent, sight.of(intent)))
    newcomers, itself = of[Wanted.MEMBER], of[Wanted.GROUP]
    if newcomers or itself:
        await grant(context, work, shown, sight, newcomers=newcomers, itself=itself)


def _ready(context: Context, work: Work, wanted: Sequence[Intent]) -> Sequence[Intent]:
    """Returns the intents without new members that still wait for more members, so that nothing is
    read for them alone."""
    newcomers = [intent for intent in wanted if intent.wanted is Wanted.MEMBER]
    if not newcomers or len(newcomers) >= MAX_LINKS_PER_PATCH:
        return wanted
    due = newcomers[0].recorded_at + MEMBER_BATCH_WAIT
    if due <= context.now():
        return wanted
    work.due = due
    return [intent for intent in wanted if intent.wanted is not Wanted.MEMBER]


async def _without_group(context: Context, work: Work, wanted: Sequence[Intent]) -> None:
    """Handles a group that Graph does not show. A new group may not show yet; a deleted group has
    no members."""
    await expect_gone(context, work.target.name, work.group, wanted)
    for intent in wanted:
        if intent.wanted is Wanted.ABSENT:
            left = await seen_now(
                context, work, member=False, written=intent.writing, confirmed=True
            )
            work.results.append((intent, left))
        else:
            work.results.append((intent, GROUP_GONE))


async def _watch(context: Context, group: str) -> None:
    """Watches the group before anyone is added, so that the look after the first sweep finds
    members who leave before it."""
    if await cursors.load(context.store, group) is None:
        await start_watching(context, group)


async def _leave(context: Context, work: Work, leavers: Sequence[Intent]) -> None:
    before = {intent.user for intent in leavers if intent.writing}
    for intent in await marked(context.intents, leavers):
        if work.refusals.are_too_many:
            break
        removed: bool | None = None
        with work.refusals.of(intent.user):
            removed = await context.directory.remove_member(work.group, intent.user)
        if removed is None or not await is_still_wanted(context, intent):
            continue
        written = removed or intent.user in before
        left = await seen_now(context, work, member=False, written=written, confirmed=removed)
        work.results.append((intent, left))


def _allowed(
    known: KnownGroups, work: Work, wanted: Sequence[Intent], shown: Json
) -> Mapping[Wanted, Sequence[Intent]]:
    """Checks again which groups events may touch. Since the check at intake the policy may have
    changed, or Hasten may have found the id of a group that it knew by name."""
    of: dict[Wanted, list[Intent]] = {kind: [] for kind in Wanted}
    for intent in wanted:
        refusal = forbidden(known, intent, shown)
        if refusal is None:
            of[intent.wanted].append(intent)
        else:
            work.end([intent], refusal)
    return of
