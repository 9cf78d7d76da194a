"""Checks that Graph sends notifications for every watched group and for users, for long enough, and
with Hasten's secret."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hasten.doctor.findings import Finding, ok, problem, warning
from hasten.domain.subscribing import GROUPS_RESOURCE, USERS_RESOURCE, resource_of
from hasten.json import Json
from hasten.limits import SUBSCRIPTION_LIFETIME
from hasten.ports.directory_values import ListedSubscriptions
from hasten.records.people_refusal import SubscriptionRefusal
from hasten.records.subscriptions import SubscriptionRecord

CHECK = "subscription"
RENEWED_BY = SUBSCRIPTION_LIFETIME / 2 - timedelta(hours=12)
"""Remaining lifetime below which renewal has failed: two runs of the timer that renews."""

MADE_BY_SWEEP = (
    "the sweep timer makes it within a minute; if not, its log (`subscription`) says why"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The expected subscription. `state` marks Hasten's clientState; None if the secret is not
    known here."""

    url: str
    state: str | None
    now: datetime


def check(
    groups: Collection[str],
    listed: ListedSubscriptions,
    records: Sequence[SubscriptionRecord],
    expected: Expected,
    *,
    people: bool = False,
    refusal: SubscriptionRefusal | None = None,
) -> list[Finding]:
    """Checks each watched group, and the users if `people` are watched. `listed` are the
    subscriptions in Graph, `records` Hasten's in the store. `refusal` is Graph's last one of that
    to users. An entry of Graph that cannot be read hides at most a subscription that is in the
    store."""
    ends = {
        str(one["resource"]).strip("/").casefold(): one
        for one in listed.listed
        if one.get("notificationUrl") == expected.url
    }
    wanted = {
        f"group {group}": (
            resource_of(group),
            ends.get(resource_of(group)) or ends.get(GROUPS_RESOURCE),
        )
        for group in sorted(groups)
    }
    refused: list[Finding] = []
    if people and refusal is not None and USERS_RESOURCE not in ends:
        text = f"Graph refuses that of all users: {refusal.reason}"
        refused = [problem(CHECK, text, refusal.next_action)]
    elif people:
        wanted["all users"] = USERS_RESOURCE, ends.get(USERS_RESOURCE)
    return [
        *refused,
        *(
            _missing(what, resource, listed, records, expected)
            if found is None
            else _judged(what, found, records, expected)
            for what, (resource, found) in wanted.items()
        ),
    ]


def _judged(
    what: str, found: Json, records: Sequence[SubscriptionRecord], expected: Expected
) -> Finding:
    ends = datetime.fromisoformat(found["expirationDateTime"])
    if ends <= expected.now:
        return problem(CHECK, f"that of {what} has expired: Graph reports no change", MADE_BY_SWEEP)
    record = next((r for r in records if r.id == str(found["id"]).lower()), None)
    if record is None:
        return problem(
            CHECK,
            f"that of {what} is not in the store: its notifications are refused",
            "the sweep timer replaces it within a minute; if not, check HASTEN_STORE",
        )
    if expected.state is not None and record.state != expected.state:
        return problem(
            CHECK,
            f"that of {what} was made with another HASTEN_CLIENT_STATE_SECRET, or for "
            "another HASTEN_TENANT_ID: its notifications are refused, unless that secret is set "
            "as the previous one",
            "the sweep timer replaces it within a minute; until then set the old secret as "
            "HASTEN_CLIENT_STATE_SECRET_PREVIOUS",
        )
    left = ends - expected.now
    text = f"that of {what} ends in {left.days} days {left.seconds // 3600} hours"
    if left < RENEWED_BY:
        return warning(CHECK, text, "it should have been renewed: look at the log of `renew`")
    return ok(CHECK, text)


def _missing(
    what: str,
    resource: str,
    listed: ListedSubscriptions,
    records: Sequence[SubscriptionRecord],
    expected: Expected,
) -> Finding:
    covering = {resource} | ({GROUPS_RESOURCE} if resource != USERS_RESOURCE else set())
    ours = [record for record in records if record.resource in covering]
    if any(one.expires > expected.now and listed.may_hide(one.id) for one in ours):
        text = f"that of {what} may be one of {len(listed.unread)} in Graph that cannot be read"
        return warning(CHECK, text, "run doctor again in a minute")
    ended = [one.expires for one in ours if one.expires <= expected.now]
    gone = f"Graph has none of ours for {what}"
    if ended:
        gone = f"that of {what} expired at {max(ended):%Y-%m-%d %H:%M}Z"
    return problem(CHECK, f"{gone}: Graph reports no change", MADE_BY_SWEEP)
