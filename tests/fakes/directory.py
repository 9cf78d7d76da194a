"""A directory in memory: a tenant with its deltas, its provisioning and its subscriptions."""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hasten.domain.account import about
from hasten.domain.verdicts import Answer
from hasten.json import Json
from hasten.limits import MAX_GROUPS_PER_DELTA
from hasten.ports.directory_errors import AlreadyExists, DeltaExpired
from hasten.ports.directory_values import (
    ListedSubscriptions,
    Member,
    MembershipDelta,
    ProvisioningLog,
    UnreadEntry,
    UnreadMember,
)
from tests.fakes.accounts import FakeAccounts
from tests.fakes.tenant import SERVICE_PRINCIPAL, FakeTenant
from tests.support.virtual_time import now

__all__ = ["GROUP_RULE", "JOB", "SERVICE_PRINCIPAL", "USER_RULE", "FakeDirectory", "answer"]

JOB = "total.0000"
USER_RULE = "user-rule"
GROUP_RULE = "group-rule"


def answer(
    result: str = "Success",
    code: str = "",
    status: int = 200,
    *,
    action: str = "Other",
    active: bool | None = None,
) -> Answer:
    """`active` is what the matching step found in the app; None where there is no such step."""
    details = {"errorCode": code, "errorMessage": ""}
    key = json.dumps({"result": result, "details": details if code else None})
    found = {"type": "Matching", "status": "Success", "details": {"active": str(active)}}
    value = {"action": action, "provisioningSteps": [] if active is None else [found]}
    body = {"key": key, "value": json.dumps([value])}
    return Answer(status, json.dumps(body).encode())


@dataclass(frozen=True)
class OnDemand:
    at: datetime
    group: str | None
    users: tuple[str, ...]
    job: str


