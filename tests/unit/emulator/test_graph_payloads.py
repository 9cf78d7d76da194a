"""Change notifications have the shape that was captured from Graph."""

import pytest

from emulator.graph.directory import Directory
from emulator.graph.objects import Change, Entity
from emulator.graph.payloads import item
from emulator.graph.subscriptions import Subscription

TENANT = "0d4ca527-dc44-43d1-84c1-b63d1b1e024d"
AT = 1_627_267_212.038565


@pytest.fixture
def directory() -> Directory:
    return Directory(lambda: AT, lambda: AT)


def subscription(resource: str, change_types: str = "updated") -> Subscription:
    return Subscription(
        id="26a5aadf-b10d-425c-98a4-aa9c2e0b0b45",
        resource=resource,
        change_types=frozenset(change_types.split(",")),
        client_state="secret",
        url="http://127.0.0.1/hook",
        lifecycle_url=None,
        expires=1_628_074_800.0,
        application="app",
    )


def member(directory: Directory) -> tuple[Entity, Entity]:
    user = directory.create_user({"displayName": "U", "userPrincipalName": "u@contoso.example"})
    return directory.create_group({"displayName": "G", "mailNickname": "g"}, [user.id]), user


def test_an_added_and_a_removed_member_look_as_captured(directory: Directory) -> None:
    group, user = member(directory)
    added = Change(AT, AT, group, user, removed=False)
    removed = Change(AT, AT, group, user, removed=True)

    assert item(subscription("/groups"), [added, removed], TENANT) == {
        "changeType": "updated",
        "clientState": "secret",
        "resource": f"Groups/{group.id}",
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.Group",
            "@odata.id": f"Groups/{group.id}",
            "id": group.id,
            "organizationId": TENANT,
            "eventTime": "2021-07-26T02:40:12.0385650Z",
            "sequenceNumber": 637_628_640_120_385_650,
            "members@delta": [{"id": user.id}, {"id": user.id, "@removed": "deleted"}],
        },
        "subscriptionExpirationDateTime": "2021-08-04T11:00:00+00:00",
        "subscriptionId": "26a5aadf-b10d-425c-98a4-aa9c2e0b0b45",
        "tenantId": TENANT,
    }


def test_a_user_deleted_softly_is_an_update_and_for_good_a_deletion(directory: Directory) -> None:
    _, user = member(directory)
    soft = Change(AT, AT, user, None, removed=True)
    hard = Change(AT, AT, user, None, removed=True, gone=True)

    assert item(subscription("/users"), [soft], TENANT)["changeType"] == "updated"
    assert item(subscription("/users"), [hard], TENANT)["changeType"] == "deleted"


def test_a_subscription_wants_only_its_own_resource_and_change_types(directory: Directory) -> None:
    group, user = member(directory)
    joined = Change(AT, AT, group, user, removed=False)
    gone = Change(AT, AT, group, None, removed=True, gone=True)

    assert subscription("/groups").wants(joined)
    assert subscription(f"groups/{group.id}").wants(joined)
    assert subscription(f"Groups/{group.id}/members").wants(joined)
    assert not subscription(f"groups/{user.id}").wants(joined)
    assert not subscription("users").wants(joined)
    assert not subscription("groups").wants(gone)
    assert subscription("groups", "updated,deleted").wants(gone)
