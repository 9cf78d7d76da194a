"""Gathers what a page shows of one person: an answer and the lanes of each target."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hasten.context import Context
from hasten.domain.answering import AccessAnswer, answer
from hasten.domain.explaining import explain
from hasten.domain.history import Entry, Filter
from hasten.domain.person_facts import Facts
from hasten.errors import PermanentError, TemporaryError
from hasten.operate.explain import gather
from hasten.operate.lanes import Lane, of_entry, of_row
from hasten.operate.names import readable_names
from hasten.operate.problems import Problem, of_error
from hasten.operate.scheduled import Scheduled, scheduled
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from hasten.records.open_rows import open_rows
from hasten.side_by_side import side_by_side
from hasten.targets import Target

ENTRIES_READ = 100
MAX_LANES = 12
TARGETS_AT_ONCE = 8
MAX_GROUPS_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class InTarget:
    """Holds what is known of the person in one target. `problem` says why the rest is missing."""

    target: str
    answer: AccessAnswer | None = None
    sentences: Sequence[str] = ()
    lanes: Sequence[Lane] = ()
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonOverview:
    """`elsewhere` are the targets to which the person is not assigned and in which nothing was ever
    seen of them. `ahead` are the starts and ends of events that lie ahead, and `ahead_problem` says
    why some of them may be missing."""

    user: str
    targets: Sequence[InTarget]
    elsewhere: Sequence[str]
    history: Sequence[Entry]
    ahead: Sequence[Scheduled]
    ahead_problem: Problem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """Holds what one request has read about the person. `asked` are targets to show in any case."""

    user: str
    found: Mapping[str, DiscoveredTarget]
    assigned: Mapping[str, Sequence[str]] | None
    entries: Sequence[Entry]
    asked: Collection[str]

    def is_assigned(self, target: str) -> bool:
        """Returns True also if Graph did not say."""
        if self.assigned is None:
            return True
        known = self.found.get(target)
        return known is not None and known.service_principal in self.assigned


async def person_overview(
    context: Context, user: str, *, asked: Collection[str] = ()
) -> PersonOverview:
    """`user` is an object id, and `asked` are targets to show in any case. An error of Graph hides
    nothing that the store knows. Raises TemporaryError of the store."""
    page = await context.history.newest(ENTRIES_READ, matches=Filter(user=user))
    search = _Search(
        user=user,
        found={one.target: one for one in await discovered.load_all(context.store)},
        assigned=await _assigned(context, user),
        entries=page.entries,
        asked=asked if asked or len(context.targets) > 1 else context.targets.keys(),
    )

    async def show(name: str) -> InTarget:
        return await _in_target(context, context.targets[name], search)

    shown = await _targets_to_show(context, search)
    targets = await side_by_side(show, shown, TARGETS_AT_ONCE)
    names, problem = await readable_names(context, user)
    return PersonOverview(
        user=user,
        targets=targets,
        elsewhere=sorted(name for name in context.targets if name not in shown),
        history=page.entries,
        ahead=await scheduled(context, targets=context.targets.keys(), users=names),
        ahead_problem=problem,
    )


async def _targets_to_show(context: Context, search: _Search) -> Sequence[str]:
    """Returns the targets in which the person is or was, and those that are asked for. What has
    ended is in the history; anything open is looked for in each target."""
    known = {entry.target for entry in search.entries} | {*search.asked}
    known |= {name for name in context.targets if search.is_assigned(name)}
    others = [name for name in context.targets if name not in known]
    seen = await asyncio.gather(*(_is_seen(context, name, search.user) for name in others))
    known |= {name for name, is_seen in zip(others, seen, strict=True) if is_seen}
    return [name for name in context.targets if name in known]


async def _is_seen(context: Context, target: str, user: str) -> bool:
    """Returns whether anything about the person is open."""
    rows, intents = await asyncio.gather(
        open_rows(context.store, target), context.intents.open_intents(target)
    )
    return any(row.user == user for row in rows) or any(one.user == user for one in intents)


async def _assigned(context: Context, user: str) -> Mapping[str, Sequence[str]] | None:
    """Returns through what the person is assigned, by service principal; None if Graph does not
    say."""
    try:
        return await context.directory.assigned_to(user) or {}
    except (PermanentError, TemporaryError):
        return None


async def _in_target(context: Context, target: Target, search: _Search) -> InTarget:
    old = [entry for entry in search.entries if entry.target == target.name]
    try:
        facts = await gather(context, target, search.user, search.entries)
    except (PermanentError, TemporaryError) as error:
        return InTarget(target=target.name, lanes=_lanes([], old), problem=of_error(error))
    known = search.found.get(target.name)
    groups = await _names(context, known, facts)
    return InTarget(
        target=target.name,
        answer=answer(facts, groups),
        sentences=explain(facts),
        lanes=_lanes([of_row(row) for row in facts.rows], old),
        problem=Problem(facts.unread, facts.unread_action) if facts.unread else None,
    )


def _lanes(now: Sequence[Lane], entries: Sequence[Entry]) -> list[Lane]:
    """Returns the lanes of the rows and of the history, the newest first. A row keeps only its last
    outcome, and the history has the steps before it."""
    found = {lane.key: lane for lane in now}
    for entry in entries:
        lane = of_entry(entry)
        if lane is not None:
            known = found.get(lane.key)
            found[lane.key] = known.with_steps(lane.steps) if known else lane
    lanes = sorted(found.values(), key=lambda lane: lane.began, reverse=True)
    return lanes[:MAX_LANES]


async def _names(
    context: Context, found: DiscoveredTarget | None, facts: Facts
) -> Mapping[str, str]:
    """Returns the names of some groups of the target for somebody who is in none of them."""
    if found is None or facts.is_assigned or facts.unread:
        return {}
    names: dict[str, str] = {}
    for group in list(found.groups)[:MAX_GROUPS_NAMED]:
        try:
            shown = await context.directory.group(group)
        except (PermanentError, TemporaryError):
            return names
        if shown:
            names[group] = str(shown.get("displayName") or group)
    return names
