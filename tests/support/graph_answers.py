"""The answer of Graph to each request of the Directory port, and ways to spoil it."""

import copy
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hasten.domain import account, cycle
from hasten.domain.jobs import choose_job, choose_rule
from hasten.domain.roles import choose_role
from hasten.errors import TemporaryError
from hasten.ports.directory import Directory
from hasten.ports.directory_values import (
    Assignments,
    ListedSubscriptions,
    MemberProfiles,
    Members,
    MembershipDelta,
    PeopleDelta,
    ProvisioningLog,
)
from tests.support.graph_wire import ALICE, APP, BASE, BOB, GROUP, group
from tests.support.lifecycle import CALLBACK
from tests.support.virtual_time import START

ROLE = "0000dddd-0000-4000-8000-000000000001"
JOB = "total.1"
AT = "2026-11-24T09:00:01.8643039Z"
SINCE = datetime(2026, 11, 24, tzinfo=UTC)
DELTA = f"{BASE}/groups/delta?$deltatoken=1"

USER = {"id": ALICE, "accountEnabled": True}
UPN = {"userPrincipalName": "a@b.c"}
TITLE = ("jobTitle",)
PERSON = {"id": ALICE, "accountEnabled": True, "jobTitle": "Analyst"}
LEAVER = {"id": BOB, "@removed": {"reason": "changed"}}
MEMBERS = [
    {"@odata.type": "#microsoft.graph.user", "id": ALICE},
    {"@odata.type": "#microsoft.graph.group", "id": BOB},
]
GONE = {"@odata.type": "#microsoft.graph.user", "id": ALICE, "@removed": {"reason": "deleted"}}
APPLICATION = {
    "id": APP,
    "appId": APP,
    "displayName": "TOTAL",
    "appRoles": [
        {
            "id": ROLE,
            "value": "User",
            "displayName": "User",
            "isEnabled": True,
            "allowedMemberTypes": ["User"],
        }
    ],
}
ASSIGNMENT = {
    "id": "a-1",
    "principalId": GROUP,
    "principalType": "Group",
    "resourceId": APP,
    "appRoleId": ROLE,
    "createdDateTime": AT,
}
RUN = {"timeBegan": AT, "timeEnded": AT, "state": "Succeeded"}
PROVISIONING = {
    "id": JOB,
    "schedule": {"interval": "PT40M", "state": "Active"},
    "status": {
        "code": "Quarantine",
        "lastExecution": RUN,
        "lastSuccessfulExecution": RUN,
        "quarantine": {"reason": "EncounteredBaseEscrowThreshold", "currentBegan": AT},
    },
}
RULE = {
    "id": "rule",
    "priority": 1,
    "sourceDirectoryName": "Azure Active Directory",
    "metadata": [{"key": "supportsProvisionOnDemand", "value": "true"}],
    "objectMappings": [
        {
            "sourceObjectName": "User",
            "enabled": True,
            "attributeMappings": [
                {"targetAttributeName": "active", "source": {"expression": "[x]", "name": "x"}}
            ],
        }
    ],
}
ENTRY = {
    "id": "e",
    "activityDateTime": AT,
    "jobId": JOB,
    "provisioningAction": "disable",
    "provisioningStatusInfo": {"status": "failure", "errorInformation": {"errorCode": "X"}},
    "provisioningSteps": [{"name": "s", "details": {"SkipReason": "RedundantExport"}}],
    "sourceIdentity": {"id": ALICE, "identityType": "User"},
    "modifiedProperties": [{"displayName": "members", "newValue": "x"}],
}
SECRETS = [
    {"key": "SyncAll", "value": "false"},
    {"key": "SecretToken", "value": "hidden"},
]
SUBSCRIPTION = {
    "id": "s",
    "resource": f"groups/{GROUP}",
    "notificationUrl": "https://app.test/hook",
    "lifecycleNotificationUrl": None,
    "expirationDateTime": AT,
}


@dataclass(frozen=True)
class Asked:
    """A request, the answer that Graph gives to it, and the use that Hasten makes of the result."""

    name: str
    ask: Callable[[Directory], Awaitable[Any]]
    answer: Any
    use: Callable[[Any], Any] = lambda value: value
    is_text: bool = False

    @property
    def body(self) -> bytes:
        return self.answer.encode() if self.is_text else json.dumps(self.answer).encode()


