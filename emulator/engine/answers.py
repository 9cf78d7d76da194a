"""Builds Graph's answers to on-demand calls: a key and a value that contain JSON as strings."""

import json
from typing import Any

from emulator.clock import iso
from emulator.engine.job import APP, SOURCE, USER_SCHEMA
from emulator.engine.on_demand import Code, Outcome
from emulator.engine.run import Run

Json = dict[str, Any]

USER_CONTEXT = "$metadata#microsoft.graph.stringKeyStringValuePair"
GROUP_CONTEXT = (
    "https://syncfabric.windowsazure.com/api/$metadata"
    "#microsoft.synchronization.stringKeyStringValuePair"
)
REDUNDANT = "The state of the {kind} in both the source and target systems already match."
NOT_ENTITLED = "The {kind} '{name}' will be skipped: it is not effectively entitled."
ACTION_OFF = "The {kind} '{name}' will be skipped: the mapping lacks the target object action."


STATUS_TYPE = "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo"
"""The key of an answer whose value is a list of records (Entra docs, cross-tenant tutorial)."""


def answer(outcome: Outcome, run: Run, base: str, *, typed: bool = False) -> Json:
    """Returns the body of the 200. A changed group has no record in addition to the key, as
    documented. `typed` answers about users have the other documented form, a type name and a
    list."""
    value = record(outcome, run)
    is_group = outcome.subject.kind == "group"
    if typed and not is_group:
        return {
            "@odata.context": f"{base}/{USER_CONTEXT}",
            "key": STATUS_TYPE,
            "value": json.dumps([value]),
        }
    if is_group and outcome.code is Code.SUCCESS:
        value = {}
    return {
        "@odata.context": GROUP_CONTEXT if is_group else f"{base}/{USER_CONTEXT}",
        "key": json.dumps(_key(outcome)),
        "value": json.dumps(value),
    }


def record(outcome: Outcome, run: Run) -> Json:
    """Returns what happened, step by step, as the provisioning log also shows it."""
    kind, made = _kind(outcome), outcome.code is Code.SUCCESS
    return {
        "action": outcome.action,
        "changeId": run.change_id,
        "startTime": iso(run.began),
        "endTime": iso(run.ended),
        "reportableIdentifier": _name(outcome),
        "modifiedProperties": _properties(outcome),
        "provisioningSteps": _steps(outcome, run),
        "statusInfo": _status(outcome),
        "sourceIdentity": {"id": outcome.subject.id, "type": kind},
        "sourceSystem": {"name": SOURCE},
        "targetIdentity": {
            "id": None if _is_absent(outcome) and not made else outcome.subject.id,
            "type": USER_SCHEMA if kind == "User" else kind,
        },
        "targetSystem": {"name": APP},
    }


def skip_reason(outcome: Outcome) -> str | None:
    return None if outcome.code in {Code.SUCCESS, Code.FAILURE} else outcome.code


def message(outcome: Outcome) -> str:
    """Returns why nothing was exported, or "" after a success."""
    match outcome.code:
        case Code.REDUNDANT:
            return REDUNDANT.format(kind=_kind(outcome).lower())
        case Code.NOT_ENTITLED:
            return NOT_ENTITLED.format(kind=_kind(outcome), name=_name(outcome))
        case Code.ACTION_OFF:
            return ACTION_OFF.format(kind=_kind(outcome), name=_name(outcome))
        case Code.FAILURE:
            return f"The app refused the request: {outcome.error_code}"
        case Code.SUCCESS:
            return ""


def _key(outcome: Outcome) -> Json:
    if outcome.code is Code.SUCCESS:
        return {"result": "Success", "details": {}}
    result = "Failure" if outcome.code is Code.FAILURE else "Skipped"
    code = outcome.error_code or outcome.code
    return {"result": result, "details": {"errorCode": code, "errorMessage": message(outcome)}}


def _status(outcome: Outcome) -> Json:
    match outcome.code:
        case Code.SUCCESS:
            return {"status": "Success"}
        case Code.FAILURE:
            return {
                "status": "Failure",
                "errorCode": outcome.error_code,
                "reason": message(outcome),
                "errorCategory": "nonServiceFailure",
            }
    empty = ("errorCode", "reason", "additionalDetails", "errorCategory", "recommendedAction")
    return {"status": "Skipped"} | dict.fromkeys(empty)


