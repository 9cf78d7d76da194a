"""Explains in sentences what Hasten knows about one user in one target. Takes facts and returns
sentences; does no I/O."""

from datetime import datetime

from hasten.domain.changes import DIRECT
from hasten.domain.explaining_rows import what_happened, what_is_now
from hasten.domain.intents import Intent, Wanted
from hasten.domain.person_facts import Facts, group_name, release_command, utc

ENDED_TEXTS = {
    "recorded": "Entra ID has this state, and Hasten recorded the change for a call",
    "recorded_as_held": "Entra ID has this state, and the brake held the change then",
    "observed": "the target was in observe mode, and Hasten did nothing for it",
    "rejected": "Hasten did not carry it out, and told its sender why",
}
"""Sentence for an intent's outcome; other outcomes use the names of results."""

ONLY_THE_CYCLE = (
    "On-demand provisioning cannot act on such a user: Entra's own cycle disables the account in "
    "the app, and so does Hasten where targets.yaml sets `scim`."
)

WANTED_TEXTS = {
    Wanted.MEMBER: "a member of",
    Wanted.ABSENT: "no member of",
    Wanted.IN_STEP: "provisioned as a member of",
}


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
        *(f"{what_happened(facts, row)} {what_is_now(facts, row)}" for row in rows),
    ]
    if not rows:
        sentences.append(_nothing_seen(facts))
    sentences += _deleted(facts)
    if facts.cycle.stops:
        problem, next_action = facts.cycle.stops
        sentences.append(f"Note: {problem}. What to do: {next_action}.")
    if facts.stopped:
        sentences.append(f"Note: Hasten calls and writes nothing: {facts.stopped}.")
    if facts.observes:
        sentences.append(f"Note: {facts.target} is in observe mode: Hasten calls nothing for it.")
    return sentences


def _who(facts: Facts) -> str:
    if facts.unread:
        return "Graph could not be read, so this is what Hasten knows by itself."
    if facts.restorable:
        return f"The user is deleted in Entra ID, and can be restored for 30 days. {ONLY_THE_CYCLE}"
    if not facts.exists:
        return f"There is no such user in Entra ID (any more). {ONLY_THE_CYCLE}"
    if facts.enabled is None:
        return "The user exists in Entra ID; Graph does not say whether they are enabled."
    if not facts.enabled:
        return f"The user is disabled in Entra ID. {ONLY_THE_CYCLE}"
    return "The user exists in Entra ID and is enabled."


def _assigned(facts: Facts) -> list[str]:
    if not facts.exists or facts.unread:
        return []
    ways = [group_name(facts, group) for group in facts.through]
    if facts.direct:
        ways.insert(0, "directly")
    if not ways:
        return [f"They are not assigned to {facts.target}."]
    how = " and ".join(f"through {way}" if way != "directly" else way for way in ways)
    return [f"They are assigned to {facts.target} {how}."]


def _nested(facts: Facts) -> list[str]:
    return [
        f"They are in {group_name(facts, nested.inner)}, which is nested in the assigned group "
        f"{group_name(facts, nested.group)}: Entra does not provision members of nested groups. "
        "To give them access, add them to the assigned group itself."
        for nested in facts.nested
        if nested.group not in facts.through
    ]


def _left_out(facts: Facts) -> list[str]:
    return [
        f"They are in {' and '.join(sources)}, whose members become members of "
        f"{group_name(facts, group)}, but an event offboarded them: the policy does not add them "
        "back. Remove them from it as well, or post an onboarding event."
        for group, sources in facts.left_out.items()
    ]


def _deleted(facts: Facts) -> list[str]:
    """Names the deleted groups of which the user was a member, as far as Hasten has seen."""
    over = facts.cycle.done_by(facts.now)
    when = f", which should be over by {utc(over)}" if over else ""
    return [
        f"Note: group {row.group} was deleted by {utc(datetime.fromisoformat(at))}: what it "
        f"granted stays until Entra's next cycle{when}."
        for row in facts.rows
        if not row.is_removal and (at := facts.deleted.get(row.group))
    ]


def _wanted(facts: Facts, intent: Intent) -> str:
    event = (
        f"Event {intent.cause.id} of {intent.cause.source} ({utc(intent.time)}) wants them "
        f"{_place(facts, intent)}"
    )
    if intent.is_done:
        return f"{event}: {ENDED_TEXTS.get(intent.outcome, intent.outcome)}."
    if intent.is_unreadable:
        return f"{event}. Nothing is done for it: {intent.held}. `doctor` names the row."
    if intent.held:
        command = release_command(intent.target, intent.group, intent.user)
        return f"{event}. It is held by the brake: {intent.held}. To have it done: {command}"
    if intent.refused:
        return f"{event}. Hasten has not carried it out, and tries again: {intent.refused}."
    return f"{event}: Hasten has not carried it out yet."


def _place(facts: Facts, intent: Intent) -> str:
    if intent.group == DIRECT:
        assigned = "not assigned" if intent.wanted is Wanted.ABSENT else "assigned"
        return f"{assigned} directly"
    group = intent.group_name or group_name(facts, intent.group)
    return f"{WANTED_TEXTS.get(intent.wanted, 'in')} {group}"


def _nothing_seen(facts: Facts) -> str:
    if not facts.is_assigned and facts.last_assigned:
        return "They were assigned until lately, and Hasten has not seen them leave yet."
    if not facts.is_assigned:
        return "Hasten has seen no change of theirs."
    next_cycle = facts.cycle.done_by(facts.now)
    when = f", the next of which should be over by {utc(next_cycle)}" if next_cycle else ""
    return (
        "Hasten has seen no change of theirs: they were assigned before it watched, which is the "
        f"work of Entra's own cycles{when}."
    )
