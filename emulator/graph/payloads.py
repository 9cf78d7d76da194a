"""Builds the bodies of change notifications, as captured from Graph. Times and sequence numbers are
those of the newest change; the members are all that changed since the last notification."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from emulator.clock import iso
from emulator.graph.objects import Change
from emulator.graph.subscriptions import Subscription

Json = dict[str, Any]

EPOCH_TICKS = 621_355_968_000_000_000
"""Ticks (100 ns since year 1) at the Unix epoch; Graph numbers its events with ticks."""

_SET = {"user": "Users", "group": "Groups"}
_TYPE = {"user": "#Microsoft.Graph.User", "group": "#Microsoft.Graph.Group"}


def item(subscription: Subscription, changes: Sequence[Change], tenant: str) -> Json:
    """Returns one item about one object; `changes` are all changes of it, oldest first."""
    newest = changes[-1]
    kind, object_id = newest.subject.kind, newest.subject.id
    resource = f"{_SET[kind]}/{object_id}"
    data: Json = {
        "@odata.type": _TYPE[kind],
        "@odata.id": resource,
        "id": object_id,
        "organizationId": tenant,
        "eventTime": iso(newest.at),
        "sequenceNumber": EPOCH_TICKS + int(newest.at * 10_000_000),
    }
    members = [_member(change) for change in changes if change.member is not None]
    if members:
        data["members@delta"] = members
    expires = datetime.fromtimestamp(subscription.expires, UTC).isoformat(timespec="seconds")
    return {
        "changeType": "deleted" if newest.gone else "updated",
        "clientState": subscription.client_state,
        "resource": resource,
        "resourceData": data,
        "subscriptionExpirationDateTime": expires,
        "subscriptionId": subscription.id,
        "tenantId": tenant,
    }


def lifecycle(subscription: Subscription, event: str, tenant: str) -> Json:
    """Returns a lifecycle event. It has no resource and no change, because it is about the
    subscription itself."""
    return {
        "subscriptionId": subscription.id,
        "subscriptionExpirationDateTime": iso(subscription.expires),
        "tenantId": tenant,
        "clientState": subscription.client_state,
        "lifecycleEvent": event,
    }


def _member(change: Change) -> Json:
    """Returns a member. `@removed` is a string here, and an object in delta queries."""
    assert change.member is not None  # noqa: S101 - the caller filtered; this tells mypy
    shown: Json = {"id": change.member.id}
    if change.removed:
        shown["@removed"] = "deleted"
    return shown
