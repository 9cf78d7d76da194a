"""Decides what onboarding events may not change, whoever posts them. Hasten applies this one rule
when an event arrives and again before it writes."""

from hasten.domain.ensuring import Ending
from hasten.domain.intents import Intent, Wanted
from hasten.domain.outcomes import REJECTED
from hasten.ensure.known_groups import KnownGroups
from hasten.events.fault_codes import FaultCode
from hasten.events.faults import fault
from hasten.json import Json
from hasten.policy import Allowance, policy_for
from hasten.targets import Target


def forbids_name(target: Target, name: str) -> bool:
    """Returns True if events may not change a group of this name. Use it for a group that has no
    object id yet."""
    policy = policy_for(target.groups, group="", name=name)
    return policy is None or not policy.allows_events


def kind_refusal(shown: Json, *, by_hand: bool) -> FaultCode | None:
    """Returns why events may not change a group of this kind, or None. With `by_hand` the event
    adds or removes members. A group of which Graph does not say that it is a security group is
    none."""
    if shown.get("isAssignableToRole"):
        return FaultCode.ROLE_ASSIGNABLE
    if shown.get("mailEnabled") is not False or shown.get("securityEnabled") is not True:
        return FaultCode.NOT_SECURITY
    if by_hand and "DynamicMembership" in (shown.get("groupTypes") or ()):
        return FaultCode.DYNAMIC
    if by_hand and shown.get("onPremisesSyncEnabled"):
        return FaultCode.SYNCED
    return None


def refusal(known: KnownGroups, shown: Json, *, by_hand: bool) -> FaultCode | None:
    """Returns why events may not change the group that Graph shows, or None."""
    policy = known.policy(shown)
    if not known.knows(shown) and not forbids_name(known.target, str(shown["displayName"])):
        return FaultCode.STRANGER_GROUP
    if policy is None or not policy.allows_events:
        return FaultCode.FORBIDDEN_GROUP
    return kind_refusal(shown, by_hand=by_hand)


def forbidden(known: KnownGroups, intent: Intent, shown: Json) -> Ending | None:
    """Returns how the intent ends if events may not change its group, or None. Hasten checks this
    again before it carries out the intent: the policy may have changed, or a group known by name
    alone may have got its id."""
    if intent.wanted is Wanted.IN_STEP:
        return None
    trouble = refusal(known, shown, by_hand=intent.wanted is not Wanted.GROUP)
    return None if trouble is None else ending_of(trouble)


def ending_of(trouble: FaultCode) -> Ending:
    wrong = fault(trouble, "group")
    return Ending(REJECTED, wrong.problem, wrong.fix)


def direct_assignment_refusal(target: Target) -> FaultCode | None:
    return None if target.direct is Allowance.ALLOW else FaultCode.FORBIDDEN_DIRECT