def ids(listed: Any) -> list[str]:
    return [str(item["id"]) for item in listed]


def _roles(applications: Any) -> list[str]:
    return [choose_role(app["appRoles"], "") for app in applications] + ids(applications)


def _subscribe(directory: Directory) -> Awaitable[Any]:
    return directory.subscribe(
        resource=f"groups/{GROUP}",
        url="https://app.test/hook",
        lifecycle_url="https://app.test/lifecycle",
        client_state="s3",
        expires=SINCE,
    )


def _of_people(delta: PeopleDelta) -> object:
    """Raises TemporaryError for an entry that nobody can read: Hasten compares all people then."""
    if delta.has_unread:
        raise TemporaryError("an entry cannot be read", timedelta(minutes=5))
    return delta.link, sorted(delta.changed)


def _net(delta: MembershipDelta) -> object:
    """Raises TemporaryError for entries that nobody can read: Hasten keeps them, and reads them
    again later."""
    if delta.unread:
        raise TemporaryError("some entries cannot be read", timedelta(minutes=5))
    return delta.link, {g: [(m.id, m.removed) for m in ms] for g, ms in delta.members.items()}


def _listed(members: Members) -> object:
    """Raises TemporaryError for members whom nobody can read: their absence proves nothing."""
    if members.unread:
        raise TemporaryError("some members cannot be read", timedelta(minutes=1))
    return [member.id for member in members.listed]


def _assigned(found: Assignments) -> object:
    if found.unread:
        raise TemporaryError("some assignments cannot be read", timedelta(minutes=1))
    return [(a.id, a.principal, a.kind, a.role) for a in found.listed]


def _profiles(members: MemberProfiles) -> object:
    if members.unread:
        raise TemporaryError("some members cannot be read", timedelta(minutes=1))
    return list(members.by_user)


def _subscribed(found: ListedSubscriptions) -> list[str]:
    if found.unread:
        raise TemporaryError("some subscriptions cannot be read", timedelta(minutes=1))
    return ids(found.listed)


def _logged(log: ProvisioningLog) -> object:
    """Raises TemporaryError for entries that nobody can read: they prove nothing."""
    if log.unread:
        raise TemporaryError("some entries cannot be read", timedelta(minutes=1))
    return [(account.about(entry), entry["activityDateTime"])[1] for entry in log.entries]


READS = [
    Asked("service_principal", lambda d: d.service_principals(object_id=APP), APPLICATION, _roles),
    Asked(
        "service_principals",
        lambda d: d.service_principals(display_name="TOTAL"),
        {"value": [APPLICATION]},
        _roles,
    ),
    Asked("user_by_id", lambda d: d.users(object_id=ALICE), USER, ids),
    Asked("users", lambda d: d.users(upn="A@b.c"), {"value": [{**USER, **UPN}]}, ids),
    Asked("user", lambda d: d.user(ALICE), USER, lambda user: user is not None),
    Asked("group", lambda d: d.group(GROUP), group(), lambda shown: shown["id"]),
    Asked("groups_named", lambda d: d.groups_named("TOTAL users"), {"value": [group()]}, ids),
    Asked("members", lambda d: d.members(GROUP), {"value": MEMBERS}, _listed),
    Asked("transitive_user_count", lambda d: d.transitive_user_count(GROUP), "1234", is_text=True),
    Asked(
        "assignments",
        lambda d: d.assignments(APP),
        {"value": [ASSIGNMENT]},
        _assigned,
    ),
    Asked("assigned_through", lambda d: d.assigned_through(ALICE, APP), {"value": [ASSIGNMENT]}),
    Asked("assigned_to", lambda d: d.assigned_to(ALICE), {"value": [ASSIGNMENT]}),
    Asked("profile", lambda d: d.profile(ALICE, TITLE), PERSON, lambda one: one is not None),
    Asked(
        "member_profiles", lambda d: d.member_profiles(GROUP, TITLE), {"value": [PERSON]}, _profiles
    ),
    Asked("is_restorable", lambda d: d.is_restorable(ALICE), {"id": ALICE}),
    Asked(
        "people_start",
        lambda d: d.people_start(TITLE),
        {"value": [], "@odata.deltaLink": DELTA},
    ),
    Asked(
        "people_delta",
        lambda d: d.people_delta(DELTA),
        {"value": [PERSON, LEAVER], "@odata.deltaLink": f"{DELTA}2"},
        _of_people,
    ),
    Asked(
        "membership_start",
        lambda d: d.membership_start(GROUP),
        {"value": [], "@odata.deltaLink": DELTA},
    ),
    Asked(
        "membership_delta",
        lambda d: d.membership_delta(DELTA),
        {
            "value": [{"id": GROUP, "members@delta": [GONE, MEMBERS[1]]}],
            "@odata.deltaLink": f"{DELTA}2",
        },
        _net,
    ),
    Asked(
        "jobs",
        lambda d: d.jobs(APP),
        {"value": [PROVISIONING]},
        lambda jobs: choose_job(jobs, {job["id"]: [RULE] for job in jobs}, "")["id"],
    ),
    Asked(
        "job",
        lambda d: d.job(APP, JOB),
        PROVISIONING,
        lambda job: cycle.parse(job, START).is_missing,
    ),
    Asked(
        "rules",
        lambda d: d.rules(APP, JOB),
        {"synchronizationRules": [RULE]},
        lambda rules: (choose_rule(rules, "User", ""), ids(rules))[1],
    ),
    Asked("scope_settings", lambda d: d.scope_settings(APP), {"value": SECRETS}),
    Asked(
        "provisioning_log",
        lambda d: d.provisioning_log(JOB, SINCE, {ALICE, ""}),
        {"value": [ENTRY]},
        _logged,
    ),
    Asked("subscriptions", lambda d: d.subscriptions(), {"value": [SUBSCRIPTION]}, _subscribed),
]
WRITES = [
    Asked("subscribe", _subscribe, SUBSCRIPTION, lambda made: made["id"]),
    Asked("renew", lambda d: d.renew("s", SINCE), SUBSCRIPTION, lambda made: made["id"]),
    Asked("create_group", lambda d: d.create_group({"displayName": "x"}), {"id": GROUP}),
    Asked("assign", lambda d: d.assign(APP, GROUP, ROLE), {"id": "a-1"}),
]

