"""The provisioning log: one entry for each result, on demand or in a cycle."""

from collections import deque
from typing import Any

from emulator.clock import iso
from emulator.engine.answers import message, skip_reason
from emulator.engine.app import By
from emulator.engine.job import APP, SOURCE
from emulator.engine.on_demand import Code, Outcome
from emulator.engine.run import Run

Json = dict[str, Any]

INITIATORS = {
    By.CYCLE: "Azure AD Provisioning Service",
    By.ON_DEMAND: "Provision on demand",
}
KEPT = 20_000
"""Entries; the oldest go first."""

STATUS = {
    Code.SUCCESS: "success",
    Code.REDUNDANT: "skipped",
    Code.NOT_ENTITLED: "skipped",
    Code.FAILURE: "failure",
}


class ProvisioningLog:
    def __init__(self, tenant: str) -> None:
        self._tenant = tenant
        self.entries: deque[Json] = deque(maxlen=KEPT)

    def add(
        self,
        outcome: Outcome,
        run: Run,
        *,
        service_principal: Json,
        job: str,
    ) -> None:
        subject = outcome.subject
        error = None
        if outcome.code is not Code.SUCCESS:
            error = {
                "errorCode": outcome.error_code or skip_reason(outcome),
                "reason": message(outcome),
                "additionalDetails": None,
                "errorCategory": "nonServiceFailure",
                "recommendedAction": None,
            }
        identity = {
            "id": subject.id,
            "displayName": subject.name,
            "identityType": subject.kind.capitalize(),
            "details": {},
        }
        self.entries.append(
            {
                "id": run.change_id,
                "activityDateTime": iso(run.ended),
                "tenantId": self._tenant,
                "jobId": job,
                "cycleId": run.cycle_id,
                "changeId": run.change_id,
                "provisioningAction": outcome.action.lower(),
                "durationInMilliseconds": round((run.ended - run.began) * 1000),
                "provisioningStatusInfo": {
                    "status": STATUS[outcome.code],
                    "errorInformation": error,
                },
                "provisioningSteps": [],
                "modifiedProperties": [],
                "servicePrincipal": service_principal,
                "sourceIdentity": identity,
                "targetIdentity": identity,
                "sourceSystem": {"id": None, "displayName": SOURCE, "details": {}},
                "targetSystem": {"id": None, "displayName": APP, "details": {}},
                "initiatedBy": {"displayName": INITIATORS[run.by], "initiatorType": "system"},
            }
        )
