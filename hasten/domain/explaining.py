"""Explains in sentences what Hasten knows about one user in one target. Takes facts and returns
sentences; does no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hasten.domain.changes import DIRECT, Action, Change, FoundBy, HeldBy, State
from hasten.domain.cycle import Cycle
from hasten.domain.intents import Intent, Wanted

FOUND_BY = {
    FoundBy.NOTIFICATION: "a notification of Graph",
    FoundBy.RECONCILE: "the timer that reconciles",
    FoundBy.ASSIGNMENT: "the timer that compares assignments",
    FoundBy.COMPARISON: "the timer that compares the people of the target",
    FoundBy.SUBSCRIPTION: "a look after subscribing",
    FoundBy.LIFECYCLE: "a look after a lifecycle notification of Graph",
    FoundBy.EVENT: "an onboarding event",
    FoundBy.UNKNOWN: "",
}

ENDED = {"recorded": "Entra ID has this state, and Hasten recorded the change for a call"}
"""Sentence for an intent's outcome; other outcomes use the names of results."""

PERSON_EVENTS = {
    Action.DISABLED: "Their account in Entra ID was disabled",
    Action.DELETED: "Their account in Entra ID was deleted",
    Action.ENABLED: "Their account in Entra ID was enabled again",
    Action.RESTORED: "Their account in Entra ID was restored",
    Action.UPDATED: "An attribute that the provisioning job maps was changed",
}

