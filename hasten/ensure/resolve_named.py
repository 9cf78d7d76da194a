"""Resolves intents whose group is known by name alone: finds or creates the group and moves the
intents to its id."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hasten.context import Context
from hasten.domain.changes import State
from hasten.domain.ensuring import GROUP_GONE, Ending
from hasten.domain.intents import Intent, Recorded, Wanted
from hasten.domain.outcomes import REJECTED, STALE
from hasten.ensure.groups import (
    AmbiguousNameError,
    StrangerError,
    find_group,
    make_group,
    note_found,
)
from hasten.ensure.settle import settle_intents
from hasten.error_collector import ErrorCollector
from hasten.policy import Creation, policy_for
from hasten.targets import Target

MOVED = "moved"
"""Outcome of an intent that Hasten moved to the object id of its group."""

GROUP_MISSING = Ending(
    REJECTED, "the group does not exist", "create it, or give it `create:` in targets.yaml"
)


async def place_named(
    context: Context, target: Target, named: Sequence[Intent], errors: ErrorCollector
) -> list[Intent]:
    """Finds or creates the group of these intents, which share one name, and returns the intents
    that are open under the group's id.

    Raises TemporaryError and PermanentError of Graph.
    """
    name = named[0].group_name
    try:
        group = await find_group(context, target, name)
    except (AmbiguousNameError, StrangerError) as error:
        ending = Ending(REJECTED, error.reason, error.next_action)
        await settle_intents(context, target.name, [(i, ending) for i in named], errors)
        return []
    if group is None:
        named = await _without_group(context, target, named, errors)
        creation = _creation(target, name, named)
        if not named or creation is None:
            await settle_intents(context, target.name, [(i, GROUP_MISSING) for i in named], errors)
            return []
        named = await _marked(context, named)
        if not named:
            return []
        group = await make_group(context, target.name, name, creation)
    else:
        await note_found(context, target.name, name, group)
    return await _move(context, target, group, named, errors)


async def _without_group(
    context: Context, target: Target, named: Sequence[Intent], errors: ErrorCollector
) -> list[Intent]:
    """Ends the intents that do not need the group to exist, and returns the others."""
    nobody = Ending(State.IN_SYNC, "the group does not exist")
    endings = {Wanted.ABSENT: nobody, Wanted.IN_STEP: GROUP_GONE}
    results = [(i, endings[i.wanted]) for i in named if i.wanted in endings]
    await settle_intents(context, target.name, results, errors)
    return [intent for intent in named if intent.wanted not in endings]


async def _marked(context: Context, named: Sequence[Intent]) -> list[Intent]:
    """Marks and returns the intents that no newer event has replaced. The mark on the group's own
    intent later shows that Hasten created the group."""
    return await context.intents.update(
        named, lambda i: replace(i, writing=i.wanted is Wanted.GROUP)
    )


async def _move(
    context: Context, target: Target, group: str, named: Sequence[Intent], errors: ErrorCollector
) -> list[Intent]:
    """Moves the intents to the group's id. If an intent exists there already, the times of the
    events decide between the two. If that one cannot be read, the intent stays where it is."""
    judged = await context.intents.record([replace(intent, group=group) for intent in named])
    stale = Ending(STALE, "a newer event of the person and the group came first")
    overtaken = [
        old for old, (_, what) in zip(named, judged, strict=True) if what is Recorded.STALE
    ]
    await settle_intents(context, target.name, [(old, stale) for old in overtaken], errors)
    moved = [
        old
        for old, (_, what) in zip(named, judged, strict=True)
        if what not in {Recorded.STALE, Recorded.UNREADABLE}
    ]
    await context.intents.finish(moved, MOVED)
    return [new for new, what in judged if what in {Recorded.NEW, Recorded.REPLACED}]


def _creation(target: Target, name: str, named: Sequence[Intent]) -> Creation | None:
    """Returns how to create the group. The policy that names it decides first, then the newest
    event that describes it, then a policy with wildcards. None if nothing asks for the group."""
    policy = policy_for(target.groups, group="", name=name)
    by_policy = policy.create if policy else None
    if by_policy is not None and policy is not None and not policy.is_pattern:
        return by_policy
    asking = [intent for intent in named if intent.wanted is Wanted.GROUP or _described(intent)]
    newest = max(asking, key=lambda i: (bool(_described(i)), i.time), default=None)
    if newest is None or (by_policy is not None and not _described(newest)):
        return by_policy
    described = _described(newest)
    if by_policy is None:  # only a policy with `create:` lets events set owners and rule
        described = {key: said for key, said in described.items() if key == "description"}
    return Creation.model_validate(described)


def _described(intent: Intent) -> Mapping[str, Any]:
    """Returns how the event describes the group. The role is not part of it: it belongs to the
    assignment."""
    return {key: said for key, said in intent.spec.items() if key in Creation.model_fields and said}
