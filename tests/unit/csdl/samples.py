"""Exchanges that agree with the metadata; the tests plant faults in copies of them."""

from typing import Any

from tests.support.csdl.exchange import Exchange

HOST = "https://graph.microsoft.com/v1.0"
ONE = "0000aaaa-0000-4000-8000-000000000001"
TWO = "0000bbbb-0000-4000-8000-000000000002"
AT = "2026-08-01T10:00:00.1234567Z"
JOB = f"/v1.0/servicePrincipals/{ONE}/synchronization/jobs/scim.1"
DELTA = "/v1.0/groups/delta()"

IN_JSON = {"content-type": "application/json"}
JSON_ANSWER = {"content-type": "application/json;odata.metadata=minimal;charset=utf-8"}
TEXT_ANSWER = {"content-type": "text/plain"}


def get(target: str, answer: Any, context: str = "") -> Exchange:
    """A GET answered with 200; `context` is that of a JSON answer."""
    return Exchange(
        method="GET",
        target=target,
        status=200,
        answer_headers=JSON_ANSWER if context else TEXT_ANSWER,
        answer={"@odata.context": f"{HOST}/$metadata#{context}", **answer} if context else answer,
    )


def write(method: str, target: str, body: Any, status: int = 204, **answer: Any) -> Exchange:
    """One that is answered without a body, unless `answer` has its properties."""
    context = f"{HOST}/$metadata#directoryObjects/$entity"
    return Exchange(
        method=method,
        target=target,
        headers=IN_JSON if body is not None else {},
        body=body,
        status=status,
        answer_headers=JSON_ANSWER if answer else {},
        answer={"@odata.context": context, **answer} if answer else None,
    )


GOOD: dict[str, Exchange] = {
    "user": get(
        f"/v1.0/users/{ONE}?$select=id,accountEnabled",
        {"id": ONE, "accountEnabled": True},
        "users(id,accountEnabled)/$entity",
    ),
    "users": get(
        "/v1.0/users?%24filter=mail%20eq%20'o''neil%40x.com'&$top=2",
        {
            "value": [{"id": ONE, "businessPhones": [], f"extension_{'0' * 32}_badge": "7"}],
            "@odata.nextLink": f"{HOST}/users?$skiptoken=2",
        },
        "users",
    ),
    "members": get(
        f"/v1.0/groups/{ONE}/members?$select=id&$top=999",
        {"value": [{"@odata.type": "#microsoft.graph.user", "id": TWO}]},
        "directoryObjects(id)",
    ),
    "count": get(f"/v1.0/groups/{ONE}/transitiveMembers/graph.user/$count", 7),
    "delta": get(
        f"{DELTA}?$filter=id eq '{ONE}' or id eq '{TWO}'&$select=id,members",
        {
            "value": [
                {
                    "id": ONE,
                    "members@delta": [
                        {"@odata.type": "#microsoft.graph.user", "id": TWO},
                        {
                            "@odata.type": "#microsoft.graph.user",
                            "id": ONE,
                            "@removed": {"reason": "deleted"},
                        },
                    ],
                }
            ],
            "@odata.deltaLink": f"{HOST}/groups/delta?$deltatoken=x",
        },
        "groups",
    ),
    "assignments": get(
        f"/v1.0/users/{ONE}/appRoleAssignments?$filter=resourceId eq {TWO}",
        {"value": [{"id": "a", "appRoleId": ONE, "createdDateTime": AT, "principalId": ONE}]},
        "appRoleAssignments",
    ),
    "principal": get(
        f"/v1.0/servicePrincipals(appId='{ONE}')?$select=appRoles",
        {"appRoles": [{"id": ONE, "allowedMemberTypes": ["User"], "isEnabled": True}]},
        "servicePrincipals(appRoles)/$entity",
    ),
    "job": get(
        JOB,
        {
            "id": "scim.1",
            "schedule": {"expiration": None, "interval": "PT40M", "state": "Active"},
            "status": {
                "code": "Active",
                "countSuccessiveCompleteFailures": 0,
                "escrowsPruned": False,
                "quarantine": None,
            },
        },
        f"servicePrincipals('{ONE}')/synchronization/jobs/$entity",
    ),
    "schema": get(
        f"{JOB}/schema",
        {
            "id": "scim.1",
            "directories": [],
            "synchronizationRules": [
                {"id": "r", "objectMappings": [{"enabled": True, "flowTypes": "Add,Delete"}]}
            ],
        },
        f"servicePrincipals('{ONE}')/synchronization/jobs('scim.1')/schema",
    ),
    "secrets": get(
        f"/v1.0/servicePrincipals/{ONE}/synchronization/secrets",
        {"value": [{"key": "SkipOutOfScopeDeletions", "value": "True"}]},
        f"servicePrincipals('{ONE}')/synchronization/secrets",
    ),
    "log": get(
        f"/v1.0/auditLogs/provisioning?$filter=jobId eq 'x' and activityDateTime gt {AT}",
        {
            "value": [
                {
                    "id": "e",
                    "activityDateTime": AT,
                    "durationInMilliseconds": 12,
                    "provisioningAction": "create",
                    "provisioningStatusInfo": {"status": "success", "errorInformation": None},
                    "sourceIdentity": {"id": ONE, "details": {"Anything": "goes"}},
                }
            ]
        },
        "auditLogs/provisioning",
    ),
    "create group": write(
        "POST",
        "/v1.0/groups",
        {
            "displayName": "A",
            "mailEnabled": False,
            "groupTypes": [],
            "owners@odata.bind": [f"{HOST}/users/{ONE}"],
        },
        201,
        id=TWO,
        displayName="A",
    ),
    "add members": write(
        "PATCH",
        f"/v1.0/groups/{ONE}",
        {"members@odata.bind": [f"{HOST}/directoryObjects/{TWO}"]},
    ),
    "add reference": write(
        "POST",
        f"/v1.0/groups/{ONE}/members/$ref",
        {"@odata.id": f"{HOST}/directoryObjects/{TWO}"},
    ),
    "remove member": write("DELETE", f"/v1.0/groups/{ONE}/members/{TWO}/$ref", None),
    "assign": write(
        "POST",
        f"/v1.0/servicePrincipals/{ONE}/appRoleAssignedTo",
        {"principalId": TWO, "resourceId": ONE, "appRoleId": ONE},
        201,
        id="a",
        appRoleId=ONE,
    ),
    "subscribe": write(
        "POST",
        "/v1.0/subscriptions",
        {"changeType": "updated", "resource": "groups", "expirationDateTime": AT},
        201,
        id=ONE,
        changeType="updated",
        resource="groups",
    ),
    "on demand": write(
        "POST",
        f"{JOB}/provisionOnDemand",
        {
            "parameters": [
                {
                    "ruleId": "r",
                    "subjects": [
                        {
                            "objectId": ONE,
                            "objectTypeName": "Group",
                            "links": {"members": [{"objectId": TWO, "objectTypeName": "User"}]},
                        }
                    ],
                }
            ]
        },
        200,
        key="{}",
        value="{}",
    ),
    "pause": write("POST", f"{JOB}/pause", None),
    "refused": Exchange(
        method="GET",
        target=f"/v1.0/groups/{ONE}",
        status=404,
        answer_headers=JSON_ANSWER,
        answer={"error": {"code": "Request_ResourceNotFound", "message": "no", "innerError": {}}},
    ),
}
