"""Change notifications, on the golden payloads: which give a hint, and which are refused."""

from typing import Any

import pytest

from hasten.domain.notifications import (
    Hint,
    Lifecycle,
    LifecycleEvent,
    PersonHint,
    Refusal,
    hint,
    parse,
    read_lifecycle,
)
from hasten.limits import MAX_HINTS
from tests.events import golden

CLIENT_STATE = "SecretClientState"
TENANT = "7d96d549-841b-4092-9c09-89abae4c860c"
SUBSCRIPTION = "092ba742-89d2-4417-a4c7-c120db062842"
GROUP = "0bc7d487-fd6f-41a0-8362-71ec81074f11"
OTHER_TENANT = "0d4ca527-dc44-43d1-84c1-b63d1b1e024d"
OTHER_SUBSCRIPTION = "26a5aadf-b10d-425c-98a4-aa9c2e0b0b45"
OTHER_GROUP = "14b0fed8-8714-4140-b0da-f05759d10b5d"
FIRST, SECOND, THIRD = (
    "4d147cc8-10cb-4158-ac52-90ee8ff9d846",
    "636b5365-803f-4703-8cd8-a39d473fe31a",
    "cbc86211-6ada-4803-b73f-8039cf56d8a2",
)
UNKNOWN_SUBSCRIPTION = "ffffffff-0000-4000-8000-000000000000"
NOBODY: frozenset[str] = frozenset()


def judged(
    item: object, tenant: str = TENANT, ours: str = CLIENT_STATE
) -> Hint | PersonHint | Refusal:
    return parse(item, tenant=tenant, is_ours=lambda presented: presented == ours)


def item(**changes: Any) -> dict[str, Any]:
    [captured] = golden.parsed("notifications", "member-added-and-removed")["value"]
    return {**captured, **changes}


EXPECTED: dict[str, list[Hint | PersonHint | Refusal]] = {
    "member-added-and-removed": [Hint(GROUP, SUBSCRIPTION)],
    "member-removed": [Hint(GROUP, SUBSCRIPTION, removed=frozenset({FIRST}))],
    "member-removed-as-object": [Hint(GROUP, SUBSCRIPTION, removed=frozenset({FIRST}))],
    "members-wrapped": [Hint(GROUP, SUBSCRIPTION, frozenset({FIRST}), frozenset({SECOND}))],
    "group-renamed": [Hint(GROUP, SUBSCRIPTION)],
    "group-deleted": [Hint(GROUP, SUBSCRIPTION)],
    "several-subscriptions": [
        Hint(GROUP, SUBSCRIPTION, added=frozenset({FIRST})),
        Hint(OTHER_GROUP, OTHER_SUBSCRIPTION, removed=frozenset({SECOND})),
        Hint(GROUP, OTHER_SUBSCRIPTION, added=frozenset({THIRD})),
    ],
    # Whether a subscription is known takes the store: the hint names it, for the caller to check.
    "unknown-subscription": [Hint(GROUP, UNKNOWN_SUBSCRIPTION, added=frozenset({FIRST}))],
    "member-added": [Refusal.WRONG_CLIENT_STATE],
    "wrong-client-state": [Refusal.WRONG_CLIENT_STATE],
    "no-client-state": [Refusal.WRONG_CLIENT_STATE],
    "event-hubs-validation": [Refusal.WRONG_CLIENT_STATE],
    "wrong-tenant": [Refusal.WRONG_TENANT],
    "user-updated": [PersonHint(FIRST, SUBSCRIPTION)],
    "user-deleted": [PersonHint(FIRST, SUBSCRIPTION)],
    "lifecycle-reauthorization-required": [Refusal.MALFORMED],
}


def test_every_golden_notification_is_read_here() -> None:
    assert golden.names("notifications") == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_notification_gives_a_hint_or_is_refused(name: str) -> None:
    body = golden.parsed("notifications", name)

    assert [judged(item) for item in body["value"]] == EXPECTED[name]


def test_the_captured_addition_is_believed_by_the_tenant_and_the_secret_it_belongs_to() -> None:
    [captured] = golden.parsed("notifications", "member-added")["value"]

    read = judged(captured, tenant=OTHER_TENANT.upper(), ours=captured["clientState"])

    assert read == Hint(OTHER_GROUP, OTHER_SUBSCRIPTION, added=frozenset({SECOND}))


@pytest.mark.parametrize("resource", [f"Groups/{GROUP}", f"/groups/{GROUP.upper()}/members"])
def test_a_group_is_known_by_any_spelling_of_its_resource(resource: str) -> None:
    read = judged(item(resource=resource))

    assert isinstance(read, Hint)
    assert read.group == GROUP


