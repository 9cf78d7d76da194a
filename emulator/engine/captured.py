"""Parts of a provisioning log entry in the shape of captured ones."""

from typing import Any

from emulator.engine.answers import message, record, skip_reason
from emulator.engine.on_demand import Code, Membership, Outcome
from emulator.engine.run import Run

Json = dict[str, Any]


def has_own_entry(member: Outcome) -> bool:
    """A member of a group call whose account was made or left out; a mere membership is shown in
    the group's entry alone."""
    return member.code not in {Code.SUCCESS, Code.REDUNDANT} or member.action == "Create"


def steps(outcome: Outcome, run: Run) -> list[Json]:
    """The steps of an answer by the log's names. A skip has its reason here."""
    return [
        {
            "name": step["name"],
            "provisioningStepType": step["type"].lower(),
            "status": step["status"].lower(),
            "description": step["description"],
            "details": step["details"] | _reported(step, outcome),
        }
        for step in record(outcome, run)["provisioningSteps"]
    ]


def modified_properties(outcome: Outcome, run: Run) -> list[Json]:
    """Of a group the members that were added, as new values, and removed, as old ones."""
    if outcome.code is not Code.SUCCESS:
        return []
    if outcome.subject.kind == "user":
        return list(record(outcome, run)["modifiedProperties"])
    return [
        {
            "displayName": "members",
            "oldValue": m.subject.id if m.membership is Membership.REMOVED else None,
            "newValue": m.subject.id if m.membership is Membership.ADDED else None,
        }
        for m in outcome.members
        if m.membership is not Membership.UNCHANGED
    ]


def error_information(outcome: Outcome) -> Json | None:
    """Only of a failure."""
    if outcome.code is not Code.FAILURE:
        return None
    return {
        "errorCode": outcome.error_code,
        "reason": message(outcome),
        "additionalDetails": None,
        "errorCategory": "nonServiceFailure",
        "recommendedAction": None,
    }


def _reported(step: Json, outcome: Outcome) -> Json:
    if step["type"] != "Export" or skip_reason(outcome) is None:
        return {}
    name = outcome.subject.properties.get("userPrincipalName") or outcome.subject.name
    return {"ReportableIdentifier": str(name)}
