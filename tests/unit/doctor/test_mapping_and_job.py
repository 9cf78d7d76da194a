"""The job, its rules and its attribute mapping."""

from typing import Any

import pytest

from hasten.doctor import job, mapping
from hasten.doctor.findings import Level
from hasten.doctor.job import Job
from hasten.domain.planning import GrantsBy
from hasten.targets import Target
from tests.support.virtual_time import START

Json = dict[str, Any]
RULE = "rule-1"
UNSET = "0001-01-01T00:00:00Z"


def rule(*kinds: str, rule_id: str = RULE, **sources: str) -> Json:
    """`sources` are expressions by app attribute, of users."""
    attributes = [
        {"targetAttributeName": name, "source": {"expression": source}}
        for name, source in sources.items()
    ]
    return {
        "id": rule_id,
        "sourceDirectoryName": "Azure Active Directory",
        "objectMappings": [
            {"sourceObjectName": kind, "enabled": True, "attributeMappings": attributes}
            for kind in kinds
        ],
    }


def ran(began: str, ended: str | None = None) -> Json:
    """An execution today, which has not ended if `ended` is None."""
    end = f"2026-11-24T{ended}:00Z" if ended else None
    return {"timeBegan": f"2026-11-24T{began}:00Z", "timeEnded": end}


def running(*rules: Json, **status: Any) -> Job:
    known = {
        "code": "Active",
        "lastExecution": ran("08:30", "08:35"),
        **status,
    }
    return Job({"id": "job-1", "status": known}, rules)


def target(grants_by: GrantsBy = GrantsBy.GROUP) -> Target:
    return Target(name="TOTAL", display_name="TOTAL", grants_by=grants_by)


@pytest.mark.parametrize(
    ("sources", "level", "found"),
    [
        ({"externalId": "[objectId]"}, Level.OK, "externalId comes from objectId"),
        ({"externalid": "[OBJECTID]"}, Level.OK, "externalId comes from objectId"),
        ({"externalId": "[mail]"}, Level.PROBLEM, "comes from mail, not objectId"),
        ({"externalId": 'Trim([mail], "x")'}, Level.PROBLEM, 'comes from Trim([mail], "x"), not'),
        ({}, Level.PROBLEM, "externalId is not mapped"),
    ],
)
def test_an_expected_attribute_is_compared_without_case(
    sources: dict[str, str], level: Level, found: str
) -> None:
    rules = [rule("User", **sources), rule("User", rule_id="another", externalId="[objectId]")]

    [finding] = mapping.check(rules, RULE, {"externalId": "objectId"})

    assert finding.level is level
    assert found in finding.found


def test_only_the_mapping_of_users_counts() -> None:
    [finding] = mapping.check([rule("Group", title="[jobTitle]")], RULE, {"title": "jobTitle"})

    assert finding.level is Level.PROBLEM


def progress(*observed: str) -> Json:
    of_today = [f"2026-11-24T{at}:00Z" for at in ("00:00", *observed)]
    return {"progress": [{"progressObservationDateTime": at} for at in of_today]}


@pytest.mark.parametrize(
    ("status", "level", "found"),
    [
        ({}, Level.OK, "job-1 is Active"),
        ({"code": "Quarantine"}, Level.PROBLEM, "in quarantine"),
        ({"code": "NotConfigured"}, Level.PROBLEM, "not configured"),
        ({"code": "Paused"}, Level.WARNING, "stays undone"),
        ({"code": "Disabled"}, Level.WARNING, "does not know its state Disabled"),
        ({"code": None}, Level.WARNING, "does not know its state unknown"),
        ({"code": "notRun", "lastExecution": None}, Level.WARNING, "no cycle of it has run yet"),
        ({"lastExecution": None}, Level.WARNING, "no cycle of it has run yet"),
        ({"lastExecution": ran("06:55", "07:00")}, Level.OK, "job-1 is Active"),
        (
            {"lastExecution": ran("06:55", "06:59")},
            Level.WARNING,
            "06:59Z, and one is due every 40 m",
        ),
        ({"lastExecution": ran("03:00", "07:00")}, Level.OK, "job-1 is Active"),
        ({"lastExecution": ran("03:00")}, Level.OK, "job-1 is Active"),
        ({"lastExecution": {**ran("03:00"), "timeEnded": UNSET}}, Level.OK, "job-1 is Active"),
        ({"lastExecution": {"timeBegan": "2026-11-17T09:00:00Z"}}, Level.OK, "job-1 is Active"),
        ({"lastExecution": {"timeBegan": "2026-11-17T08:59:00Z"}}, Level.WARNING, "17 08:59Z, and"),
        ({"lastExecution": ran("09:01")}, Level.WARNING, "no cycle of it has run yet"),
        ({"lastExecution": None, "lastSuccessfulExecution": ran("08:00", "08:01")}, Level.OK, ""),
        ({"lastExecution": ran("03:00", "03:10"), **progress("07:00")}, Level.OK, "is Active"),
        (
            {"lastExecution": ran("03:00", "03:10"), **progress("06:59")},
            Level.WARNING,
            "06:59Z, and one is due",
        ),
        ({"lastExecution": None, **progress("08:00")}, Level.OK, "job-1 is Active"),
        ({"lastExecution": ran("03:00", "03:10"), "progress": [None]}, Level.WARNING, "03:10Z"),
    ],
)
def test_the_state_of_the_job_is_judged(status: Json, level: Level, found: str) -> None:
    [finding] = job.check_state(running(**status), START)

    assert finding.level is level
    assert found in finding.found


@pytest.mark.parametrize(
    ("rules", "grants_by", "levels"),
    [
        ([rule("User", "Group")], GrantsBy.GROUP, [Level.OK, Level.OK]),
        ([rule("User")], GrantsBy.GROUP, [Level.OK, Level.PROBLEM]),
        ([rule("User")], GrantsBy.USER, [Level.OK]),
        ([rule("Group")], GrantsBy.GROUP, [Level.PROBLEM, Level.OK]),
        ([rule("User"), rule("User", rule_id="b")], GrantsBy.USER, [Level.PROBLEM]),
    ],
)
def test_there_is_one_rule_for_each_kind_that_is_provisioned(
    rules: list[Json], grants_by: GrantsBy, levels: list[Level]
) -> None:
    found = job.check_rules(running(*rules), target(grants_by))

    assert [finding.level for finding in found] == levels
    assert all(finding.fix for finding in found if finding.level is not Level.OK)


def test_an_attribute_that_cannot_be_watched_is_left_to_the_cycle_with_a_warning() -> None:
    rules = [rule("User", title="[jobTitle]", manager="[manager]")]

    watched, left = mapping.check_watched(rules, RULE)
    [all_of_them] = mapping.check_watched([rule("User", title="[jobTitle]")], RULE)

    assert (watched.level, watched.found) == (Level.OK, "1 properties of users are watched")
    assert (left.level, left.found) == (Level.WARNING, "Hasten cannot watch manager")
    assert all_of_them.level is Level.OK
