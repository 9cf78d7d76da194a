"""Checks that the provisioning job of a target runs and has one rule for users and one for
groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hasten.doctor.findings import Finding, ok, problem, warning
from hasten.domain import cycle
from hasten.domain.jobs import choose_job, choose_rule
from hasten.domain.planning import GrantsBy
from hasten.errors import PermanentError
from hasten.json import Json
from hasten.ports.directory import Directory
from hasten.targets import Target

JOB, RULE = "provisioning job", "provisioning rule"
JOB_NEVER_RAN = (
    "no cycle of it has run yet, or Graph gives no readable time of it",
    "start provisioning in the Entra portal if it has not run",
)

KNOWN_CODES = frozenset({"active", "notrun"})
"""States of a job that nothing stops (Graph, synchronizationStatus)."""

MISSED_CYCLES = 3
"""Intervals without a sign of a cycle after which the job counts as one that stands still."""

LOOK_IN_PORTAL = "look in the Entra portal whether provisioning runs"


@dataclass(frozen=True, slots=True)
class Job:
    """The provisioning job that Hasten uses, and its rules."""

    body: Json
    rules: Sequence[Json]


async def load(directory: Directory, service_principal: str, wanted: str) -> Job:
    """Returns the job. Raises PermanentError if there is none or Hasten cannot choose one, and
    TemporaryError of Graph."""
    jobs = await directory.jobs(service_principal)
    rules_of = {job["id"]: await directory.rules(service_principal, job["id"]) for job in jobs}
    chosen = choose_job(jobs, rules_of, wanted)
    return Job(chosen, rules_of[chosen["id"]])


def check_state(job: Job, now: datetime) -> list[Finding]:
    known = cycle.parse(job.body, now)
    code = str((job.body.get("status") or {}).get("code") or "unknown")
    if known.stops is not None:
        judge = problem if known.problem else warning
        return [judge(JOB, *known.stops)]
    if code.casefold() not in KNOWN_CODES:
        return [warning(JOB, f"Hasten does not know its state {code}", LOOK_IN_PORTAL)]
    seen = cycle.last_sign(job.body, now)
    if seen is None:
        return [warning(JOB, *JOB_NEVER_RAN)]
    if now - seen > MISSED_CYCLES * known.interval:
        minutes = known.interval // timedelta(minutes=1)
        late = f"the last sign of a cycle is of {seen:%Y-%m-%d %H:%M}Z, and one is due every"
        return [warning(JOB, f"{late} {minutes} minutes", LOOK_IN_PORTAL)]
    return [ok(JOB, f"{job.body['id']} is {code}")]


def check_rules(job: Job, target: Target) -> list[Finding]:
    return [_rule(job, target, kind) for kind in kinds(target)]


def kinds(target: Target) -> Sequence[str]:
    """Returns the kinds of objects that the target needs provisioned."""
    return ("User",) if target.grants_by is GrantsBy.USER else ("User", "Group")


def _rule(job: Job, target: Target, kind: str) -> Finding:
    try:
        rule = choose_rule(job.rules, kind, target.rule)
    except PermanentError as error:
        return problem(RULE, error.reason, error.next_action)
    if rule is not None:
        return ok(RULE, f"one for {kind}s: {rule}")
    fix = f"turn on {kind.lower()} provisioning in the mappings of the Entra portal"
    if kind == "Group":
        fix += ", or set grants_by: user in targets.yaml"
    return problem(RULE, f"the job has no rule that provisions {kind}s", fix)