REMOVALS = [
    Asked("remove_member", lambda d: d.remove_member(GROUP, ALICE), None),
    Asked("unassign", lambda d: d.unassign(APP, "a-1"), None),
    Asked("unsubscribe", lambda d: d.unsubscribe("s"), None),
]
"""Graph answers with 204, and with 404 if there is nothing to remove."""

SESSIONS = Asked("revoke_sessions", lambda d: d.revoke_sessions(ALICE), {"value": True})
BARE_WRITES = [
    *REMOVALS,
    Asked("add_members", lambda d: d.add_members(GROUP, [ALICE]), None),
    Asked("pause_job", lambda d: d.pause_job(APP, JOB), None),
    Asked("resume_task", lambda d: d.resume_task(CALLBACK, completed=True), None),
]
"""Graph answers with 204."""

OF_ANOTHER_TYPE: tuple[Any, ...] = (None, 7, -1.5, True, "", "x y", [], {}, [None], [{}], {"a": 1})

NO_ANSWERS = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"7",
    b'"text"',
    b"<html><body>Our services are not available right now</body></html>",
    b'{"error": {"code": "InternalServerError", "message": "no"}}',
    b"[" * 100_000,
    b"\xff\xfe\x00",
    b'{"value": [NaN',
]


def spoiled(answer: Any) -> Iterator[tuple[str, Any]]:
    """Yields the answer without each of its parts, and with a value of each other type in its
    place."""
    for path in _paths(answer):
        parent = answer
        for step in path[:-1]:
            parent = parent[step]
        name = "/".join(map(str, path))
        if isinstance(parent, dict):
            yield f"without {name}", _changed(answer, path, None, remove=True)
        for value in OF_ANOTHER_TYPE:
            if type(value) is not type(parent[path[-1]]) or isinstance(value, list | dict):
                yield f"{name} = {value!r}", _changed(answer, path, value)


def _paths(part: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = part.items() if isinstance(part, dict) else enumerate(part)
    for step, value in items:
        yield (*before, step)
        if isinstance(value, dict | list):
            yield from _paths(value, (*before, step))


def _changed(answer: Any, path: tuple[Any, ...], value: Any, *, remove: bool = False) -> Any:
    changed = copy.deepcopy(answer)
    parent = changed
    for step in path[:-1]:
        parent = parent[step]
    if remove:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return changed