@dataclass
class FakeDirectory(FakeAccounts):
    seconds_per_call: float = 3.0
    answers: Callable[[OnDemand], Answer] | None = None
    """The next answer. None means a success, which disables the account of a user without an
    assignment."""
    calls: list[OnDemand] = field(default_factory=list)
    in_flight: list[OnDemand] = field(default_factory=list)
    crossed: list[str] = field(default_factory=list)
    """Users named by two calls at the same time."""
    expired_links: set[str] = field(default_factory=set)
    job_list: list[Json] = field(default_factory=lambda: [{"id": JOB}])
    scope: dict[str, str] = field(default_factory=lambda: {"SyncAll": "False"})
    scope_refused: Exception | None = None
    rule_list: list[Json] = field(
        default_factory=lambda: [_rule(USER_RULE, "User"), _rule(GROUP_RULE, "Group")]
    )
    log: list[Json] = field(default_factory=list)
    """Entries of the provisioning log in any order."""
    unread_log: list[UnreadEntry] = field(default_factory=list)
    """Entries of the log that cannot be read, in every read of it."""
    log_reads: list[datetime] = field(default_factory=list)
    delta_reads: int = 0
    unread: dict[str, list[UnreadMember]] = field(default_factory=dict)
    """Entries of a group that cannot be read, in every delta of it."""
    unread_subscriptions: set[str] = field(default_factory=set)
    """Ids of the subscriptions that the list shows as entries that cannot be read."""
    names_unread: bool = False
    """Those entries show their ids."""
    subscribed: list[dict[str, str]] = field(default_factory=list)
    _made: int = 0
    _called: asyncio.Event = field(default_factory=asyncio.Event)

    async def has_called(self, times: int) -> None:
        while len(self.calls) < times:
            await self._called.wait()
            self._called.clear()

    async def membership_start(self, *groups: str) -> str:
        assert 0 < len(groups) <= MAX_GROUPS_PER_DELTA
        return ",".join(f"{group}|{len(self.history.get(group, ()))}" for group in groups)

    async def membership_delta(self, link: str) -> MembershipDelta:
        """Names only the groups with changes, as Graph does."""
        self.delta_reads += 1
        if link in self.expired_links:
            raise DeltaExpired
        if "|" not in link:
            raise DeltaExpired
        seen = dict(part.split("|") for part in link.split(","))
        news: dict[str, dict[str, Member]] = {
            group: {m.id: m for m in self.history.get(group, ())[int(count) :]}
            for group, count in seen.items()
        }
        found = {group: tuple(of_group.values()) for group, of_group in news.items() if of_group}
        unread = {group: self.unread[group] for group in seen if self.unread.get(group)}
        return MembershipDelta(found, await self.membership_start(*seen), unread)

    async def jobs(self, service_principal: str) -> Sequence[Json]:
        return self.job_list

    async def job(self, service_principal: str, job: str) -> Json | None:
        return next((known for known in self.job_list if known["id"] == job), None)

    async def rules(self, service_principal: str, job: str) -> Sequence[Json]:
        return self.rule_list

    async def scope_settings(self, service_principal: str) -> Mapping[str, str]:
        if self.scope_refused:
            raise self.scope_refused
        return self.scope

    async def pause_job(self, service_principal: str, job: str) -> None:
        self._written("pause_job")
        self.job_list = [
            {**known, "status": {**known.get("status", {}), "code": "Paused"}}
            if known["id"] == job
            else known
            for known in self.job_list
        ]

    async def provisioning_log(
        self, job: str, since: datetime, subjects: Collection[str]
    ) -> ProvisioningLog:
        self.log_reads.append(now())
        entries = [
            entry
            for entry in self.log
            if entry["jobId"] == job and _activity_time(entry) > since and about(entry) in subjects
        ]
        return ProvisioningLog(sorted(entries, key=_activity_time, reverse=True), self.unread_log)

    async def provision_on_demand(
        self,
        service_principal: str,
        job: str,
        rule: str,
        *,
        group: str | None,
        users: Sequence[str],
    ) -> Answer:
        assert rule == (GROUP_RULE if group else USER_RULE)
        call = OnDemand(now(), group, tuple(users), job)
        self.calls.append(call)
        self._called.set()
        busy = {user for other in self.in_flight for user in other.users}
        self.crossed += sorted(busy.intersection(users))
        self.in_flight.append(call)
        try:
            await asyncio.sleep(self.seconds_per_call)
        finally:
            self.in_flight.remove(call)
        if self.answers is not None:
            return self.answers(call)
        through = await FakeTenant.assigned_through(self, users[0], service_principal)
        is_out = group is None and not through  # Entra ID does not ask Graph
        return answer(action="Disable" if is_out else "Update")

    async def subscriptions(self) -> ListedSubscriptions:
        return ListedSubscriptions(
            [dict(one) for one in self.subscribed if one["id"] not in self.unread_subscriptions],
            [id_ if self.names_unread else "" for id_ in self.unread_subscriptions],
        )

    async def subscribe(
        self,
        *,
        resource: str,
        url: str,
        lifecycle_url: str,
        client_state: str,
        expires: datetime,
    ) -> Json:
        self._written("subscribe")
        if any((s["resource"], s["notificationUrl"]) == (resource, url) for s in self.subscribed):
            raise AlreadyExists(resource)
        self._made += 1
        made = {
            "id": f"subscription-{self._made}",
            "clientState": client_state,
            "resource": resource,
            "notificationUrl": url,
            "lifecycleNotificationUrl": lifecycle_url,
            "expirationDateTime": expires.isoformat(),
        }
        self.subscribed.append(made)
        return dict(made)

    async def renew(self, subscription: str, expires: datetime) -> Json | None:
        self._written("renew")
        for known in self.subscribed:
            if known["id"] == subscription:
                known["expirationDateTime"] = expires.isoformat()
                return dict(known)
        return None

    async def unsubscribe(self, subscription: str) -> None:
        self._written("unsubscribe")
        self.subscribed = [known for known in self.subscribed if known["id"] != subscription]

    async def close(self) -> None:
        return None

    def most_calls_within(self, window: timedelta) -> int:
        times = sorted(call.at for call in self.calls)
        return max(
            (sum(1 for t in times if start <= t < start + window) for start in times), default=0
        )


def _rule(rule: str, kind: str) -> Json:
    return {
        "id": rule,
        "sourceDirectoryName": "Azure Active Directory",
        "objectMappings": [
            {
                "sourceObjectName": kind,
                "enabled": True,
                "flowTypes": "Add,Update,Delete",
                "attributeMappings": [
                    {
                        "targetAttributeName": "active",
                        "flowType": "Always",
                        "source": {"expression": "Not([IsSoftDeleted])"},
                    }
                ],
            }
        ],
    }


def _activity_time(entry: Json) -> datetime:
    return datetime.fromisoformat(entry["activityDateTime"])
