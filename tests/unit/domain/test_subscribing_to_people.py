"""The subscription to users beside those to groups, and which of several is kept."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.subscribing import (
    GROUPS_RESOURCE,
    SAVED_WITHIN,
    USERS_RESOURCE,
    SubscriptionPlan,
    groups_of,
    plan_subscriptions,
    resource_of,
    resources,
)
from hasten.limits import SUBSCRIPTION_LIFETIME
from tests.unit.domain.test_subscribing import (
    FITTING,
    MANY,
    NOW,
    URL,
    group,
    listed,
    ours,
    planned,
    to_group,
)

INSTANT = timedelta(microseconds=1)


def test_people_are_watched_only_where_it_is_asked() -> None:
    assert resources([group(2), group(1)]) == [resource_of(group(1)), resource_of(group(2))]
    assert resources([group(1)], people=True) == [resource_of(group(1)), USERS_RESOURCE]
    assert resources(MANY, people=True) == [GROUPS_RESOURCE, USERS_RESOURCE]
    assert len(resources(FITTING)) == len(FITTING)
    assert plan_subscriptions([], [], people=True, ours=ours(), now=NOW).create == (USERS_RESOURCE,)
    assert plan_subscriptions([], [], ours=ours(), now=NOW).create == ()


def test_a_subscription_covers_its_group_or_all_groups() -> None:
    groups = [group(2), group(1)]

    assert groups_of(resource_of(group(1)), groups) == [group(1)]
    assert groups_of(GROUPS_RESOURCE, groups) == sorted(groups)
    assert groups_of(USERS_RESOURCE, groups) == []
    assert resource_of("ABC") == "groups/abc"


@pytest.mark.parametrize(
    "plan",
    [
        SubscriptionPlan(orphans=(to_group(1),)),
        SubscriptionPlan(renew=(to_group(1),)),
        SubscriptionPlan(replace=(to_group(1),)),
        SubscriptionPlan(create=("groups",)),
        SubscriptionPlan(superseded=(to_group(1),)),
    ],
)
def test_a_plan_with_a_step_is_not_settled(plan: SubscriptionPlan) -> None:
    assert not plan.is_settled
    assert SubscriptionPlan(keep=(to_group(1),)).is_settled


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (to_group(1, id="a"), to_group(1, id="b", lifecycle_url=None)),
        (
            to_group(1, id="a", expires=NOW + SUBSCRIPTION_LIFETIME * 0.8),
            to_group(1, id="b", expires=NOW + SUBSCRIPTION_LIFETIME * 0.75),
        ),
        (to_group(1, id="b"), to_group(1, id="a")),
    ],
)
def test_of_several_to_one_group_the_most_useful_is_kept(better: object, worse: object) -> None:
    for pair in ((better, worse), (worse, better)):
        found = planned(*pair, groups=[group(1)])  # type: ignore[arg-type]

        assert found == SubscriptionPlan(keep=(better,), orphans=(worse,))  # type: ignore[arg-type]


def test_a_subscription_of_somebody_else_is_left_alone() -> None:
    foreign = to_group(1, url="https://other.example/")

    found = plan_subscriptions([foreign], [group(1)], ours=ours(), now=NOW)

    assert found == SubscriptionPlan(create=(foreign.resource,))
    known = ours(to_group(1))
    assert known.owns(to_group(2))
    assert known.owns(replace(foreign, id=to_group(1).id))
    assert not known.owns(replace(foreign, id="x"))
    assert known.is_outdated(replace(to_group(1), url="https://before.example/"))
    assert not known.is_outdated(to_group(1))
    assert to_group(1).url == URL


def test_one_that_ends_in_an_instant_is_still_there() -> None:
    ending = to_group(1, expires=NOW + INSTANT)

    assert planned(ending, groups=[group(1)]) == SubscriptionPlan(renew=(ending,))


def test_while_another_instance_saves_its_subscription_nothing_is_superseded() -> None:
    fresh = listed(GROUPS_RESOURCE, expires=NOW + SUBSCRIPTION_LIFETIME)
    aged = replace(fresh, expires=fresh.expires - SAVED_WITHIN)
    single = to_group(1)

    for subscription, is_written in ((fresh, True), (aged, False)):
        known = ours(single)
        assert known.is_being_written(subscription, NOW) is is_written
        found = plan_subscriptions([subscription, single], MANY, ours=known, now=NOW)
        assert found.superseded == (() if is_written else (single,))
        assert found.replace == (() if is_written else (subscription,))
    assert not ours(fresh).is_being_written(fresh, NOW)
