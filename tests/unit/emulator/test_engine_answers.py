"""Answers and requests of provisionOnDemand, as Microsoft documents them."""

import json
from typing import Any

import pytest

from emulator.engine import answers, requests
from emulator.engine.app import By
from emulator.engine.job import Job
from emulator.engine.on_demand import Code, Outcome
from emulator.engine.run import Run
from emulator.engine.scope import Entitlement
from emulator.graph.directory import Directory
from emulator.graph.errors import GraphError
from emulator.graph.objects import Entity

RUN = Run(by=By.ON_DEMAND, began=1000.0, ended=1003.0)
JOB = Job(id="scim.abc", rule="33f7c90d-bf71-41b1-bda6-aaf0ddbee5d8#V2", inbound_rule="other")
ENTITLED = Entitlement(is_active=True, assigned=True)


@pytest.fixture
def directory() -> Directory:
    return Directory(lambda: 0.0, lambda: 0.0)


@pytest.fixture
def user(directory: Directory) -> Entity:
    return directory.create_user({"displayName": "Ada", "userPrincipalName": "ada@contoso.example"})


@pytest.fixture
def group(directory: Directory) -> Entity:
    return directory.create_group({"displayName": "TOTAL-Admin", "mailNickname": "admin"})


def told(outcome: Outcome) -> tuple[Any, Any]:
    body = answers.answer(outcome, RUN, "http://graph/v1.0")
    return json.loads(body["key"]), json.loads(body["value"])


def test_a_group_that_was_changed_is_answered_without_a_record(group: Entity) -> None:
    assert told(Outcome(Code.SUCCESS, group, "Update", ENTITLED)) == (
        {"result": "Success", "details": {}},
        {},
    )


def test_a_user_already_in_step_is_skipped_as_redundant(user: Entity) -> None:
    key, value = told(Outcome(Code.REDUNDANT, user, "Other", ENTITLED))

    assert key == {
        "result": "Skipped",
        "details": {
            "errorCode": "RedundantExport",
            "errorMessage": "The state of the user in both the source and target systems "
            "already match.",
        },
    }
    assert value["action"] == "Other"
    assert value["statusInfo"]["status"] == "Skipped"
    assert value["provisioningSteps"][-1]["details"] == {"SkipReason": "RedundantExport"}


def test_the_scoping_step_says_whether_a_user_is_disabled_or_not_assigned(user: Entity) -> None:
    entitlement = Entitlement(is_active=False, assigned=True)

    _, value = told(Outcome(Code.NOT_ENTITLED, user, "Other", entitlement))

    scoping = next(s for s in value["provisioningSteps"] if s["type"] == "Scoping")
    assert scoping["details"]["IsActive"] == "False"
    assert scoping["details"]["Assigned"] == "True"
    assert scoping["details"]["IsEffectivelyEntitledForProvisioning"] == "False"


def test_an_error_of_the_app_is_a_failure_with_its_code(user: Entity) -> None:
    key, value = told(Outcome(Code.FAILURE, user, "Other", ENTITLED, "TooManyRequests"))

    assert (key["result"], key["details"]["errorCode"]) == ("Failure", "TooManyRequests")
    assert value["statusInfo"]["errorCode"] == "TooManyRequests"


def asking(*subjects: dict[str, Any], rule: str = JOB.rule) -> dict[str, Any]:
    return {"parameters": [{"ruleId": rule, "subjects": list(subjects)}]}


def subject(entity: Entity, *members: Entity) -> dict[str, Any]:
    named: dict[str, Any] = {"objectId": entity.id, "objectTypeName": entity.kind.capitalize()}
    if members:
        named["links"] = {"members": [subject(member) for member in members]}
    return named


def test_a_group_is_read_with_the_members_it_names(
    directory: Directory, group: Entity, user: Entity
) -> None:
    asked = requests.read(asking(subject(group, user)), JOB, directory)

    assert asked == requests.Asked(group, [user])


def test_a_rule_that_the_job_does_not_have_is_refused_in_graphs_words(
    directory: Directory, user: Entity
) -> None:
    with pytest.raises(GraphError) as refused:
        requests.read(asking(subject(user), rule=""), JOB, directory)

    assert (refused.value.status, refused.value.code) == (400, "RequestParameterInvalid")
    assert refused.value.message == (
        "The request identified this synchronization job: scim.abc.  The request also identified "
        "this synchronization rule: .  However, the job does not include the rule."
    )


def test_more_than_five_members_or_two_objects_are_over_the_limit(
    directory: Directory, group: Entity, user: Entity
) -> None:
    for body in (asking(subject(group, *[user] * 6)), asking(subject(group), subject(user))):
        with pytest.raises(requests.OverLimitError):
            requests.read(body, JOB, directory)


def test_an_unknown_object_is_not_found(directory: Directory) -> None:
    unknown = {"objectId": "11111111-1111-4111-8111-111111111111", "objectTypeName": "User"}

    with pytest.raises(GraphError) as refused:
        requests.read(asking(unknown), JOB, directory)

    assert refused.value.status == 404


def test_the_object_type_is_spelled_with_a_capital(directory: Directory, user: Entity) -> None:
    wrong = {"objectId": user.id, "objectTypeName": "user"}

    with pytest.raises(GraphError) as refused:
        requests.read(asking(wrong), JOB, directory)

    assert refused.value.status == 400
