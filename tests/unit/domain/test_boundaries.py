"""Moments and defaults on which a decision turns."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.domain.account import about, names_grant, skip_reason, steps
from hasten.domain.answer_steps import steps_said
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Cause, State
from hasten.domain.cycle import ENTRA_CLOCK_SKEW
from hasten.domain.follow_ups import (
    CALLBACK_MAX_WAIT,
    MAX_AGE_OF_SESSIONS,
    FollowUp,
    RevocationProof,
    What,
    proof,
)
from hasten.domain.matching import job_match
from hasten.domain.named_members import leaves_out
from hasten.domain.notifications import claimed_subscription
from hasten.domain.proof import Proof, Says, names
from hasten.domain.proof import proof as log_proof
from hasten.domain.roles import choose_role
from hasten.domain.verdicts import Answer, Result, read_verdict
from hasten.errors import PermanentError
from hasten.limits import LOG_SETTLED_AFTER
from tests.unit.domain.rows import NOW, USERS, change, removal, seconds
from tests.unit.domain.test_proof import entry, member, skipped_in

INSTANT = timedelta(microseconds=1)
CAUSE = Cause("/hr", "1")


def follow_up(what: What) -> FollowUp:
    return FollowUp(
        what=what,
        target="TOTAL",
        user=USERS[0],
        cause=CAUSE,
        event_time=NOW,
        asked_at=NOW,
        due_at=NOW,
        is_complete=True,
    )


@pytest.mark.parametrize(
    ("what", "longest"), [(What.RESUME, CALLBACK_MAX_WAIT), (What.SESSIONS, MAX_AGE_OF_SESSIONS)]
)
def test_a_follow_up_is_too_old_after_its_time(what: What, longest: timedelta) -> None:
    asked = follow_up(what)

    assert not asked.is_too_old(NOW + longest)
    assert asked.is_too_old(NOW + longest + INSTANT)


def test_the_first_group_that_waits_says_why() -> None:
    rows = [removal(state=State.WAITING, causes=(CAUSE,), reason=reason) for reason in ("a", "b")]

    assert proof(follow_up(What.RESUME), [(None, one) for one in rows]) == (
        RevocationProof.WAITING,
        "a",
    )
    waits = replace(rows[0], reason="")
    assert proof(follow_up(What.RESUME), [(None, waits)])[1] == "the revocation is waiting"


# --- the provisioning log ---


@pytest.mark.parametrize(("late", "says"), [(seconds(0), Says.CONFIRMED), (INSTANT, Says.NOTHING)])
def test_an_entry_counts_from_the_call_less_the_difference_of_the_clocks(
    late: timedelta, says: Says
) -> None:
    at = NOW + ENTRA_CLOCK_SKEW + late

    assert log_proof(change(called_at=at), [entry(seconds=0)]).says is says
    assert log_proof(change(found_at=at), [entry(seconds=0)]).says is says
    found = leaves_out(change(called_at=at), [dated(NOW)], at + LOG_SETTLED_AFTER)
    assert found is (says is Says.CONFIRMED)


def dated(at: datetime) -> dict[str, Any]:
    return {**member(new=USERS[1]), "activityDateTime": at.isoformat()}


def test_an_entry_without_a_time_leaves_nobody_out() -> None:
    later = NOW + LOG_SETTLED_AFTER
    undated = {**dated(NOW), "activityDateTime": None}

    assert not leaves_out(change(called_at=NOW), [undated], later)
    assert leaves_out(change(called_at=NOW), [undated, dated(NOW)], later)
    assert not leaves_out(change(called_at=NOW, group=OWN_ACCOUNT), [dated(NOW)], later)
    with pytest.raises(ValueError, match="no activityDateTime"):
        log_proof(change(), [undated])


def test_a_proof_passes_and_is_absent_only_where_it_is_said() -> None:
    plain = Proof(Says.CONTRADICTED)

    assert (plain.passes, plain.is_absent) == (False, False)
    deleted = log_proof(removal(called_at=NOW), [entry("delete")])
    disabled = log_proof(removal(called_at=NOW), [entry("disable")])
    assert (deleted.is_absent, disabled.is_absent) == (True, False)
    skipped = log_proof(removal(called_at=NOW), [skipped_in("RedundantExport", active="False")])
    assert (skipped.says, skipped.is_absent) == (Says.CONFIRMED, False)


def test_a_failure_without_a_reason_says_so() -> None:
    failed = entry("create", "failure")

    assert log_proof(change(called_at=NOW), [failed]).reason == "the log gives no reason"
    assert log_proof(change(called_at=NOW, group=DIRECT), [failed]).says is Says.CONTRADICTED
    other = {**failed, "sourceIdentity": {"id": USERS[1]}}
    assert log_proof(change(called_at=NOW), [other]).says is Says.NOTHING


def test_a_member_on_both_sides_has_neither_joined_nor_left() -> None:
    both = member(old=USERS[0], new=USERS[0])

    assert not names(USERS[0], both, "oldValue")
    assert not names(USERS[0], both, "newValue")
    assert names(USERS[0], member(new=USERS[0]), "newValue")
    assert not names(USERS[0], member(new=USERS[0]), "oldValue")


# --- answers ---


def test_an_answer_names_its_object_its_first_skip_and_every_step() -> None:
    skipped = {"details": {"SkipReason": "A"}}
    records: list[dict[str, Any]] = [
        {"provisioningSteps": [{"details": None}, {"details": {}}, skipped]},
        {"provisioningSteps": {"details": {"SkipReason": "B"}}},
    ]

    assert skip_reason(records) == "A"
    assert skip_reason(records[1:]) == "B"
    assert skip_reason([]) == ""
    twice = {"details": {"SkipReason": "A", "skipReason": "B"}}
    assert skip_reason([{"provisioningSteps": [twice]}]) == "B"
    assert len(list(steps(records))) == 4
    assert about({"sourceIdentity": {"id": "ABC"}}) == "abc"
    assert about({"sourceIdentity": {"id": None}}) == ""
    assert about({"sourceIdentity": "x"}) == ""
    assert len(steps_said([{"provisioningSteps": [{}] * 11}])) == 10


def test_an_account_is_given_by_the_action_or_by_setting_active() -> None:
    on = {"modifiedProperties": [{"displayName": "Active", "newValue": "True"}]}

    assert names_grant({"provisioningAction": "Create"})
    assert names_grant({**on, "action": "update"})
    assert names_grant({"action": "Enable"})
    assert not names_grant({"action": "update"})
    assert not names_grant({})


@pytest.mark.parametrize(
    ("status", "accepted"), [(199, False), (200, True), (299, True), (300, False)]
)
def test_only_a_2xx_is_an_answer_of_entra(status: int, *, accepted: bool) -> None:
    assert Answer(status, b"").accepted is accepted


@pytest.mark.parametrize("status", [499, 500])
def test_graph_is_unavailable_from_500_on(status: int) -> None:
    body = b'{"error": {"code": "x", "message": "m"}}'

    verdict = read_verdict(Answer(status, body, seconds(7)))

    assert verdict.result is (Result.UNAVAILABLE if status == 500 else Result.FAILED)
    assert verdict.retry_after == (seconds(7) if status == 500 else None)
    assert verdict.reason == f"HTTP {status} x m"
    assert (verdict.took, verdict.is_skip) == (False, False)


# --- jobs, roles and notifications ---


def test_the_source_of_a_mapping_is_its_expression_or_else_its_name() -> None:
    def match(source: dict[str, Any] | None) -> str:
        mapping = {"targetAttributeName": "userName", "source": source, "matchingPriority": 1}
        mapped = {"sourceObjectName": "User", "attributeMappings": [mapping]}
        empty = {"id": "r", "objectMappings": None}
        other = {"id": "other", "objectMappings": [mapped]}
        return job_match([other, empty, {"id": "r", "objectMappings": [mapped]}], "r").entra

    assert match({"expression": "[mail]", "name": "objectId"}) == "mail"
    assert match({"name": "objectId"}) == "id"
    assert match(None) == ""


def test_a_role_that_is_not_enabled_or_not_for_users_is_none() -> None:
    role = {"id": "1", "value": "User", "allowedMemberTypes": ["User"], "isEnabled": True}
    off, of_apps = {**role, "isEnabled": False}, {**role, "allowedMemberTypes": ["Application"]}
    named = {**role, "id": "2", "value": None, "displayName": "B"}

    assert choose_role([off, of_apps, role], "") == "1"
    assert choose_role([role, {**role, "id": "2", "value": None, "displayName": None}], "") == "1"
    with pytest.raises(PermanentError, match="no role X; those for users are: B, User"):
        choose_role([role, named], "X")
    with pytest.raises(PermanentError, match="no role X; those for users are: none"):
        choose_role([off], "X")
    with pytest.raises(PermanentError, match="the app declares 2 roles"):
        choose_role([named, {**named, "id": "3"}], "")


@pytest.mark.parametrize(
    ("item", "claimed"),
    [
        ({"subscriptionId": "ABC", "tenantId": "T"}, "abc"),
        ({"subscriptionId": "ABC", "tenantId": "x"}, None),
        ({"subscriptionId": 7, "tenantId": "t"}, None),
        ({"subscriptionId": "ABC"}, None),
        ("ABC", None),
    ],
)
def test_an_unproven_item_claims_a_subscription_of_our_tenant(
    item: object, claimed: str | None
) -> None:
    assert claimed_subscription(item, tenant="t") == claimed
