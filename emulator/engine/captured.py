"""Builds parts of a provisioning log entry in the shape of captured entries."""

from typing import Any

from emulator.engine.answers import message, record, skip_reason
from emulator.engine.on_demand import Code, Membership, Outcome
from emulator.engine.run import Run

Json = dict[str, Any]


def has_own_entry(member: Outcome) -> bool:
    """Returns whether a member of a group call has a log entry of its own, because its account was
    created or skipped. A mere membership appears only in the group's entry."""
    return member.code not in {Code.SUCCESS, Code.REDUNDANT} or member.action == "Create"


def steps(outcome: Outcome, run: Run) -> list[Json]:
    """Returns the steps of an answer with the log's names. They contain the reason of a skip."""
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
    """Returns the modified properties. For a group, added members are new values and removed
    members old values."""
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
    """Returns the error information of a failure, else None."""
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
