"""A tenant in memory: group histories that delta reads, users, assignments, on-demand answers."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hasten.domain.verdicts import Answer
from hasten.ports.directory import DeltaExpired, Member, MembershipDelta
from hasten.ports.store import Json
from tests.support.virtual_time import now

SERVICE_PRINCIPAL = "0000aaaa-0000-4000-8000-000000000001"
JOB = "total.0000"
USER_RULE = "user-rule"
GROUP_RULE = "group-rule"


def answer(result: str = "Success", code: str = "", status: int = 200) -> Answer:
    details = {"errorCode": code, "errorMessage": ""}
    key = json.dumps({"result": result, "details": details if code else None})
    return Answer(status, json.dumps({"key": key, "value": "[]"}).encode())


@dataclass(frozen=True)
class OnDemand:
    at: datetime
    group: str | None
    users: tuple[str, ...]
    job: str


@dataclass
class FakeDirectory:
    history: dict[str, list[Member]] = field(default_factory=dict)
    assigned: dict[str, list[str]] = field(default_factory=dict)
    """What each user is assigned through; a user who is not named here does not exist."""
    disabled: set[str] = field(default_factory=set)
    seconds_per_call: float = 3.0
    answers: Callable[[OnDemand], Answer] = lambda _: answer()
    calls: list[OnDemand] = field(default_factory=list)
    in_flight: list[OnDemand] = field(default_factory=list)
    crossed: list[str] = field(default_factory=list)
    """Users named by two calls at the same time."""
    expired_links: set[str] = field(default_factory=set)
    job_list: list[Json] = field(default_factory=lambda: [{"id": JOB}])
    subscribed: list[dict[str, str]] = field(default_factory=list)
    principals: list[Json] = field(
        default_factory=lambda: [{"id": SERVICE_PRINCIPAL, "displayName": "TOTAL"}]
    )
    groups: list[str] = field(default_factory=list)
    _made: int = 0
    _called: asyncio.Event = field(default_factory=asyncio.Event)

    async def has_called(self, times: int) -> None:
        while len(self.calls) < times:
            await self._called.wait()
            self._called.clear()

    def join(self, group: str, *users: str) -> None:
        self.history.setdefault(group, []).extend(Member(u, "user", removed=False) for u in users)
        for user in users:
            self.assigned.setdefault(user, []).append(group)

    def leave(self, group: str, *users: str) -> None:
        self.history.setdefault(group, []).extend(Member(u, "user", removed=True) for u in users)
        for user in users:
            self.assigned[user].remove(group)

    async def service_principals(
        self, *, object_id: str = "", app_id: str = "", display_name: str = ""
    ) -> Sequence[Json]:
        return [
            principal
            for principal in self.principals
            if principal["id"] == object_id or principal["displayName"] == display_name
        ]

    async def jobs(self, service_principal: str) -> Sequence[Json]:
        return self.job_list

    async def rules(self, service_principal: str, job: str) -> Sequence[Json]:
        return [_rule(USER_RULE, "User"), _rule(GROUP_RULE, "Group")]

    async def assigned_groups(self, service_principal: str) -> Sequence[str]:
        return self.groups

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        return self.assigned.get(user)

    async def is_enabled(self, user: str) -> bool | None:
        return user not in self.disabled if user in self.assigned else None

    async def membership_start(self, group: str) -> str:
        return f"{group}|{len(self.history.get(group, ()))}"

    async def membership_delta(self, link: str) -> MembershipDelta:
        if link in self.expired_links:
            raise DeltaExpired
        group, _, seen = link.partition("|")
        news: Mapping[str, Member] = {m.id: m for m in self.history.get(group, ())[int(seen) :]}
        return MembershipDelta({group: tuple(news.values())}, await self.membership_start(group))

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
        return self.answers(call)

    async def subscriptions(self) -> Sequence[Json]:
        return self.subscribed

    async def subscribe(
        self, *, resource: str, url: str, client_state: str, expires: datetime
    ) -> Json:
        self._made += 1
        made = {
            "id": f"subscription-{self._made}",
            "clientState": client_state,
            "resource": resource,
            "notificationUrl": url,
            "expirationDateTime": expires.isoformat(),
        }
        self.subscribed.append(made)
        return made

    async def renew(self, subscription: str, expires: datetime) -> Json | None:
        for known in self.subscribed:
            if known["id"] == subscription:
                known["expirationDateTime"] = expires.isoformat()
                return known
        return None

    async def unsubscribe(self, subscription: str) -> None:
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
        "objectMappings": [{"sourceObjectName": kind, "enabled": True}],
    }