def _steps(outcome: Outcome, run: Run) -> list[Json]:
    """Returns the steps. A success and a skip name the same details differently, as Graph's own
    samples do."""
    kind, name = _kind(outcome), _name(outcome)
    entitled = outcome.entitlement
    in_scope = entitled.is_entitled
    success, absent = outcome.code is Code.SUCCESS, _is_absent(outcome)
    scoping: Json = (
        {
            "Active in the source system": str(entitled.is_active),
            "Scoping filter evaluation passed": "True",
        }
        if success
        else {
            "IsActive": str(entitled.is_active),
            "Assigned": str(entitled.assigned),
            "IsEffectivelyEntitledForProvisioning": str(in_scope),
            "IsInProvisioningScopeDisplayName": "True",
            "ScopeEvaluationResult": "{}",
        }
    )
    imported = _step(
        "EntryImportAdd" if success else "EntryImport",
        "Import",
        "Success",
        at=run.began,
        text=f"Retrieved {kind} '{name}' from {SOURCE}",
        details={"objectId": outcome.subject.id, "displayName": name},
    )
    matched = _step(
        "EntryImport",
        "Matching",
        "Success",
        at=run.began,
        text=f"No {kind} of {APP} matches" if absent else f"Retrieved {kind} '{name}' from {APP}",
        details=_matched(outcome),
    )
    scoped = _step(
        "EntrySynchronizationScoping",
        "Scoping",
        "Success" if in_scope or success else "Skipped",
        at=run.began,
        text=f"Determine if {kind} in scope by evaluating against each scoping filter",
        details=scoping,
    )
    return [imported, matched, scoped, _export(outcome, run.ended)]


def _is_absent(outcome: Outcome) -> bool:
    """Returns whether the call found no account of the user in the app."""
    return outcome.subject.kind == "user" and outcome.matched is None


def _matched(outcome: Outcome) -> Json:
    """Returns the object as the call found it in the app. Empty if there was none, and for groups,
    for which no sample shows any."""
    account = outcome.matched
    if account is None:
        return {}
    return {
        "active": str(account.active),
        "displayName": account.profile.get("displayName"),
        "externalId": account.profile.get("externalId"),
        "id": account.user,
        "userName": account.profile.get("userPrincipalName"),
    }


def _export(outcome: Outcome, at: float) -> Json:
    kind, name = _kind(outcome), _name(outcome)
    match outcome.code:
        case Code.SUCCESS:
            step = "EntryExportAdd" if outcome.action == "Create" else "EntryExportUpdate"
            text = f"{kind} '{name}' was {outcome.action.lower().rstrip('e')}ed in {APP}"
            return _step(step, "Export", "Success", at=at, text=text)
        case Code.FAILURE:
            details = {"errorCode": outcome.error_code}
            return _step(
                "EntryExport", "Export", "Failure", at=at, text=message(outcome), details=details
            )
    details = {"SkipReason": str(outcome.code)}
    return _step(
        "EntrySynchronizationSkip",
        "Export",
        "Skipped",
        at=at,
        text=message(outcome),
        details=details,
    )


def _step(
    name: str, step_type: str, status: str, *, at: float, text: str, details: Json | None = None
) -> Json:
    return {
        "name": name,
        "type": step_type,
        "status": status,
        "description": text,
        "timestamp": iso(at),
        "details": details or {},
    }


def _properties(outcome: Outcome) -> list[Json]:
    flowing = ("accountEnabled", "displayName", "userPrincipalName")
    values = {"objectId": outcome.subject.id} | {
        name: outcome.subject.properties[name]
        for name in flowing
        if outcome.subject.properties.get(name) is not None
    }
    shown = [
        {"displayName": name, "oldValue": None, "newValue": str(value)}
        for name, value in values.items()
    ]
    if outcome.action == "Disable":
        shown.append({"displayName": "active", "oldValue": "True", "newValue": "False"})
    return shown


def _kind(outcome: Outcome) -> str:
    return outcome.subject.kind.capitalize()


def _name(outcome: Outcome) -> str:
    return str(outcome.subject.properties.get("userPrincipalName") or outcome.subject.name)
