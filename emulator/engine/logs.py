"""Emulates the provisioning log: one entry for each result, on demand or in a cycle."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from emulator.clock import iso
from emulator.engine.answers import message, skip_reason
from emulator.engine.app import By
from emulator.engine.captured import (
    error_information,
    has_own_entry,
    modified_properties,
    steps,
)
from emulator.engine.job import APP, SOURCE
from emulator.engine.on_demand import Code, Outcome
from emulator.engine.run import Run, new_id
from emulator.entra.behaviours import Switches

Json = dict[str, Any]

INITIATORS = {
    By.CYCLE: "Azure AD Provisioning Service",
    By.ON_DEMAND: "Provision on demand",
}
KEPT = 20_000
"""Maximum number of entries; the oldest are dropped."""

STATUS = {
    Code.SUCCESS: "success",
    Code.REDUNDANT: "skipped",
    Code.NOT_ENTITLED: "skipped",
    Code.ACTION_OFF: "skipped",
    Code.FAILURE: "failure",
}


class ProvisioningLog:
    """The log. Its entries appear late, by the behaviour `log_lag`."""

    def __init__(self, tenant: str, switches: Switches) -> None:
        self._tenant = tenant
        self._switches = switches
        self.contradictions: dict[str, str] = {}
        """Error codes by user. The next on-demand call for that user is answered with Success, does
        nothing, and appears here as a failure."""
        self._entries: deque[tuple[float, Json]] = deque(maxlen=KEPT)

    def visible(self, now: float) -> Iterator[Json]:
        """Yields the visible entries, newest first."""
        lag = self._switches.now.log_lag
        return (entry for at, entry in reversed(self._entries) if at + lag <= now)

    def add(
        self,
        outcome: Outcome,
        run: Run,
        *,
        service_principal: Json,
        job: str,
        as_captured: bool = False,
    ) -> None:
        """Adds an entry. Unless `as_captured`, adds one for each member too, as a change of its own
        in the same cycle."""
        for member in outcome.members:
            if has_own_entry(member) or not as_captured:
                self.add(
                    member,
                    replace(run, change_id=new_id()),
                    service_principal=service_principal,
                    job=job,
                    as_captured=as_captured,
                )
        subject = outcome.subject
        error = error_information(outcome)
        if outcome.code is not Code.SUCCESS and not as_captured:
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
        self._entries.append(
            (
                run.ended,
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
                    "provisioningSteps": steps(outcome, run) if as_captured else [],
                    "modifiedProperties": (
                        modified_properties(outcome, run) if as_captured else []
                    ),
                    "servicePrincipal": service_principal,
                    "sourceIdentity": identity,
                    "targetIdentity": identity,
                    "sourceSystem": {"id": None, "displayName": SOURCE, "details": {}},
                    "targetSystem": {"id": None, "displayName": APP, "details": {}},
                    "initiatedBy": {"displayName": INITIATORS[run.by], "initiatorType": "system"},
                },
            )
        )
