"""What onboarding events may not touch, whoever posts them: one rule, asked when an event comes in
and again before something is written."""

from hasten.domain.ensuring import Ending
from hasten.domain.intents import Intent, Wanted
from hasten.domain.outcomes import REJECTED
from hasten.ensure.known_groups import KnownGroups
from hasten.events.fault_codes import FaultCode
from hasten.events.faults import fault
from hasten.json import Json
from hasten.policy import Access, policy_for
from hasten.targets import Target


def forbids_name(target: Target, name: str) -> bool:
    """Of a group that has no object id yet."""
    policy = policy_for(target.groups, group="", name=name)
    return policy is None or not policy.allows_events


def kind_refusal(shown: Json, *, by_hand: bool) -> FaultCode | None:
    """Of a group by its kind alone. `by_hand`: members are to be added or removed."""
    if shown.get("isAssignableToRole"):
        return FaultCode.ROLE_ASSIGNABLE
    if shown.get("mailEnabled") or not shown.get("securityEnabled"):
        return FaultCode.NOT_SECURITY
    if by_hand and "DynamicMembership" in (shown.get("groupTypes") or ()):
        return FaultCode.DYNAMIC
    return None


def refusal(known: KnownGroups, shown: Json, *, by_hand: bool) -> FaultCode | None:
    """Of a group as Graph shows it."""
    policy = known.policy(shown)
    if not known.knows(shown) and not forbids_name(known.target, str(shown["displayName"])):
        return FaultCode.STRANGER_GROUP
    if policy is None or not policy.allows_events:
        return FaultCode.FORBIDDEN_GROUP
    return kind_refusal(shown, by_hand=by_hand)


def forbidden(known: KnownGroups, intent: Intent, shown: Json) -> Ending | None:
    """Of an intent, again before it is brought about: since it was written down the policy may have
    changed, or a group that was known by name alone have got its id."""
    if intent.wanted is Wanted.IN_STEP:
        return None
    trouble = refusal(known, shown, by_hand=intent.wanted is not Wanted.GROUP)
    return None if trouble is None else ending_of(trouble)


def ending_of(trouble: FaultCode) -> Ending:
    wrong = fault(trouble, "group")
    return Ending(REJECTED, wrong.problem, wrong.fix)


def direct_refusal(target: Target) -> FaultCode | None:
    return None if target.direct is Access.ALLOW else FaultCode.FORBIDDEN_DIRECT