@pytest.mark.parametrize(
    "resource",
    [
        "",
        "groups",
        f"Users/{GROUP}/manager",
        "Users",
        f"Groups/{GROUP}/owners",
        f"x/Groups/{GROUP}",
        f"Groups/{GROUP}\n",
        "Groups/../users",
    ],
)
def test_a_resource_that_is_neither_one_group_nor_one_user_is_refused(resource: str) -> None:
    assert judged(item(resource=resource)) is Refusal.OTHER_RESOURCE


@pytest.mark.parametrize("broken", [None, 5, "text", [], {}])
def test_an_item_that_is_no_notification_is_refused(broken: object) -> None:
    assert isinstance(judged(broken), Refusal)


@pytest.mark.parametrize("name", ["resource", "subscriptionId"])
@pytest.mark.parametrize("value", [None, 5, {}])
def test_an_item_without_a_readable_resource_or_subscription_is_refused(
    name: str, value: object
) -> None:
    assert judged(item(**{name: value})) is Refusal.MALFORMED


@pytest.mark.parametrize("forged", [None, 5, {}, "", "secretclientstate"])
def test_the_client_state_is_judged_before_anything_else(forged: object) -> None:
    read = judged(item(clientState=forged, tenantId=OTHER_TENANT, resource=None))

    assert read is Refusal.WRONG_CLIENT_STATE


@pytest.mark.parametrize(
    "members",
    [
        None,
        "text",
        5,
        {"value": None},
        [None, 5, "text", {}],
        [{"id": None}, {"id": 7}, {"id": "not-an-id"}, {"id": f"{FIRST}' or 1"}],
    ],
)
def test_members_that_cannot_be_read_are_no_hint_and_no_harm(members: object) -> None:
    read = judged(item(resourceData={"members@delta": members}))

    assert read == Hint(GROUP, SUBSCRIPTION)


@pytest.mark.parametrize("data", [None, [], "text"])
def test_a_notification_without_resource_data_still_points_at_its_group(data: object) -> None:
    assert judged(item(resourceData=data)) == Hint(GROUP, SUBSCRIPTION)


def test_merged_hints_forget_who_is_named_on_both_sides() -> None:
    joined = hint(GROUP, SUBSCRIPTION, frozenset({FIRST, SECOND}), NOBODY)
    left = hint(GROUP, SUBSCRIPTION, NOBODY, frozenset({FIRST, THIRD}))

    expected = Hint(GROUP, SUBSCRIPTION, frozenset({SECOND}), frozenset({THIRD}))
    assert joined.merged(left) == left.merged(joined) == expected


@pytest.mark.parametrize(
    ("added", "removed", "kept"),
    [
        (MAX_HINTS + 9, 0, (MAX_HINTS, 0)),
        (MAX_HINTS, 30, (MAX_HINTS - 30, 30)),
        (9, MAX_HINTS + 9, (0, MAX_HINTS)),
    ],
)
def test_a_hint_names_a_bounded_number_of_members_and_prefers_removals(
    added: int, removed: int, kept: tuple[int, int]
) -> None:
    joined, left = (
        {f"{side}{n}" for n in range(count)} for side, count in (("a", added), ("r", removed))
    )

    bounded = hint(GROUP, SUBSCRIPTION, frozenset(joined), frozenset(left))

    assert (len(bounded.added), len(bounded.removed)) == kept
    assert bounded.added <= joined
    assert bounded.removed <= left


def told(**changes: Any) -> Lifecycle | Refusal:
    [captured] = golden.parsed("notifications", "lifecycle-reauthorization-required")["value"]
    return read_lifecycle(
        {**captured, **changes}, tenant=TENANT, is_ours=lambda presented: presented == CLIENT_STATE
    )


@pytest.mark.parametrize("event", ["reauthorizationRequired", "subscriptionRemoved", "missed"])
def test_a_lifecycle_event_names_its_subscription(event: str) -> None:
    read = told(lifecycleEvent=event, subscriptionId=SUBSCRIPTION.upper())

    assert read == Lifecycle(SUBSCRIPTION, LifecycleEvent(event))


def test_a_lifecycle_event_that_graph_added_since_is_known_as_such() -> None:
    assert told(lifecycleEvent="soon") == Lifecycle(SUBSCRIPTION, LifecycleEvent.UNKNOWN)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"clientState": "forged", "lifecycleEvent": None}, Refusal.WRONG_CLIENT_STATE),
        ({"tenantId": OTHER_TENANT}, Refusal.WRONG_TENANT),
        ({"subscriptionId": 5}, Refusal.MALFORMED),
        ({"lifecycleEvent": None}, Refusal.MALFORMED),
    ],
)
def test_a_lifecycle_event_that_is_not_ours_or_not_readable_is_refused(
    changes: dict[str, Any], refusal: Refusal
) -> None:
    assert told(**changes) is refusal


def test_a_change_notification_is_no_lifecycle_event() -> None:
    read = read_lifecycle(item(), tenant=TENANT, is_ours=lambda presented: True)

    assert read is Refusal.MALFORMED
