"""Entries of the log and answers with words that Hasten does not know: they never prove that access
has gone, and a doubt costs only a call."""

import json
from typing import Any

import pytest

from hasten.domain.changes import DIRECT, State
from hasten.domain.proof import UNKNOWN_ACTION, Says, proof
from hasten.domain.settlement import ACCOUNT_DISABLED_EARLY
from hasten.domain.verdicts import Answer, Verdict, read_verdict
from tests.unit.domain.rows import USERS, change
from tests.unit.domain.settling import by_user, settled
from tests.unit.domain.test_proof import (
    ACTIVE_OFF,
    ACTIVE_ON,
    JOINED,
    KEEPS,
    LEFT,
    entry,
    exported,
    member,
    skipped_in,
    steps,
    with_step,
)

UNKNOWN: list[Any] = ["unknownFutureValue", "somethingNew", "", None]
TAKEN = entry("disable", seconds=1)
DIRECTLY = change(group=DIRECT, called_at=JOINED.called_at)


def later(action: Any, status: Any = "success", **more: Any) -> dict[str, Any]:
    return entry(action, status, seconds=2, **more)


@pytest.mark.parametrize("status", [*UNKNOWN, "warning", "success"])
@pytest.mark.parametrize(
    "told",
    [
        {"action": "enable"},
        {"action": "create"},
        {"action": "update", "modifiedProperties": ACTIVE_ON},
        {"action": "update", "provisioningSteps": steps(active="True")},
        {"action": "other", "provisioningSteps": steps(active="True")},
    ],
)
def test_an_account_that_may_be_active_again_is_not_confirmed_by_what_was_before(
    told: dict[str, Any], status: Any
) -> None:
    assert proof(LEFT, [TAKEN, later(**told, status=status)]).says is Says.CONTRADICTED


@pytest.mark.parametrize("status", [*UNKNOWN, "warning"])
@pytest.mark.parametrize("kind", ["export", "unknownFutureValue", None])
def test_a_grant_whose_export_says_nothing_clear_is_a_doubt(kind: Any, status: Any) -> None:
    step = {"provisioningStepType": kind, "status": status}

    given = later("update", modifiedProperties=ACTIVE_ON, provisioningSteps=[step])

    assert proof(LEFT, [TAKEN, given]).says is Says.CONTRADICTED


@pytest.mark.parametrize(
    "told", [later("enable", "skipped"), later("update", "unknownFutureValue")]
)
def test_an_entry_that_gives_nothing_leaves_the_proof_from_before(told: dict[str, Any]) -> None:
    assert proof(LEFT, [TAKEN, told]).says is Says.CONFIRMED


@pytest.mark.parametrize("action", UNKNOWN)
@pytest.mark.parametrize("changed", [[], ACTIVE_OFF])
def test_an_unknown_action_confirms_no_removal_and_no_direct_grant(
    action: Any, changed: list[dict[str, Any]]
) -> None:
    told = later(action, modifiedProperties=changed)

    assert proof(LEFT, [told]) == proof(LEFT, [TAKEN, told])
    assert proof(LEFT, [told]).says is Says.CONTRADICTED
    assert proof(LEFT, [told]).reason == UNKNOWN_ACTION
    assert proof(DIRECTLY, [told]).says is (Says.SKIPPED if changed else Says.NOTHING)


def test_an_unknown_action_that_was_skipped_or_failed_is_read_as_such() -> None:
    skip = {**skipped_in("x", active="False"), "provisioningAction": "somethingNew"}

    assert proof(LEFT, [skip]).says is Says.CONFIRMED
    assert proof(LEFT, [later("somethingNew", "failure", code="Timeout")]).passes


@pytest.mark.parametrize("status", UNKNOWN)
@pytest.mark.parametrize("kind", ["import", "matching", "export", "unknownFutureValue", None])
def test_a_step_of_unknown_status_leaves_a_removal_unproven(kind: Any, status: Any) -> None:
    assert proof(LEFT, [with_step("disable", kind, status)]).says is Says.NOTHING
    assert proof(KEEPS, [with_step("delete", kind, status)]).says is Says.NOTHING


@pytest.mark.parametrize("kind", ["unknownFutureValue", None])
def test_a_skipped_step_of_unknown_type_may_be_the_export(kind: Any) -> None:
    assert proof(LEFT, [with_step("disable", kind, "skipped")]).says is Says.NOTHING
    assert proof(LEFT, [with_step("disable", kind, "success")]).says is Says.CONFIRMED


@pytest.mark.parametrize("status", ["Succeeded", "SUCCESS"])
def test_the_form_of_a_success_in_the_log_does_not_matter(status: str) -> None:
    assert proof(LEFT, [entry("disable", status)]).says is Says.CONFIRMED
    assert proof(LEFT, [exported("disable", status)]).says is Says.CONFIRMED


@pytest.mark.parametrize("status", UNKNOWN)
def test_a_membership_that_may_be_back_is_not_confirmed_by_what_was_before(status: Any) -> None:
    gone, back = member(old=USERS[0]), {**member(new=USERS[0]), "activityDateTime": AT}
    back["provisioningStatusInfo"] = {"status": status}

    assert proof(KEEPS, [gone, back]).says is Says.CONTRADICTED


AT = later("update")["activityDateTime"]


@pytest.mark.parametrize("action", [*UNKNOWN, "stagedDelete", "StagedAction"])
def test_a_membership_is_not_gone_by_an_action_that_may_not_be_made(action: Any) -> None:
    told = {**member(old=USERS[0]), "provisioningAction": action}

    assert proof(KEEPS, [told]).says is Says.NOTHING


def answered(action: Any, **more: Any) -> Verdict:
    value = {"action": action, "statusInfo": {"status": "Success"}, **more}
    body = {"key": json.dumps({"result": "Success"}), "value": json.dumps([value])}
    return read_verdict(Answer(200, json.dumps(body).encode()))


@pytest.mark.parametrize("action", [*UNKNOWN, "StagedDelete", "stagedAction"])
def test_an_answer_with_an_action_that_may_not_be_made_took_nothing(action: Any) -> None:
    assert not answered(action, modifiedProperties=ACTIVE_OFF).took
    assert answered("Update", modifiedProperties=ACTIVE_OFF).took


@pytest.mark.parametrize("action", [*UNKNOWN, "StagedDelete"])
def test_a_record_that_may_not_be_made_spoils_the_one_beside_it(action: Any) -> None:
    records = [{"action": "Disable"}, {"action": action, "modifiedProperties": ACTIVE_OFF}]
    body = {"key": json.dumps({"result": "Success"}), "value": json.dumps(records)}

    assert not read_verdict(Answer(200, json.dumps(body).encode())).took


@pytest.mark.parametrize("action", [*UNKNOWN, "StagedDelete", "Disable", "Update"])
def test_a_grant_that_is_answered_with_a_removal_is_tried_again_also_if_it_is_not_made(
    action: Any,
) -> None:
    joiner = change(group=DIRECT)

    after = settled(joiner, answered(action, modifiedProperties=ACTIVE_OFF), call=by_user(joiner))

    assert (after.state, after.reason) == (State.WAITING, ACCOUNT_DISABLED_EARLY)


@pytest.mark.parametrize("action", ["stagedDelete", "disable", "unknownFutureValue"])
def test_a_direct_grant_is_not_confirmed_by_a_removal_that_is_not_made(action: str) -> None:
    told = later(action, "warning", modifiedProperties=ACTIVE_OFF)

    assert proof(DIRECTLY, [told]).says in {Says.NOTHING, Says.SKIPPED}
