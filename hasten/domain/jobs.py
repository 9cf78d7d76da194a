"""Chooses the provisioning job and the rule of a target, and refuses to guess between several."""

from collections.abc import Mapping, Sequence

from hasten.errors import PermanentError
from hasten.json import Json

ENTRA_SOURCE = "azure active directory"


def is_same(given: str, known: str) -> bool:
    """Returns whether both are the id of one job, or of one rule, whatever the case."""
    return given.casefold() == known.casefold()


def choose_job(jobs: Sequence[Json], rules_of: Mapping[str, Sequence[Json]], wanted: str) -> Json:
    """Returns the job that can provision from Entra on demand, or the job whose id is `wanted`.

    Raises PermanentError if there is none, or if several fit and `wanted` is empty.
    """
    if wanted:
        for job in jobs:
            if is_same(job["id"], wanted):
                return job
        raise PermanentError(
            f"the target has no provisioning job {wanted}",
            "correct `job` in targets.yaml, or leave it out when the app has one job",
        )
    fitting = [job for job in jobs if any(_serves(rule) for rule in rules_of[job["id"]])]
    if not fitting:
        raise PermanentError(
            "the target has no provisioning job that can provision on demand",
            "set Provisioning Mode to Automatic and start provisioning in the Entra portal",
        )
    if len(fitting) > 1:
        ids = ", ".join(sorted(str(job["id"]) for job in fitting))
        raise PermanentError(
            f"the target has {len(fitting)} provisioning jobs: {ids}",
            "name the one to use as `job` in targets.yaml",
        )
    return fitting[0]


def choose_rule(rules: Sequence[Json], object_type: str, wanted: str) -> str | None:
    """Returns the id of the rule that provisions `object_type` ("User" or "Group"), or None if
    there is none.

    Of several rules the lowest `priority` number wins. Raises PermanentError for a tie.
    """
    if wanted:
        for rule in rules:
            if is_same(rule["id"], wanted):
                return str(rule["id"])
        raise PermanentError(
            f"the provisioning job has no rule {wanted}",
            "correct `rule` in targets.yaml, or leave it out when the job has one rule",
        )
    fitting = [rule for rule in rules if _serves(rule) and _maps(rule, object_type)]
    if not fitting:
        return None
    first = min(rule.get("priority") or 0 for rule in fitting)
    winners = [rule for rule in fitting if (rule.get("priority") or 0) == first]
    if len(winners) > 1:
        ids = ", ".join(sorted(str(rule["id"]) for rule in winners))
        raise PermanentError(
            f"the provisioning job has {len(winners)} rules for {object_type}: {ids}",
            "name the one to use as `rule` in targets.yaml",
        )
    return str(winners[0]["id"])


def _serves(rule: Json) -> bool:
    """Returns whether the rule reads from Entra and allows on-demand provisioning (a missing flag
    counts as allowed)."""
    metadata = {str(m.get("key")): str(m.get("value")) for m in rule.get("metadata") or ()}
    on_demand = metadata.get("supportsProvisionOnDemand", "true").casefold() == "true"
    return on_demand and str(rule.get("sourceDirectoryName", "")).casefold() == ENTRA_SOURCE


def _maps(rule: Json, object_type: str) -> bool:
    return any(
        mapping.get("sourceObjectName") == object_type and mapping.get("enabled") is not False
        for mapping in rule.get("objectMappings") or ()
    )
