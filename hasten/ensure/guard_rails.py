"""What onboarding events may not touch, whoever posts them."""

from hasten.domain.ensuring import FORBIDDEN, Ending, refusal_of
from hasten.domain.intents import Intent, Wanted
from hasten.events.fault_codes import FaultCode
from hasten.json import Json
from hasten.policy import Access, policy_for
from hasten.targets import Target


def forbids_name(target: Target, name: str) -> bool:
    """Of a group that has no object id yet."""
    policy = policy_for(target.groups, group="", name=name)
    return policy is None or not policy.allows_events


def refusal(target: Target, shown: Json, *, by_hand: bool) -> FaultCode | None:
    """Of a group as Graph shows it. `by_hand`: members are to be added or removed."""
    policy = policy_for(target.groups, group=str(shown["id"]), name=str(shown["displayName"]))
    if policy is None or not policy.allows_events:
        return FaultCode.FORBIDDEN_GROUP
    if shown.get("isAssignableToRole"):
        return FaultCode.ROLE_ASSIGNABLE
    if shown.get("mailEnabled") or not shown.get("securityEnabled"):
        return FaultCode.NOT_SECURITY
    if by_hand and "DynamicMembership" in (shown.get("groupTypes") or ()):
        return FaultCode.DYNAMIC
    return None


def forbidden(target: Target, intent: Intent, shown: Json) -> Ending | None:
    """Of an intent, again before it is brought about: since it was written down the policy may have
    changed, or a group that was known by name alone have got its id."""
    policy = policy_for(target.groups, group=str(shown["id"]), name=str(shown["displayName"]))
    if intent.wanted is not Wanted.IN_STEP and (policy is None or not policy.allows_events):
        return FORBIDDEN
    return refusal_of(intent, shown)


def direct_refusal(target: Target) -> FaultCode | None:
    return None if target.direct is Access.ALLOW else FaultCode.FORBIDDEN_DIRECT
