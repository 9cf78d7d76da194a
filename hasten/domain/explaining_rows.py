"""Explains one row of the ledger in sentences: what happened, and what comes next."""

from hasten.domain.asked import is_asked_by_operator
from hasten.domain.changes import DIRECT, Action, Change, FoundBy, HeldBy, State
from hasten.domain.person_facts import Facts, group_name, release_command, utc
from hasten.domain.proof import LOG_SHOWS_INACTIVE, LOG_SHOWS_SKIP

FOUND_BY_TEXTS = {
    FoundBy.NOTIFICATION: "a notification of Graph",
    FoundBy.RECONCILE: "the timer that reconciles",
    FoundBy.ASSIGNMENT: "the timer that compares assignments",
    FoundBy.COMPARISON: "the timer that compares the people of the target",
    FoundBy.SUBSCRIPTION: "a look after subscribing",
    FoundBy.LIFECYCLE: "a look after a lifecycle notification of Graph",
    FoundBy.EVENT: "an onboarding event",
    FoundBy.UNKNOWN: "",
}

PERSON_EVENTS = {
    Action.DISABLED: "Their account in Entra ID was disabled",
    Action.DELETED: "Their account in Entra ID was deleted",
    Action.ENABLED: "Their account in Entra ID was enabled again",
    Action.RESTORED: "Their account in Entra ID was restored",
    Action.UPDATED: "An attribute that the provisioning job maps was changed",
}

DONE_TEXTS = {
    State.CONFIRMED: "Entra ID answered the call with success, and its log confirms it",
    State.DONE_BY_CYCLE: "Entra's own cycle has done it",
}


def what_happened(facts: Facts, row: Change) -> str:
    """Returns the change itself, when Hasten noticed it and by what."""
    if is_asked_by_operator(row):
        return f"{_read(facts, row)}, as Hasten knew at {utc(row.noticed_at)} for an operator."
    if row.is_of_person:
        what = PERSON_EVENTS[row.action]
    elif row.group == DIRECT and row.is_removal and row.found_by is FoundBy.EVENT:
        what = _read(facts, row)  # they may have had none before the event
    elif row.group == DIRECT:
        what = "Their direct assignment was " + ("removed" if row.is_removal else "made")
    else:
        what = f"They {'left' if row.is_removal else 'joined'} {group_name(facts, row.group)}"
    by = FOUND_BY_TEXTS[row.found_by]
    return f"{what}, as Hasten noticed at {utc(row.noticed_at)}{f' by {by}' if by else ''}."


def _read(facts: Facts, row: Change) -> str:
    """Returns what the directory showed when an operator asked, which is no change of it."""
    article = "no" if row.is_removal else "a"
    if row.group == DIRECT:
        return f"They have {article} direct assignment"
    return f"They are {article} member of {group_name(facts, row.group)}"


def what_is_now(facts: Facts, row: Change) -> str:
    """Returns the state of the row, its reason and what comes next."""
    match row.state:
        case State.PENDING:
            because = f" ({row.reason})" if row.reason else ""
            return f"It waits for its turn{because}: its call is made as soon as the pace allows."
        case State.CALLING:
            return f"Entra was called at {utc(row.called_at)} and has not answered yet."
        case State.WAITING:
            return f"It waits until {utc(row.due_at)}: {_why(row)}"
        case State.HELD:
            return _held(facts, row)
        case State.SUCCEEDED:
            return f"{_called(row)} with success; {_proof(row)}."
        case State.CONFIRMED:
            if row.reason:  # the app, and Entra may never have been called
                return f"It is done, and proven: {row.reason}."
            return f"{_called(row)} with success, and the provisioning log confirms it."
        case State.IN_SYNC:
            return f"{_called(row)} {_nothing_to_do(row)}."
        case State.DONE_BY_CYCLE:
            needed = "" if row.called_at else ", no call was needed"
            return f"Entra's own cycle has done it{needed}."
        case State.LEFT_TO_CYCLE:
            return _left(facts, row)
        case State.FAILED:
            return f"It failed at {utc(row.finished_at)}: {_why(row)}"
    raise ValueError(f"no row is ever {row.state}")


def _held(facts: Facts, row: Change) -> str:
    command = release_command(row.target, row.group, row.user)
    if row.held_by is HeldBy.OBSERVE and facts.observes:
        return "It is held, as the target is in observe mode: set `mode: act`, then release it."
    if row.is_unreadable:
        return f"Nothing is called for it: {_why(row)}"
    if row.held_by is HeldBy.OBSERVE:
        return f"It is held since the target was in observe mode. To have it called: {command}"
    return f"It is held by the {row.held_by}: {row.reason}. To have it called: {command}"


def _left(facts: Facts, row: Change) -> str:
    """A row that needs no proof any more has its own next action."""
    if facts.cycle.stops and row.needs_proof:
        return f"It was left to Entra's own cycle, which does nothing now: {row.reason}."
    return f"It was left to Entra's own cycle: {_why(row)} {_expected(facts, row)}"


def _expected(facts: Facts, row: Change) -> str:
    if row.expected_at is None and facts.cycle.covers(row):
        return "A cycle that began after the change has ended."
    if row.expected_at is None:
        next_cycle = facts.cycle.done_by(facts.now)
        return (
            f"The next cycle should be over by {utc(next_cycle)}."
            if next_cycle
            else "Graph does not say when the next cycle comes."
        )
    if row.expected_at > facts.now:
        return f"It is expected by {utc(row.expected_at)}."
    watched = ": Hasten calls for it if it stays overdue" if row.needs_proof else ""
    return f"It was expected by {utc(row.expected_at)}{watched}."


def _called(row: Change) -> str:
    return f"Entra was called at {utc(row.called_at)} and answered"


def _nothing_to_do(row: Change) -> str:
    if not row.is_removal:
        return "that the app has it already"
    return f"that there was no access to take: {row.reason or 'the account is inactive or absent'}"


def _proof(row: Change) -> str:
    if row.reason.startswith((LOG_SHOWS_SKIP, LOG_SHOWS_INACTIVE)):
        return row.reason
    if row.needs_proof:
        return "the provisioning log has not confirmed it yet"
    return "within a day Hasten could read no entry of the provisioning log about it"


def _why(row: Change) -> str:
    reason = f"{row.reason or 'no reason was given'}."
    return f"{reason} What to do: {row.next_action}." if row.next_action else reason


def how_done(row: Change) -> str:
    """Says by what it is known that the row has ended well."""
    if row.state is State.SUCCEEDED:
        return f"Entra ID answered the call with success; {_proof(row)}"
    if row.state is State.CONFIRMED and row.reason:  # the app, and Entra may not have been called
        return row.reason
    if row.state is State.IN_SYNC:
        return f"Entra ID answered {_nothing_to_do(row)}"
    return DONE_TEXTS[row.state]
