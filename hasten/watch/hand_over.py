"""Hands what targets that left targets.yaml have stored over to the targets that serve the same
jobs now. A target is renamed that way, and so the second of two targets for one app takes over."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.error_collector import ErrorCollector
from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.records import discovered, stops
from hasten.records.discovered import DiscoveredTarget
from hasten.twins import serving
from hasten.watch.another_app import let_go_on
from hasten.watch.elsewhere import catch_up
from hasten.watch.move_records import copy_knowledge, move_records
from hasten.watch.sweep_events import tell_left_open

LEFT_LATELY = timedelta(hours=1)
"""Time for which the next target of the job uses what a target saw before it left: the first sweeps
under the new name may fail. For as long, a process of the deployment before may still write rows
under the old name. After it Entra's cycle has served what happened since."""

JUST_BEFORE = timedelta(microseconds=1)
"""Puts a target whose first sweep has only begun after the one that it takes the place of."""

TOLD_FOR = timedelta(days=1)
"""Time after which an operator has been told often enough what such a target has left open."""


async def taken_over(context: Context, found: DiscoveredTarget) -> DiscoveredTarget | None:
    """Returns what the last sweep saw of the target that served the job of `found` and has just
    left targets.yaml, under the name of `found`; None if there is none. So the first sweep after a
    rename finds what happened since, and so does that of a target that was taken out and put back.
    `found` gets what Hasten knew, and what looks have found for other targets since. If another
    sweep has found it meanwhile, that one counts. Raises TemporaryError, PermanentError and
    Conflict."""
    others = context.targets.keys() - {found.target}
    there = [one for one in await discovered.load_all(context.store) if one.target not in others]
    there.sort(key=lambda one: one.target != found.target)
    left = sorted(await discovered.load_left(context.store), key=lambda one: one[1], reverse=True)
    now, left_at = context.now(), {one.target: at for one, at in left}
    there += [one for one, at in left if now - at < LEFT_LATELY]
    for one in there:
        if one.route == found.route:
            if one.target != found.target:
                at = left_at.get(one.target, now)
                await _note_begun(context, found.target, one, at, left_at)
                await copy_knowledge(context, one.target, found.target)
                await catch_up(context, found, one, at)
            return replace(one, target=found.target)
    return None


async def _note_begun(
    context: Context,
    target: str,
    before: DiscoveredTarget,
    at: datetime,
    left_at: Mapping[str, datetime],
) -> None:
    """Notes that a sweep writes under the name `target` from now on, which takes the place of
    `before`. If it gets another name before a sweep has succeeded, nothing else says that rows are
    there. `before`, which left at `at`, still counts as the one that left last."""
    if target not in left_at:
        begun = replace(before, target=target)
        await discovered.save_left(context.store, begun, at - JUST_BEFORE)


async def note_left(context: Context, left: Collection[str]) -> None:
    """Notes that the targets in `left` have left targets.yaml. Raises the worst error after all
    were tried."""
    errors = ErrorCollector()
    known = {one.target: one for one in await discovered.load_all(context.store)} if left else {}
    for target in sorted(left):
        with errors.collect_any():
            await let_go_on(context, target)
            if target in known:
                await discovered.save_left(context.store, known[target], context.now())
    errors.raise_worst()


async def give_up_names(context: Context, refused: Mapping[str, datetime]) -> None:
    """Treats the targets in `refused` as if they had left targets.yaml, if another target serves
    their app: their names were given to other apps, at the given time. The one that serves gets
    what the last sweep saw of the app, so that the next one finds what happened since."""
    if not refused:
        return
    there = {one.target: one for one in await discovered.load_all(context.store)}
    serves = serving(context, [one for one in there.values() if one.target not in refused])
    for one in there.values():
        heir = serves.get(one.route)
        if heir is None or one.target not in refused:
            continue
        if context.now() - refused[one.target] < LEFT_LATELY:
            await copy_knowledge(context, one.target, heir)
            await discovered.save(context.store, replace(one, target=heir), over=there[heir])
        await discovered.leave(context.store, one.target, context.now())


async def hand_over(context: Context, began: datetime, *, heir: str | None = None) -> None:
    """Forgets the targets that left, and publishes the outcomes that they have not. What Hasten
    must do or must not forget for them moves to the target that serves their job, as soon as a
    sweep has found one, also what comes late. Until then it stays, and the target may come back.
    With `heir`, does that for one target that a sweep has just found: it waits for no other. Until
    then the notifications about the groups of those that left count. `began` is when the sweep
    began: what left later, has not come back to it. One that has come back gets what looks have
    found for other targets since. An operator is told of what stays open because no target serves
    the job.

    Raises the worst error after all targets were tried.
    """
    errors = ErrorCollector()
    if waiting := await discovered.load_left(context.store):
        there = await discovered.load_all(context.store)
        known = {one.target: one for one in there if one.target in context.targets}
        serves = serving(context, there)
        for found, at in waiting:
            if heir is not None and serves.get(found.route) != heir:
                continue
            with errors.collect_any():
                if found.target not in context.targets:
                    await discovered.leave(context.store, found.target, context.now())
                await context.outbox.flush(found.target)
            with errors.collect_any():
                is_back = found.target in known
                if is_back and at > began:
                    continue  # a newer deployment has noted it since
                if is_back and context.now() - at < LEFT_LATELY:
                    await catch_up(context, known[found.target], found, at)
                served_by = serves.get(found.route)
                await _hand_over(context, found.target, served_by, at, is_back)
                if not (is_back or served_by) and LEFT_LATELY <= context.now() - at < TOLD_FOR:
                    await tell_left_open(context, found.target)
    errors.raise_worst()


async def _is_awaited(context: Context, target: str) -> bool:
    """Returns whether an event that names the target takes effect later. If another app had the
    name then, it would give or take access there."""
    ahead = await context.agenda.ahead(ONBOARDING_EVENTS)
    return any(entry.about.get("target") == target for entry in ahead)


async def _hand_over(
    context: Context,
    target: str,
    heir: str | None,
    left_at: datetime,
    is_back: bool,  # noqa: FBT001 - private
) -> None:
    """Keeps what is known of the target for as long as rows may come, or another app may have its
    name. So long a process of the deployment before may still heed a decision about that name."""
    if is_back:
        await let_go_on(context, target)
        await discovered.forget_left(context.store, target, left_at)
    elif heir is not None:
        are_all_moved = await move_records(context, target, context.targets[heir])
        is_free = target not in context.targets and context.now() - left_at >= LEFT_LATELY
        if are_all_moved and is_free and not await _is_awaited(context, target):
            await context.outbox.flush(target)
            await stops.forget(context.store, target, left_at)
            await discovered.forget_left(context.store, target, left_at)
