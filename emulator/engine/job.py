"""Emulates the synchronization job and its schema, as Graph shows those of a non-gallery SCIM
app."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from emulator.clock import iso
from emulator.engine.flows import flow_types
from emulator.entra.behaviours import EntraBehaviours

Json = dict[str, Any]

UNSET = "0001-01-01T00:00:00Z"
HIDDEN = "*"
"""Replaces a credential; Graph documents no form for it."""

SOURCE = "Azure Active Directory"
APP = "customappsso"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
USER_SCHEMA = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

USER_MAPPING = {
    "userPrincipalName": "userName",
    "Switch([IsSoftDeleted], , False, True, True, False)": "active",
    "displayName": "displayName",
    "mail": 'emails[type eq "work"].value',
    "objectId": "externalId",
    "jobTitle": "title",
    "department": f"{USER_SCHEMA}:department",
}
GROUP_MAPPING = {"displayName": "displayName", "objectId": "externalId", "members": "members"}


class JobCode(StrEnum):
    ACTIVE = "Active"
    PAUSED = "Paused"
    QUARANTINE = "Quarantine"
    NOT_RUN = "NotRun"


@dataclass(slots=True)
class Job:
    """A synchronization job. Times are epoch seconds of the emulated clock."""

    id: str
    rule: str
    inbound_rule: str
    code: JobCode = JobCode.ACTIVE
    quarantined_at: float = 0.0
    quarantine_reason: str = "EncounteredQuarantineException"
    exists: bool = True
    """False once an administrator has deleted it: the app is not provisioned any more."""

    fitting_rules: int = 1
    """Number of rules that fit users and groups; a plain app has one."""

    has_groups: bool = True
    """False if the job provisions users alone: its rules do not map groups."""

    user_mapping: Mapping[str, str] = field(default_factory=lambda: USER_MAPPING)
    last: Json | None = None
    last_good: Json | None = None
    last_with_exports: Json | None = None
    steady_first: str = ""
    steady_last: str = ""

    def ran(self, *, activity: str, began: float, ended: float, exported: int) -> None:
        execution = {
            "activityIdentifier": activity,
            "countEntitled": 0,
            "countEntitledForProvisioning": 0,
            "countEscrowed": 0,
            "countEscrowedRaw": 0,
            "countExported": exported,
            "countExports": exported,
            "countImported": exported,
            "countImportedDeltas": 0,
            "countImportedReferenceDeltas": 0,
            "state": "Succeeded",
            "error": None,
            "timeBegan": iso(began),
            "timeEnded": iso(ended),
        }
        self.last = execution
        self.last_good = _summary(execution)
        if exported:
            self.last_with_exports = _summary(execution)
        self.steady_last = iso(ended)
        self.steady_first = self.steady_first or self.steady_last

    def shown(self) -> Json:
        return {
            "id": self.id,
            "templateId": "scim",
            "schedule": {
                "expiration": None,
                "interval": "PT40M",
                "state": "Disabled" if self.code is JobCode.PAUSED else "Active",
            },
            "status": {
                "code": self.code,
                "countSuccessiveCompleteFailures": 0,
                "escrowsPruned": False,
                "lastExecution": self.last,
                "lastSuccessfulExecution": self.last_good,
                "lastSuccessfulExecutionWithExports": self.last_with_exports,
                "progress": [],
                "quarantine": self._quarantine(),
                "steadyStateFirstAchievedTime": self.steady_first or UNSET,
                "steadyStateLastAchievedTime": self.steady_last or UNSET,
                "synchronizedEntryCountByType": [],
                "troubleshootingUrl": "",
            },
            "synchronizationJobSettings": [
                {"name": "QuarantineTooManyDeletesThreshold", "value": "500"}
            ],
        }

    @property
    def rules(self) -> list[str]:
        """Returns the ids of the rules that fit."""
        return [self.rule, *(f"{self.rule}-{n}" for n in range(2, self.fitting_rules + 1))]

    def schema(self, behaviours: EntraBehaviours | None = None) -> Json:
        """Returns the schema: a rule for users and, unless the job provisions users alone, groups;
        and one that does not read the directory."""
        behaviours = behaviours or EntraBehaviours()
        of_groups = [_mapping("Group", GROUP_SCHEMA, GROUP_MAPPING)] if self.has_groups else []
        users = {
            source: target
            for source, target in self.user_mapping.items()
            if target != "active" or not behaviours.no_active_mapping
        }
        return {
            "id": self.id,
            "version": "v1.0",
            "directories": [],
            "synchronizationRules": [
                *(
                    _rule(
                        rule,
                        "USERGROUP_OUTBOUND_USERGROUP",
                        source=SOURCE,
                        target=APP,
                        priority=1,
                        mappings=[
                            *of_groups,
                            _mapping("User", USER_SCHEMA, users, flow_types(behaviours)),
                        ],
                    )
                    for rule in self.rules
                ),
                _rule(
                    self.inbound_rule,
                    "USER_INBOUND_USER",
                    source=APP,
                    target=SOURCE,
                    priority=0,
                    mappings=[_mapping("User", "User", {"userName": "userPrincipalName"})],
                ),
            ],
        }

    def secrets(self, behaviours: EntraBehaviours) -> list[Json]:
        """Returns credentials and settings. SkipOutOfScopeDeletions appears once somebody has set
        it."""
        shown = {
            "BaseAddress": "https://app.example/scim",
            "SecretToken": HIDDEN,
            "SyncAll": str(behaviours.sync_all),
        }
        if behaviours.skip_out_of_scope:
            shown["SkipOutOfScopeDeletions"] = "True"
        return [{"key": key, "value": value} for key, value in shown.items()]

    def _quarantine(self) -> Json | None:
        if self.code is not JobCode.QUARANTINE:
            return None
        return {
            "currentBegan": iso(self.quarantined_at),
            "nextAttempt": iso(self.quarantined_at + 6 * 3600),
            "reason": self.quarantine_reason,
            "seriesBegan": iso(self.quarantined_at),
            "seriesCount": 1,
            "error": None,
        }


def _summary(execution: Json) -> Json:
    """Returns a successful execution as captured: with its end and what it exported, and without
    its begin."""
    kept = ("countExported", "state", "timeEnded")
    zeros = {name: 0 for name in execution if name.startswith("count")}
    unset = {"activityIdentifier": None, "error": None, "timeBegan": UNSET}
    return {**zeros, **unset, **{name: execution[name] for name in kept}}


def _rule(
    rule_id: str, name: str, *, source: str, target: str, priority: int, mappings: list[Json]
) -> Json:
    return {
        "containerFilter": None,
        "editable": True,
        "groupFilter": None,
        "id": rule_id,
        "metadata": [
            {"key": "defaultSourceObjectMappings", "value": "[]"},
            {"key": "supportsProvisionOnDemand", "value": str(source == SOURCE).lower()},
        ],
        "name": name,
        "objectMappings": mappings,
        "priority": priority,
        "sourceDirectoryName": source,
        "targetDirectoryName": target,
    }


def _mapping(
    source: str, target: str, attributes: Mapping[str, str], flows: str = "Add,Update,Delete"
) -> Json:
    return {
        "enabled": True,
        "flowTypes": flows,
        "name": f"Provision {SOURCE} {source}s",
        "scope": None,
        "sourceObjectName": source,
        "targetObjectName": target,
        "attributeMappings": [
            {
                "flowBehavior": "FlowWhenChanged",
                "flowType": "Always",
                "matchingPriority": 1 if target_name in {"userName", "displayName"} else 0,
                "targetAttributeName": target_name,
                "source": {
                    "expression": source_name if "(" in source_name else f"[{source_name}]",
                    "name": source_name,
                    "type": "Function" if "(" in source_name else "Attribute",
                },
            }
            for source_name, target_name in attributes.items()
        ],
    }
