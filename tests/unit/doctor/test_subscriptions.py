"""Whether Graph tells of each group."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.doctor.findings import Finding, Level
from hasten.doctor.subscriptions import Expected, check
from hasten.ports.directory_values import ListedSubscriptions
from hasten.records.subscriptions import SubscriptionRecord
from tests.support.virtual_time import START
from tests.support.world import ENGINEERING

URL = "https://hasten.example/api/graph/notifications"
EXPECTED = Expected(url=URL, state="ours", now=START)
RECORD = SubscriptionRecord(
    id="s-1", resource=f"groups/{ENGINEERING}", expires=START + timedelta(days=25), state="ours"
)


def listed(**fields: Any) -> dict[str, Any]:
    return {
        "id": "S-1",
        "resource": f"groups/{ENGINEERING}",
        "notificationUrl": URL,
        "expirationDateTime": (START + timedelta(days=25)).isoformat(),
        **fields,
    }


def judged(
    *of_graph: dict[str, Any], record: SubscriptionRecord = RECORD, unread: Sequence[str] = ()
) -> Finding:
    [found] = check([ENGINEERING], ListedSubscriptions(of_graph, unread), [record], EXPECTED)
    return found


@pytest.mark.parametrize("resource", [f"groups/{ENGINEERING}", "/groups"])
def test_one_of_the_group_or_of_all_groups_will_do(resource: str) -> None:
    found = judged(listed(resource=resource))

    assert (found.level, "25 days" in found.found) == (Level.OK, True)


def test_one_that_is_not_there_is_a_problem() -> None:
    assert judged().level is Level.PROBLEM


def test_one_that_expired_is_said_to_have() -> None:
    found = judged(record=replace(RECORD, expires=START - timedelta(hours=1)))

    assert "expired at 2026-11-24 08:00Z" in found.found


def test_one_of_another_app_is_none_of_ours() -> None:
    found = judged(listed(notificationUrl="https://another.example"))

    assert (found.level, "none of ours" in found.found) == (Level.PROBLEM, True)


def test_one_that_the_store_does_not_know_is_refused() -> None:
    found = judged(listed(), record=replace(RECORD, id="another"))

    assert (found.level, "not in the store" in found.found) == (Level.PROBLEM, True)


def test_one_made_with_another_secret_is_refused() -> None:
    found = judged(listed(), record=replace(RECORD, state="theirs"))

    assert found.level is Level.PROBLEM
    assert "HASTEN_CLIENT_STATE_SECRET_PREVIOUS" in found.fix


def test_one_that_should_have_been_renewed_is_worth_a_warning() -> None:
    found = judged(listed(expirationDateTime=(START + timedelta(days=3)).isoformat()))

    assert (found.level, "3 days" in found.found) == (Level.WARNING, True)


@pytest.mark.parametrize("unread", ["", "s-1"])
def test_one_that_may_be_an_entry_that_cannot_be_read_is_worth_a_warning(unread: str) -> None:
    found = judged(unread=[unread])

    assert (found.level, "cannot be read" in found.found) == (Level.WARNING, True)


@pytest.mark.parametrize(
    ("record", "unread"),
    [
        (RECORD, "another"),
        (replace(RECORD, resource="groups/another"), ""),
        (replace(RECORD, expires=START - timedelta(hours=1)), ""),
    ],
    ids=["the id of another", "none in the store", "ended"],
)
def test_an_entry_that_cannot_be_read_excuses_no_subscription_that_it_cannot_be(
    record: SubscriptionRecord, unread: str
) -> None:
    assert judged(record=record, unread=[unread]).level is Level.PROBLEM


def test_an_entry_that_cannot_be_read_hides_none_that_can() -> None:
    ending = judged(listed(expirationDateTime=(START + timedelta(days=3)).isoformat()), unread=[""])

    assert (judged(listed(), unread=[""]).level, ending.level) == (Level.OK, Level.WARNING)
    assert "3 days" in ending.found


PEOPLE = listed(id="S-2", resource="users")
OF_PEOPLE = replace(RECORD, id="s-2", resource="users")


def test_that_of_all_users_is_checked_where_people_are_watched() -> None:
    [group, people] = check(
        [ENGINEERING],
        ListedSubscriptions([listed(), PEOPLE]),
        [RECORD, OF_PEOPLE],
        EXPECTED,
        people=True,
    )

    assert (group.level, people.level) == (Level.OK, Level.OK)
    assert "that of all users ends in 25 days" in people.found


def test_one_of_all_groups_does_not_cover_users() -> None:
    [_, missing] = check(
        [ENGINEERING],
        ListedSubscriptions([listed(resource="/groups")]),
        [RECORD],
        EXPECTED,
        people=True,
    )
    [_, ended] = check(
        [ENGINEERING],
        ListedSubscriptions([listed()]),
        [RECORD, replace(OF_PEOPLE, expires=START - timedelta(hours=1))],
        EXPECTED,
        people=True,
    )

    assert (missing.level, "none of ours for all users" in missing.found) == (Level.PROBLEM, True)
    assert "that of all users expired at 2026-11-24 08:00Z" in ended.found
