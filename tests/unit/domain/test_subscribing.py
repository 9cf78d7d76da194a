"""Which subscriptions are made, renewed, replaced and removed: cases, and what holds for all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.subscribing import (
    GROUPS_RESOURCE,
    SAVED_WITHIN,
    Ours,
    Subscription,
    SubscriptionPlan,
    groups_of,
    plan_subscriptions,
    resource_of,
)
from hasten.limits import MAX_SUBSCRIPTIONS, SUBSCRIPTION_LIFETIME

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
URL = "https://hasten.example/api/graph/notifications"
LIFECYCLE_URL = "https://hasten.example/api/graph/lifecycle"
FOREIGN_URL = "https://other.example/"
GRAPHS_LIMIT = 100
"""Subscriptions of one app in one tenant."""


def group(number: int) -> str:
    return f"0000bbbb-0000-4000-8000-{number:012}"


MANY = [group(number) for number in range(MAX_SUBSCRIPTIONS + 1)]
FITTING = MANY[:-1]


def listed(resource: str, **changes: object) -> Subscription:
    made = Subscription(
        id=resource,
        resource=resource,
        url=URL,
        lifecycle_url=LIFECYCLE_URL,
        expires=NOW + SUBSCRIPTION_LIFETIME * 0.75,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def to_group(number: int, **changes: object) -> Subscription:
    return listed(resource_of(group(number)), **changes)


def ours(*known: Subscription, **outdated: str) -> Ours:
    states = {subscription.id: "now" for subscription in known}
    return Ours(url=URL, lifecycle_url=LIFECYCLE_URL, state="now", states=states | outdated)


def planned(*existing: Subscription, groups: list[str]) -> SubscriptionPlan:
    return plan_subscriptions(existing, groups, ours=ours(*existing), now=NOW)


def test_each_group_has_its_own_subscription_while_they_fit() -> None:
    assert planned(groups=FITTING).create == tuple(resource_of(group) for group in FITTING)


def test_one_subscription_to_all_groups_stands_in_when_they_do_not_fit() -> None:
    assert planned(groups=MANY) == SubscriptionPlan(create=(GROUPS_RESOURCE,))


def test_a_young_subscription_is_kept() -> None:
    existing = to_group(1)

    assert planned(existing, groups=[group(1)]) == SubscriptionPlan(keep=(existing,))


@pytest.mark.parametrize(("minutes", "renewed"), [(1, False), (0, True), (-1, True)])
def test_a_subscription_is_renewed_once_half_its_life_is_over(
    minutes: int, *, renewed: bool
) -> None:
    ends = NOW + SUBSCRIPTION_LIFETIME / 2 + timedelta(minutes=minutes)

    found = planned(to_group(1, expires=ends), groups=[group(1)])

    assert bool(found.renew) is renewed


@pytest.mark.parametrize("lifecycle_url", [None, URL])
def test_one_without_our_lifecycle_address_is_replaced_when_it_would_be_renewed(
    lifecycle_url: str | None,
) -> None:
    young = to_group(1, lifecycle_url=lifecycle_url)
    old = replace(young, expires=NOW + timedelta(days=1))

    assert planned(young, groups=[group(1)]) == SubscriptionPlan(keep=(young,))
    assert planned(old, groups=[group(1)]) == SubscriptionPlan(replace=(old,))


def test_one_that_has_expired_is_as_good_as_gone() -> None:
    found = planned(to_group(1, expires=NOW), groups=[group(1)])

    assert found == SubscriptionPlan(create=(resource_of(group(1)),))


def test_one_made_with_another_client_state_is_replaced() -> None:
    existing = to_group(1, id="old")

    found = plan_subscriptions([existing], [group(1)], ours=ours(old="before"), now=NOW)

    assert found == SubscriptionPlan(replace=(existing,))


def test_one_that_nobody_wrote_down_is_replaced_but_not_while_it_may_be_written_down() -> None:
    made_at = NOW - SAVED_WITHIN
    forgotten = to_group(1, expires=made_at + SUBSCRIPTION_LIFETIME)
    fresh = replace(forgotten, expires=forgotten.expires + timedelta(seconds=1))

    assert plan_subscriptions([forgotten], [group(1)], ours=ours(), now=NOW) == SubscriptionPlan(
        replace=(forgotten,)
    )
    assert plan_subscriptions([fresh], [group(1)], ours=ours(), now=NOW) == SubscriptionPlan()


def test_one_that_we_wrote_down_under_an_earlier_address_is_replaced() -> None:
    existing = to_group(1, url="https://before.example/api/graph/notifications")

    assert planned(existing, groups=[group(1)]) == SubscriptionPlan(replace=(existing,))


def test_a_subscription_to_no_watched_group_is_removed() -> None:
    existing = [to_group(1), to_group(2), listed("users", id="users")]

    found = planned(*existing, groups=[group(1)])

    assert found.keep == (existing[0],)
    assert set(found.orphans) == set(existing[1:])


def test_the_usable_one_of_two_subscriptions_to_a_group_is_kept() -> None:
    useful = to_group(1, id="useful")
    unknown = to_group(1, id="unknown", expires=useful.expires + timedelta(days=1))

    found = plan_subscriptions([unknown, useful], [group(1)], ours=ours(useful), now=NOW)

    assert found == SubscriptionPlan(keep=(useful,), orphans=(unknown,))


def test_those_of_single_groups_go_only_after_the_one_to_all_is_there() -> None:
    singles = [to_group(number) for number in range(MAX_SUBSCRIPTIONS)]

    found = planned(*singles, groups=MANY)

    assert found.create == (GROUPS_RESOURCE,)
    assert set(found.superseded) == set(singles)
    assert not found.orphans


def test_the_one_to_all_goes_only_after_those_of_single_groups_are_there() -> None:
    to_all = listed(GROUPS_RESOURCE)

    found = planned(to_all, groups=FITTING)

    assert found.superseded == (to_all,)
    assert len(found.create) == MAX_SUBSCRIPTIONS
    assert not found.orphans


def test_a_subscription_just_made_by_another_instance_replaces_nothing_before_it_is_known() -> None:
    fresh = listed(GROUPS_RESOURCE, expires=NOW + SUBSCRIPTION_LIFETIME)
    singles = [to_group(number) for number in range(MAX_SUBSCRIPTIONS)]

    assert plan_subscriptions([fresh, *singles], MANY, ours=ours(*singles), now=NOW).is_settled


def test_without_any_watched_group_all_of_ours_go() -> None:
    existing = {listed(GROUPS_RESOURCE), to_group(1)}

    assert set(planned(*existing, groups=[]).orphans) == existing


RESOURCES = st.one_of(
    st.just(GROUPS_RESOURCE),
    st.just("users"),
    st.integers(0, 95).map(lambda n: resource_of(group(n))),
)
MINUTES = st.one_of(st.integers(1, 41_759), st.just(41_760))
EXISTING = st.lists(
    st.builds(
        Subscription,
        id=st.uuids().map(str),
        resource=RESOURCES,
        url=st.sampled_from([URL, URL, URL, FOREIGN_URL]),
        lifecycle_url=st.sampled_from([LIFECYCLE_URL, None]),
        expires=MINUTES.map(lambda minutes: NOW + timedelta(minutes=minutes)),
    ),
    max_size=20,
    unique_by=lambda subscription: subscription.id,
)
STATES = st.sampled_from(["now", "now", "before", None])
WATCHED = st.one_of(
    st.integers(0, 5), st.integers(MAX_SUBSCRIPTIONS - 1, MAX_SUBSCRIPTIONS + 2)
).map(lambda count: [group(number) for number in range(count)])


@given(EXISTING, st.data(), WATCHED)
def test_a_plan_carried_out_in_order_leaves_nothing_to_do_and_no_group_unsubscribed(
    existing: list[Subscription], data: st.DataObject, groups: list[str]
) -> None:
    drawn = {s.id: data.draw(STATES) for s in existing if s.url == URL}
    states = {key: state for key, state in drawn.items() if state is not None}
    known = Ours(url=URL, lifecycle_url=LIFECYCLE_URL, state="now", states=states)
    foreign = [s for s in existing if not known.owns(s)]
    live = list(existing)
    told = covered(live, groups, known)

    found = plan_subscriptions(existing, groups, ours=known, now=NOW)
    for subscription in found.orphans:
        live.remove(subscription)
        assert told <= covered(live, groups, known)
    for resource in [*(s.resource for s in found.replace), *found.create]:
        live = [s for s in live if s not in found.replace or s.resource != resource]
        live.append(listed(resource, id=f"new {resource}", expires=NOW + SUBSCRIPTION_LIFETIME))
        states[f"new {resource}"] = "now"
        assert told <= covered(live, groups, known)
        assert len(live) - len(foreign) <= GRAPHS_LIMIT
    for subscription in found.superseded:
        live.remove(subscription)
        assert covered(live, groups, known) >= told
    live = [
        replace(s, expires=NOW + SUBSCRIPTION_LIFETIME) if s in found.renew else s for s in live
    ]

    again = plan_subscriptions(live, groups, ours=known, now=NOW)
    written_soon = [s for s in live if known.owns(s) and known.is_being_written(s, NOW)]
    assert again.is_settled
    assert [s for s in live if not known.owns(s)] == foreign
    if not written_soon:
        assert covered(live, groups, known) == set(groups)


def covered(live: list[Subscription], groups: list[str], known: Ours) -> set[str]:
    """The groups whose notifications arrive and are believed."""
    return {
        group
        for subscription in live
        if known.owns(subscription) and not known.is_outdated(subscription)
        for group in groups_of(subscription.resource, groups)
    }
