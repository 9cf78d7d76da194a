"""The checker finds what is wrong. Every case is one fault in an exchange that is right."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.csdl.check import faults
from tests.support.csdl.exchange import Exchange
from tests.unit.csdl.samples import DELTA, GOOD, HOST, IN_JSON, JOB, JSON_ANSWER, ONE, TWO


@pytest.mark.parametrize("name", GOOD)
def test_a_correct_file_has_no_finding(name: str) -> None:
    assert faults(GOOD[name]) == []


PATHS = {
    "a segment misspelt": (
        "GET",
        f"/v1.0/servicePrincipals/{ONE}/appRoleAssignTo",
        "appRoleAssignTo",
    ),
    "an entity set misspelt": ("GET", "/v1.0/servicePrincipal", "servicePrincipal"),
    "a function of other objects": (
        "GET",
        "/v1.0/subscriptions/delta()",
        "no operation and no key",
    ),
    "a function misspelt": ("GET", "/v1.0/groups/detla", "no operation and no key 'detla'"),
    "an object of no id": ("GET", "/v1.0/servicePrincipals/TOTAL", "no key 'TOTAL'"),
    "values written": (
        "PATCH",
        f"/v1.0/servicePrincipals/{ONE}/synchronization/secrets",
        "PATCH is not for values",
    ),
    "more after a count": ("GET", "/v1.0/users/$count/x", "nothing can follow"),
    "an action misspelt": ("POST", f"{JOB}/provisionondemand", "provisionondemand"),
    "an action by GET": ("GET", f"{JOB}/pause", "GET is not for the action pause"),
    "a function by POST": ("POST", DELTA, "POST is not for the function delta"),
    "a cast to another kind": ("GET", f"/v1.0/groups/{ONE}/members/graph.subscription", "is not a"),
    "a key that is none": ("GET", f"/v1.0/users(mail='{ONE}')", "no key 'mail'"),
    "a member deleted, not the link": (
        "DELETE",
        f"/v1.0/groups/{ONE}/members/{TWO}",
        "DELETE is not for object of microsoft.graph.directoryObject by 'members'",
    ),
    "a list changed": ("PATCH", "/v1.0/users", "PATCH is not for objects"),
    "a count of one object": ("GET", f"/v1.0/users/{ONE}/$count", "$count"),
    "a reference to what is contained": (
        "DELETE",
        f"/v1.0/servicePrincipals/{ONE}/appRoleAssignedTo/a/$ref",
        "$ref",
    ),
}


@pytest.mark.parametrize("case", PATHS)
def test_a_wrong_path_or_method_is_found(case: str) -> None:
    method, target, said = PATHS[case]

    assert said in _only(Exchange(method=method, target=target))


OPTIONS = {
    "$select misspelt": ("user", "$select=id,acountEnabled", "acountEnabled"),
    "$select of another type": ("members", "$select=accountEnabled", "accountEnabled"),
    "$expand of a plain property": ("user", "$expand=mail", "no navigation 'mail'"),
    "$filter on no property": ("users", "$filter=upn eq 'x'", "no property 'upn'"),
    "$filter with a GUID in quotes": ("assignments", f"$filter=resourceId eq '{ONE}'", "Edm.Guid"),
    "$filter with a bare text": ("log", "$filter=jobId eq scim.1", "no Edm.String"),
    "$filter with a text for a truth": ("users", "$filter=accountEnabled eq 'true'", "Edm.Boolean"),
    "$filter with a time without zone": (
        "log",
        "$filter=activityDateTime gt 2026-08-01T10:00:00",
        "no Edm.DateTimeOffset",
    ),
    "$filter with a quote not doubled": ("users", "$filter=mail eq 'o'neil'", "$filter"),
    "$filter without an end": ("users", "$filter=(mail eq 'x'", "ends too early"),
    "$filter with no comparison": ("users", "$filter=mail is 'x'", "'is' is no comparison"),
    "$orderby misspelt": ("users", "$orderby=dispName desc", "dispName"),
    "a page too large": ("users", "$top=1000", "$top"),
    "an option misspelt": ("users", "$fliter=mail eq 'x'", "$fliter is no option here"),
    "a page of one object": ("user", "$top=5", "$top is no option here"),
    "a page of a delta": ("delta", "$top=5", "$top is no option here"),
    "an option twice": ("users", "$top=5&$top=6", "$top is there twice"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_a_wrong_query_is_found(case: str) -> None:
    name, query, said = OPTIONS[case]
    path = GOOD[name].target.partition("?")[0]

    assert said in _only(Exchange(method="GET", target=f"{path}?{query}"))


BODIES: dict[str, tuple[str, Any, str]] = {
    "a property misspelt": ("create group", {"mailNicknam": "a"}, "no such property"),
    "a text for a truth": ("create group", {"mailEnabled": "false"}, "is no Edm.Boolean"),
    "a text for a list": ("create group", {"groupTypes": "Unified"}, "is no Collection"),
    "null in a list of texts": ("create group", {"groupTypes": [None]}, "null"),
    "a relationship misspelt": ("add members", {"member@odata.bind": []}, "has no 'member'"),
    "a plain property bound": ("add members", {"mail@odata.bind": []}, "not an annotation"),
    "an id for an address": ("add members", {"members@odata.bind": [TWO]}, "no address"),
    "an address for a list": (
        "add members",
        {"members@odata.bind": f"{HOST}/directoryObjects/{TWO}"},
        "no list of addresses",
    ),
    "an address of another kind": (
        "add members",
        {"members@odata.bind": [f"{HOST}/subscriptions/{TWO}"]},
        "names no microsoft.graph.directoryObject",
    ),
    "a reference without an address": ("add reference", {"id": TWO}, "@odata.id and no more"),
    "no GUID": ("assign", {"principalId": "leia", "resourceId": ONE, "appRoleId": ONE}, "Edm.Guid"),
    "null where there must be a value": ("assign", {"principalId": ONE, "appRoleId": None}, "null"),
    "a time without zone": (
        "subscribe",
        {"expirationDateTime": "2026-08-01T10:00:00"},
        "Edm.DateTimeOffset",
    ),
    "a parameter misspelt": ("on demand", {"parameter": []}, "no such parameter"),
    "a name inside a parameter": (
        "on demand",
        {"parameters": [{"ruleId": "r", "subjects": [{"objectID": ONE}]}]},
        "parameters[0].subjects[0].objectID",
    ),
    "texts where objects must be": (
        "on demand",
        {"parameters": [{"subjects": [{"links": {"members": [ONE]}}]}]},
        "synchronizationJobSubject",
    ),
    "no object": ("create group", [], "no JSON object"),
    "a body with a DELETE": ("remove member", {"id": ONE}, "a body with DELETE"),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_wrong_request_body_is_found(case: str) -> None:
    name, body, said = BODIES[case]

    assert any(said in fault for fault in faults(replace(GOOD[name], body=body, status=None)))


def test_a_body_that_is_not_called_json_is_found() -> None:
    asked = replace(GOOD["add members"], headers={"content-type": "text/plain"})

    assert _only(asked) == "content-type: text/plain is not application/json"


ANSWERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a property too many": ("job", {"owner": None}, "no such property"),
    "a text for a truth": ("user", {"accountEnabled": "True"}, "no Edm.Boolean"),
    "a number for a text": ("assign", {"principalDisplayName": 7}, "no Edm.String"),
    "a text for a list": ("create group", {"groupTypes": "Unified"}, "no Collection"),
    "null for a list": ("schema", {"synchronizationRules": None}, "no Collection"),
    "null where there must be a value": ("assign", {"appRoleId": None}, "null"),
    "a relationship not asked for": ("create group", {"members": []}, "not expanded"),
    "a property not selected": ("user", {"mail": None}, "not selected"),
    "no word of an enumeration": ("job", {"schedule": {"state": "Sleeping"}}, "no member"),
    "no duration": ("job", {"schedule": {"interval": "40 minutes"}}, "no Edm.Duration"),
    "a number too large": ("log", {"value": [{"durationInMilliseconds": 2**31}]}, "no Edm.Int32"),
    "a day that is not": (
        "log",
        {"value": [{"activityDateTime": "2026-02-30T10:00:00Z"}]},
        "no Edm",
    ),
    "a word of no flag": (
        "schema",
        {"synchronizationRules": [{"objectMappings": [{"flowTypes": "Add,Remove"}]}]},
        "'Remove' is no member",
    ),
    "another type": (
        "members",
        {"value": [{"@odata.type": "#microsoft.graph.subscription"}]},
        "no",
    ),
    "an unknown word among values": ("secrets", {"value": [{"key": "SkipAll"}]}, "no member"),
    "an object for a list": ("users", {"value": {}}, "value: no list"),
    "an unknown part of a page": ("users", {"@odata.nextlink": HOST}, "@odata.nextlink"),
    "a link to elsewhere": ("users", {"@odata.nextLink": f"{HOST}/groups?$skiptoken=1"}, "lead on"),
    "a link without an address": ("users", {"@odata.nextLink": "/users?$skiptoken=1"}, "lead on"),
    "a delta link of a list": (
        "users",
        {"@odata.deltaLink": f"{HOST}/users?x"},
        "only the function",
    ),
    "two links of a delta": ("delta", {"@odata.nextLink": f"{HOST}/groups/delta?x"}, "not 2"),
    "removed without an object": (
        "delta",
        {"value": [{"id": ONE, "members@delta": [{"id": TWO, "@removed": "deleted"}]}]},
        "@removed",
    ),
    "members of a delta in a list": ("users", {"value": [{"members@delta": []}]}, "members@delta"),
    "no context": ("user", {"@odata.context": None}, "@odata.context"),
    "a context of no set": ("user", {"@odata.context": f"{HOST}/$metadata#people"}, "'people'"),
    "a number for the answer of an action": ("on demand", {"value": {}}, "no Edm.String"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_a_wrong_answer_is_found(case: str) -> None:
    name, changed, said = ANSWERS[case]
    answer = {**GOOD[name].answer, **changed}

    assert any(said in fault for fault in faults(replace(GOOD[name], answer=answer)))


STATUSES: dict[str, tuple[str, dict[str, Any], str]] = {
    "made without 201": ("create group", {"status": 200}, "200 is not 201"),
    "found with 201": ("user", {"status": 201}, "201 is not 200"),
    "an action that answers": ("pause", {"status": 200, "answer": {}}, "200 is not 204"),
    "a body with 204": ("pause", {"answer": {}}, "a body with 204"),
    "a text for a page": ("users", {"answer": "<html>"}, "no JSON object"),
    "JSON for a count": ("count", {"answer_headers": JSON_ANSWER}, "is not text/plain"),
    "a text for a count": ("count", {"answer": "seven"}, "no number"),
    "HTML called JSON": ("user", {"answer_headers": {"content-type": "text/html"}}, "text/html"),
    "an error that is a text": ("refused", {"answer": "Not found"}, "without an error object"),
    "an error without a code": ("refused", {"answer": {"error": {"message": "no"}}}, "error.code"),
}


@pytest.mark.parametrize("case", STATUSES)
def test_a_wrong_status_or_kind_of_answer_is_found(case: str) -> None:
    name, changed, said = STATUSES[case]

    assert any(said in fault for fault in faults(replace(GOOD[name], **changed)))


def test_nonsense_of_the_administrator_that_was_refused_is_no_fault() -> None:
    asked = replace(GOOD["refused"], target="/v1.0/people", by_admin=True)

    assert faults(asked) == []
    assert faults(replace(asked, by_admin=False)) == ["path: no entity set or singleton 'people'"]


def test_an_answer_that_was_made_wrong_on_purpose_is_no_fault() -> None:
    asked = replace(GOOD["user"], answer="<html>", by_fault=True)

    assert faults(asked) == []
    assert len(faults(replace(asked, target="/v1.0/people"))) == 1


def _only(exchange: Exchange) -> str:
    [fault] = faults(replace(exchange, headers=exchange.headers or IN_JSON))
    return fault
