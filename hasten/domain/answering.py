"""Answers in three sentences whether a person has access to a target: what is so, why, and what to
do. `explaining` tells the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Change, HeldBy, State
from hasten.domain.explaining_rows import how_done
from hasten.domain.intents import Wanted
from hasten.domain.person_facts import Facts
from hasten.domain.removal_settlement import CHECK_ACCOUNT_IN_APP
from hasten.domain.seen_access import has_given_since, may_have_access, was_taken


class Access(StrEnum):
    YES = "yes"
    """The answer is limited to what Hasten has seen; only the app itself is proof."""

    COMING = "coming"
    NO = "no"
    GOING = "going"
    """Access that must be taken and may still be there."""

    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessAnswer:
    """`why` and `next_action` are texts without a stop; `next_action` is empty if there is nothing
    to do."""

    access: Access
    headline: str
    why: str
    next_action: str = ""


DONE_STATES = frozenset({State.SUCCEEDED, State.CONFIRMED, State.IN_SYNC, State.DONE_BY_CYCLE})
NOT_SEEN_LEAVING = "Hasten has given the access, and has not seen them leave yet"
NOT_NOTICED_LEAVING = "they were assigned until lately, and Hasten has not seen them leave yet"
NO_REVOCATION_SEEN = "Hasten has seen no revocation in the app since"
DONE_NOTHING = "if they cannot sign in all the same, ask the owner of the app"


def answer(facts: Facts, assigned_groups: Mapping[str, str]) -> AccessAnswer:
    """`assigned_groups` are the names of the groups of the target, by object id."""
    taken = _newest(facts, is_removal=True)
    if facts.unread and not facts.rows:
        return AccessAnswer(
            access=Access.UNKNOWN,
            headline="Microsoft Graph could not be read",
            why=facts.unread,
            next_action=facts.unread_action,
        )
    if not facts.unread and (not facts.exists or facts.enabled is False):
        return _without_account(facts, taken)
    given = _newest(facts, is_removal=False)
    if facts.is_assigned or (facts.unread and given is not None):
        return _assigned(facts, given)
    if taken is not None and taken.state not in DONE_STATES:
        return _leaving(facts, taken)
    if facts.deleted and taken is None:
        return _maybe(facts, "not assigned", _why_deleted(facts))
    if has_given_since(facts.rows):
        return _maybe(facts, "not assigned any more", NOT_SEEN_LEAVING)
    if may_have_access(facts.rows, facts.last_assigned):
        return _maybe(facts, "not assigned any more", NOT_NOTICED_LEAVING)
    return _not_assigned(facts, taken, assigned_groups)


def _without_account(facts: Facts, taken: Change | None) -> AccessAnswer:
    gone = "is disabled" if facts.exists else "does not exist"
    why = f"the account {gone} in Entra ID"
    if taken is not None and taken.state not in DONE_STATES:
        return AccessAnswer(
            access=Access.GOING,
            headline=_going(taken),
            why=f"{why}. {_state(facts, taken)}",
            next_action=_action(facts, taken),
        )
    fix = "enable the account in Entra ID" if facts.exists else "restore or create the account"
    is_untaken = facts.is_assigned and not was_taken(facts.rows)
    if is_untaken or may_have_access(facts.rows, facts.last_assigned):
        return _maybe(facts, f"the account {gone}", f"{why}. {NO_REVOCATION_SEEN}")
    return AccessAnswer(
        access=Access.NO,
        headline="No access",
        why=why,
        next_action=f"{fix}, if this person should have access",
    )


def _assigned(facts: Facts, given: Change | None) -> AccessAnswer:
    if given is None:
        by = facts.cycle.done_by(facts.now)
        when = f", the next of which should be over by {by:%H:%M} UTC" if by else ""
        return AccessAnswer(
            access=Access.YES,
            headline="Assigned, before Hasten watched",
            why=f"Entra's own cycles give this access{when}",
            next_action=facts.cycle.next_action
            or "if they have no access, provision them on demand, or look at the provisioning log",
        )
    if given.state in DONE_STATES:
        return AccessAnswer(
            access=Access.YES,
            headline="Has access",
            why=how_done(given),
            next_action=DONE_NOTHING,
        )
    access, headline = Access.COMING, "Access is on its way"
    if _has_other_access(facts, given):
        access, headline = Access.YES, "Has access, and one assignment is not in the app yet"
    elif given.state in {State.FAILED, State.HELD}:
        access, headline = Access.UNKNOWN, "Assigned, and nothing shows that they have access"
    return AccessAnswer(
        access=access,
        headline=headline,
        why=_state(facts, given),
        next_action=_action(facts, given),
    )


def _has_other_access(facts: Facts, given: Change) -> bool:
    """Returns whether a grant has ended well by which the user is still assigned. An account that
    is not enabled again has none."""
    now = {*facts.through, *([DIRECT] if facts.direct else [])}
    return not given.is_of_person and any(
        row.group in now and row.state in DONE_STATES
        for row in facts.rows
        if not row.is_removal and row is not given
    )


def _maybe(facts: Facts, what: str, why: str) -> AccessAnswer:
    """Answers about somebody who should have no access, and of whom Hasten has seen no revocation
    that ended well."""
    by = facts.cycle.done_by(facts.now)
    when = f", and the next should be over by {by:%H:%M} UTC" if by else ""
    return AccessAnswer(
        access=Access.UNKNOWN,
        headline=f"{what[0].upper()}{what[1:]}. Access may still be there",
        why=f"{why}. Entra's own cycles take such access{when}",
        next_action=facts.cycle.next_action or CHECK_ACCOUNT_IN_APP,
    )


def _why_deleted(facts: Facts) -> str:
    """Graph lists no members of a deleted group, so only its rows say who was in it."""
    was_in = [row.group for row in facts.rows if row.group in facts.deleted]
    group = _name(facts, was_in[0] if was_in else min(facts.deleted))
    return f"{group} was deleted" + (
        ", and they were in it" if was_in else ", and Graph does not show who was in it"
    )


def _leaving(facts: Facts, taken: Change) -> AccessAnswer:
    return AccessAnswer(
        access=Access.GOING,
        headline=f"Not assigned any more. {_going(taken)}",
        why=_state(facts, taken),
        next_action=_action(facts, taken),
    )


def _going(taken: Change) -> str:
    """Says of a removal that has not ended well whether anything is being done about it."""
    match taken.state:
        case State.HELD:
            return "Access may still be there: the removal is held"
        case State.FAILED:
            return "Access may still be there: the removal failed"
        case State.LEFT_TO_CYCLE:
            return "Access is left to Entra's own cycle"
    return "Access is being taken"


def _not_assigned(
    facts: Facts, taken: Change | None, assigned_groups: Mapping[str, str]
) -> AccessAnswer:
    wanted = [i for i in facts.intents if i.wanted is Wanted.MEMBER and not i.is_done]
    if wanted:
        held = wanted[0].held
        return AccessAnswer(
            access=Access.NO if held else Access.COMING,
            headline="Access is asked for and held" if held else "Access is asked for",
            why=held or "an event asks for it, and Hasten has not written it to Entra ID yet",
            next_action="release it on the view Held" if held else "wait a minute, then look again",
        )
    if facts.nested:
        one = facts.nested[0]
        inner, outer = _name(facts, one.inner), _name(facts, one.group)
        return AccessAnswer(
            access=Access.NO,
            headline="No access",
            why=f"they are in {inner}, which is nested in {outer}, and Entra ID does not "
            "provision members of nested groups",
            next_action=f"add them to {outer} itself",
        )
    if facts.left_out:
        group, sources = next(iter(facts.left_out.items()))
        return AccessAnswer(
            access=Access.NO,
            headline="No access",
            why=f"an event offboarded them, so the policy does not add them to "
            f"{_name(facts, group)} again",
            next_action=f"post an onboarding event, or remove them from {' and '.join(sources)}",
        )
    if taken is not None:
        left = "they had no direct assignment any more"
        if taken.group not in {DIRECT, OWN_ACCOUNT}:
            left = f"they left {_name(facts, taken.group)}"
        why = f"{left} at {taken.noticed_at:%Y-%m-%d %H:%M} UTC. {how_done(taken)}"
    else:
        why = f"they are in no group that is assigned to {facts.target}"
    names = sorted(assigned_groups.values(), key=str.casefold)
    known = f": {', '.join(names[:5])}{' …' if names[5:] else ''}" if names else ""
    return AccessAnswer(
        access=Access.NO,
        headline="No access",
        why=why,
        next_action=f"add them to one of its groups{known}, if they should have access",
    )


def _state(facts: Facts, row: Change) -> str:
    """Says why the row has not ended well, and names first what stops the whole target."""
    if row.is_open and facts.stopped:
        return f"Hasten is stopped: {facts.stopped}"
    if stop := _stop_of_job(facts, row):
        return stop[0]
    match row.state:
        case State.PENDING:
            return "the change waits for its turn, and is called as soon as the pace allows"
        case State.CALLING:
            return "Entra ID has been called and has not answered yet"
        case State.WAITING:
            reason = row.reason or "Hasten tries again"
            return f"{reason}; the next try is at {row.due_at:%H:%M:%S} UTC"
        case State.HELD if row.held_by is HeldBy.OBSERVE and facts.observes:
            return "the target is in observe mode, where Hasten calls nothing"
        case State.HELD if row.held_by is HeldBy.OBSERVE:
            return "Hasten has held it since the target was in observe mode: an operator decides"
        case State.HELD if row.is_unreadable:
            return row.reason
        case State.HELD:
            return f"Hasten holds it until an operator decides, because {row.reason}"
        case State.LEFT_TO_CYCLE:
            reason = row.reason or "no reason was given"
            return f"it is left to Entra's own cycle{_expected(facts, row)}: {reason}"
    return row.reason or "no reason was given"


def _expected(facts: Facts, row: Change) -> str:
    if row.expected_at is None and facts.cycle.covers(row):
        return ", of which one that began after the change has ended"
    by = row.expected_at or facts.cycle.done_by(facts.now)
    return f", expected by {by:%H:%M} UTC" if by else ""


def _stop_of_job(facts: Facts, row: Change) -> tuple[str, str] | None:
    """Returns why the job does nothing for the row now, and what to do. Hasten also calls while the
    job is paused: a pause stops only what waits for the cycle."""
    if row.state is State.LEFT_TO_CYCLE and row.needs_proof:
        return facts.cycle.stops
    if row.state is State.FAILED or not facts.cycle.problem:
        return None
    return facts.cycle.problem, facts.cycle.next_action


def _action(facts: Facts, row: Change) -> str:
    if row.is_open and facts.stopped:
        return "start Hasten on the view Now, if the reason is gone"
    if stop := _stop_of_job(facts, row):
        return stop[1]
    if row.state is State.HELD and not row.is_unreadable:
        if row.held_by is HeldBy.OBSERVE and facts.observes:
            return "set mode: act in targets.yaml and deploy it, then release"
        return "release or discard it on the view Held"
    if row.next_action:
        return row.next_action
    if row.state is State.FAILED:
        return "fix the cause, then provision the person on demand"
    return "wait; this page refreshes itself"


def _newest(facts: Facts, *, is_removal: bool) -> Change | None:
    """Returns the row that decides: of those about a membership or assignment, the last one that
    has not ended well, or else the last one."""
    rows = [row for row in facts.rows if row.is_removal is is_removal]
    if not is_removal:
        rows = [row for row in rows if not row.is_update]
    bad = [row for row in rows if row.state not in DONE_STATES]
    return max(bad or rows, key=lambda row: row.found_at, default=None)


def _name(facts: Facts, group: str) -> str:
    return facts.names.get(group) or group