WANTS = {
    Wanted.MEMBER: "a member of",
    Wanted.ABSENT: "no member of",
    Wanted.IN_STEP: "provisioned as a member of",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """The user is in `inner`, which is a member of the watched group `group`."""

    group: str
    inner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts that Hasten read about the user. `enabled` is None if Graph does not say. `through`
    are the assigned groups that have the user as a direct member. `names` are the known display
    names of groups."""

    target: str
    now: datetime
    unread: str = ""
    """Why Graph could not be read; everything that only Graph knows is then unknown."""

    unread_action: str = ""
    exists: bool = True
    restorable: bool = False
    enabled: bool | None = True
    observes: bool = False
    stopped: str = ""
    direct: bool = False
    through: Sequence[str] = ()
    nested: Sequence[Nested] = ()
    rows: Sequence[Change] = ()
    intents: Sequence[Intent] = ()
    cycle: Cycle = field(default_factory=Cycle)
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Groups that mirror admin groups of the user, whom an event offboarded: the names of those
    admin groups, by mirroring group."""

    deleted: Mapping[str, str] = field(default_factory=dict)
    """ISO time at which each assigned group was found deleted, while no cycle has followed."""

    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_assigned(self) -> bool:
        return self.direct or bool(self.through)


def explain(facts: Facts) -> list[str]:
    """Returns the sentences in the order in which an operator would ask: who, assigned how, what
    happened, what next."""
    intents = sorted(facts.intents, key=lambda intent: intent.time)
    rows = sorted(facts.rows, key=lambda row: row.found_at)
    sentences = [
        _who(facts),
        *_assigned(facts),
        *_nested(facts),
        *_left_out(facts),
        *(_wanted(facts, intent) for intent in intents),
        *(f"{_happened(facts, row)} {_now(facts, row)}" for row in rows),
    ]
    if not rows:
        sentences.append(_nothing_seen(facts))
    sentences += _deleted(facts)
    if facts.cycle.problem:
        sentences.append(f"Note: {facts.cycle.problem}. What to do: {facts.cycle.next_action}.")
    if facts.stopped:
        sentences.append(f"Note: Hasten calls and writes nothing: {facts.stopped}.")
    if facts.observes:
        sentences.append(f"Note: {facts.target} is in observe mode: Hasten calls nothing for it.")
    return sentences


def _who(facts: Facts) -> str:
    if facts.unread:
        return "Graph could not be read, so this is what Hasten knows by itself."
    if facts.restorable:
        return (
            "The user is deleted in Entra ID, and can be restored for 30 days: only Entra's own "
            "cycle can disable an account that they still have in the app."
        )
    if not facts.exists:
        return (
            "There is no such user in Entra ID (any more): only Entra's own cycle can disable an "
            "account that they still have in the app."
        )
    if facts.enabled is None:
        return "The user exists in Entra ID; Graph does not say whether they are enabled."
    if not facts.enabled:
        return (
            "The user is disabled in Entra ID, where provisioning on demand cannot act: Entra's "
            "own cycle disables the account."
        )
    return "The user exists in Entra ID and is enabled."


def _assigned(facts: Facts) -> list[str]:
    if not facts.exists or facts.unread:
        return []
    ways = [_group(facts, group) for group in facts.through]
    if facts.direct:
        ways.insert(0, "directly")
    if not ways:
        return [f"They are not assigned to {facts.target}."]
    how = " and ".join(f"through {way}" if way != "directly" else way for way in ways)
    return [f"They are assigned to {facts.target} {how}."]


def _nested(facts: Facts) -> list[str]:
    return [
        f"They are in {_group(facts, nested.inner)}, which is nested in the assigned group "
        f"{_group(facts, nested.group)}: Entra does not provision members of nested groups. "
        "To give them access, add them to the assigned group itself."
        for nested in facts.nested
        if nested.group not in facts.through
    ]


def _left_out(facts: Facts) -> list[str]:
    return [
        f"They are in {' and '.join(sources)}, whose members become members of "
        f"{_group(facts, group)}, but an event offboarded them: the policy does not add them back. "
        "Take them out of it as well, or post an onboarding event."
        for group, sources in facts.left_out.items()
    ]


def _deleted(facts: Facts) -> list[str]:
    """Names the deleted groups of which the user was a member, as far as Hasten has seen."""
    over = facts.cycle.done_by(facts.now)
    when = f", which should be over by {_at(over)}" if over else ""
    return [
        f"Note: group {row.group} was deleted by {_at(datetime.fromisoformat(at))}: what it "
        f"granted stays until Entra's next cycle{when}."
        for row in facts.rows
        if not row.is_removal and (at := facts.deleted.get(row.group))
    ]


def _wanted(facts: Facts, intent: Intent) -> str:
    event = (
        f"Event {intent.cause.id} of {intent.cause.source} ({_at(intent.time)}) wants them "
        f"{_place(facts, intent)}"
    )
    if intent.is_done:
        return f"{event}: {ENDED.get(intent.outcome, intent.outcome)}."
    if intent.held:
        command = _release(intent.target, intent.group, intent.user)
        return f"{event}. It is held by the brake: {intent.held}. To have it done: {command}"
    return f"{event}: Hasten has still to bring it about."


def _place(facts: Facts, intent: Intent) -> str:
    if intent.group == DIRECT:
        assigned = "not assigned" if intent.wanted is Wanted.ABSENT else "assigned"
        return f"{assigned} directly"
    group = intent.group_name or _group(facts, intent.group)
    return f"{WANTS.get(intent.wanted, 'in')} {group}"


def _happened(facts: Facts, row: Change) -> str:
    if row.is_of_person:
        what = PERSON_EVENTS[row.action]
    elif row.group == DIRECT:
        what = "Their direct assignment was " + ("removed" if row.is_removal else "made")
    else:
        what = f"They {'left' if row.is_removal else 'joined'} {_group(facts, row.group)}"
    by = FOUND_BY[row.found_by]
    return f"{what}, as Hasten noticed at {_at(row.noticed_at)}{f' by {by}' if by else ''}."


def _now(facts: Facts, row: Change) -> str:
    match row.state:
        case State.PENDING:
            because = f" ({row.reason})" if row.reason else ""
            return f"It waits for its turn{because}: its call is made as soon as the pace allows."
        case State.CALLING:
            return f"Entra was called at {_at(row.called_at)} and has not answered yet."
        case State.WAITING:
            return f"It waits until {_at(row.due_at)}: {_why(row)}"
        case State.HELD:
            return _held(facts, row)
        case State.SUCCEEDED:
            return f"{_called(row)} with success; {_proof(row)}."
        case State.CONFIRMED:
            return f"{_called(row)} with success, and the provisioning log confirms it."
        case State.IN_SYNC:
            return f"{_called(row)} that the app has it already."
        case State.DONE_BY_CYCLE:
            return "Entra's own cycle has done it, no call was needed."
        case State.LEFT_TO_CYCLE:
            return f"It was left to Entra's own cycle: {_why(row)} {_expected(facts, row)}"
        case State.FAILED:
            return f"It failed at {_at(row.finished_at)}: {_why(row)}"
    raise ValueError(f"no row is ever {row.state}")


def _held(facts: Facts, row: Change) -> str:
    command = _release(row.target, row.group, row.user)
    if row.held_by is HeldBy.OBSERVE and facts.observes:
        return "It is held, as the target is in observe mode: set `mode: act`, then release it."
    return f"It is held by the {row.held_by}: {row.reason}. To have it called: {command}"


def _release(target: str, group: str, user: str) -> str:
    return f"python -m hasten release {target} --group {group} --user {user}"


def _expected(facts: Facts, row: Change) -> str:
    if row.expected_at is None:
        next_cycle = facts.cycle.done_by(facts.now)
        return (
            f"The next cycle should be over by {_at(next_cycle)}."
            if next_cycle
            else "When the next cycle comes, Graph does not say."
        )
    if row.expected_at > facts.now:
        return f"It is expected by {_at(row.expected_at)}."
    return f"It was expected by {_at(row.expected_at)}: Hasten calls it when it stays away."


def _called(row: Change) -> str:
    return f"Entra was called at {_at(row.called_at)} and answered"


def _proof(row: Change) -> str:
    if row.needs_proof:
        return "the provisioning log has still to confirm it"
    return "the provisioning log said nothing of it within a day"


def _why(row: Change) -> str:
    reason = f"{row.reason or 'no reason was given'}."
    return f"{reason} What to do: {row.next_action}." if row.next_action else reason


def _nothing_seen(facts: Facts) -> str:
    if not facts.is_assigned:
        return "Hasten has seen no change of theirs."
    next_cycle = facts.cycle.done_by(facts.now)
    when = f", the next of which should be over by {_at(next_cycle)}" if next_cycle else ""
    return (
        "Hasten has seen no change of theirs: they were assigned before it watched, which is the "
        f"work of Entra's own cycles{when}."
    )


def _group(facts: Facts, group: str) -> str:
    name = facts.names.get(group)
    return f"{name} ({group})" if name else group


def _at(time: datetime | None) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if time else "an unknown time"
