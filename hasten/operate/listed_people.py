"""Lists the people whose changes are held or failed, those whom Graph refuses to write, and those
whom the policy leaves out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hasten.domain.changes import Action, Change, HeldBy, State
from hasten.domain.intents import Intent, Wanted
from hasten.operate import policy_left_out
from hasten.operate.problems import Problem
from hasten.records.policy_left_out import LeftOut

REFUSED_ACTION = "mend the reason, or write it in Entra ID by hand; Hasten tries again"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldGroup:
    """Changes of one group that wait for an operator for the same reason."""

    group: str
    by: str
    reason: str
    changes: int
    removals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPerson:
    """One held, failed or refused change and its user, or a user whom the policy leaves out."""

    user: str
    group: str
    action: str
    state: str
    reason: str
    next_action: str


def held_rows(rows: Sequence[Change]) -> list[HeldGroup]:
    """Groups the held rows by group. Each look may give another reason; the last one counts all
    users."""
    of_group: dict[tuple[str, str], list[Change]] = {}
    for row in rows:
        if row.state is State.HELD:
            of_group.setdefault((row.group, str(row.held_by)), []).append(row)
    return [
        HeldGroup(
            group=group,
            by=by,
            reason=max(together, key=lambda row: row.found_at).reason,
            changes=len(together),
            removals=sum(1 for row in together if row.is_removal),
        )
        for (group, by), together in sorted(of_group.items())
    ]


def held_intents(intents: Sequence[Intent]) -> list[HeldGroup]:
    """Groups the held revocations that events want. Hasten has written nothing to Entra ID for
    them."""
    of_group: dict[tuple[str, bool], list[Intent]] = {}
    for intent in intents:
        if intent.held:
            of_group.setdefault((intent.group, intent.is_unreadable), []).append(intent)
    return [
        HeldGroup(
            group=group,
            by=HeldBy.UNREADABLE if together[0].is_unreadable else HeldBy.BRAKE,
            reason=max(together, key=lambda intent: intent.recorded_at).held,
            changes=len(together),
            removals=len(together),
        )
        for (group, _), together in sorted(of_group.items())
    ]


def people(
    failed: Sequence[Change],
    rows: Sequence[Change],
    intents: Sequence[Intent],
    left_out: Sequence[LeftOut],
) -> list[ListedPerson]:
    """Lists the failed changes, the held ones among the open `rows` and `intents`, the intents that
    Graph refuses, and the people whom the policy leaves out."""
    return [
        *map(person, failed),
        *(person(row) for row in rows if row.state is State.HELD),
        *(_wanted(intent) for intent in intents if intent.held),
        *(_refused(intent) for intent in intents if intent.refused and not intent.held),
        *map(_left_out, left_out),
    ]


def person(row: Change) -> ListedPerson:
    return ListedPerson(
        user=row.user,
        group=row.group,
        action=row.action,
        state=row.state,
        reason=row.reason,
        next_action=row.next_action,
    )


def _wanted(intent: Intent) -> ListedPerson:
    return ListedPerson(
        user=intent.user,
        group=intent.group,
        action=Action.REMOVED,
        state=State.HELD,
        reason=intent.held,
        next_action="",
    )


def _refused(intent: Intent) -> ListedPerson:
    is_removal = intent.wanted is Wanted.ABSENT
    return ListedPerson(
        user=intent.user,
        group=intent.group,
        action=Action.REMOVED if is_removal else Action.ADDED,
        state="refused",
        reason=intent.refused,
        next_action=REFUSED_ACTION,
    )


def _left_out(one: LeftOut) -> ListedPerson:
    return ListedPerson(
        user=one.user,
        group=one.group,
        action=Action.ADDED,
        state="left_out",
        reason=policy_left_out.LEFT_OUT_REASON,
        next_action=policy_left_out.next_action(one),
    )


def problems(target: str, held: Sequence[HeldGroup]) -> list[Problem]:
    """Returns one problem for each group, whatever the reasons. In observe mode held changes are no
    problem."""
    counted: Counter[str] = Counter()
    for one in held:
        if one.by == HeldBy.BRAKE:
            counted[one.group] += one.changes
    return [
        Problem(
            f"{count} of group {group} are held by the brake",
            f"if they are intended, python -m hasten release {target} --group {group}; else "
            "correct the group, then discard",
        )
        for group, count in counted.items()
    ]


def refused_problems(intents: Sequence[Intent]) -> list[Problem]:
    """Returns one problem for each reason for which Graph refuses to write what events want."""
    counted = Counter(i.refused for i in intents if i.refused and not i.held)
    return [
        Problem(f"{count} people cannot be written to Entra ID: {reason}", REFUSED_ACTION)
        for reason, count in counted.items()
    ]
