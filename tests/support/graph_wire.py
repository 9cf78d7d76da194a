"""A faked wire under the Graph adapter, and the answers that Graph gives on it."""

import time
from http import HTTPStatus
from typing import Any, Self

import httpx
from azure.core.credentials import AccessToken

from hasten.adapters.graph.directory import GraphDirectory
from hasten.json import Json
from tests.support.csdl.check import OTHER_NAMESPACE, request_faults
from tests.support.csdl.exchange import as_exchange

BASE = "https://graph.test/v1.0"
GROUP = "0000bbbb-0000-4000-8000-000000000001"
ALICE = "0000cccc-0000-4000-8000-000000000001"
BOB = "0000cccc-0000-4000-8000-000000000002"
APP = "0000aaaa-0000-4000-8000-000000000001"


class Credential:
    def __init__(self, error: Exception | None = None, given: str = "a-token") -> None:
        self._error = error
        self._given = given
        self.scopes: list[tuple[str, ...]] = []

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        if self._error is not None:
            raise self._error
        self.scopes.append(scopes)
        return AccessToken(self._given, int(time.time()) + 3600)

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class Wire:
    """Answers each request with the next of `answers`; the last one stays. Each request must agree
    with Microsoft's metadata of Graph."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        exchange = as_exchange(request)
        is_known = not exchange.path.startswith(OTHER_NAMESPACE)
        assert not is_known or list(request_faults(exchange)) == []
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def directory(self, credential: Credential | None = None, base: str = BASE) -> GraphDirectory:
        return GraphDirectory(base, credential or Credential(), httpx.MockTransport(self))


def principal(object_id: str = APP) -> Json:
    return {"id": object_id, "appId": object_id, "displayName": "TOTAL", "appRoles": []}


def group(object_id: str = GROUP, **properties: object) -> Json:
    """As Graph shows it, with all that Hasten selects."""
    return {
        "id": object_id,
        "displayName": "TOTAL users",
        "mailNickname": "total-users",
        "mailEnabled": False,
        "securityEnabled": True,
        "isAssignableToRole": None,
        "groupTypes": [],
        "membershipRule": None,
        "onPremisesSyncEnabled": None,
        "visibility": None,
        **properties,
    }


def ok(body: object) -> httpx.Response:
    return httpx.Response(200, json=body)


def refused(status: int, code: str = "", message: str = "why", **headers: str) -> httpx.Response:
    """As Graph refuses. A 404 has a code in any case."""
    code = code or ("Request_ResourceNotFound" if status == HTTPStatus.NOT_FOUND else "")
    error = {"error": {"code": code, "message": message}}
    return httpx.Response(status, json=error, headers=headers)


def delta(members: list[dict[str, Any]], **links: str) -> httpx.Response:
    named = {f"@odata.{name}": url for name, url in links.items()}
    return ok({"value": [{"id": GROUP, "members@delta": members}], **named})
