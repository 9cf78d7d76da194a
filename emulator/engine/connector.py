"""Provisions the app by SCIM over HTTP, as Entra's own connector does.

Before a call or a cycle the connector reads the accounts that it is about: the app may have changed
them. Afterwards it sends what was decided.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from emulator.certificates import trusted
from emulator.engine.app import Account, App

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SCIM_JSON = "application/scim+json"
PAGE = 500

PATHS = {
    "displayName": "displayName",
    "userPrincipalName": "userName",
    "mail": 'emails[type eq "work"].value',
    "jobTitle": "title",
    "department": f"{ENTERPRISE}:department",
}
"""The attributes of the app by those of the directory."""


MEMBERSHIPS = frozenset({"join", "leave"})
"""Writes that stay in memory: the server holds accounts alone."""


class ConnectorError(Exception):
    """The app refused a request: the emulated Entra has no answer for that."""


class Connector:
    """The way to one app. `url` is the base address with the version of SCIM. Without `patches` an
    account is written as a whole."""

    def __init__(self, url: str, token: str, *, patches: bool = True) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": SCIM_JSON}
        self._client = httpx.AsyncClient(
            base_url=url.rstrip("/") + "/",
            headers=headers,
            trust_env=False,
            timeout=30,
            verify=trusted(),
        )
        self._patches = patches
        self._ids: dict[str, str] = {}
        """The app's id of an account, by user."""
        self._sent = 0

    async def close(self) -> None:
        await self._client.aclose()

    async def read(self, app: App, users: Iterable[str]) -> None:
        """Reads the accounts of these users into `app`."""
        for user in users:
            wanted = quote(f'externalId eq "{user}"', safe="")
            listed = await self._send("GET", f"Users?filter={wanted}")
            self._take(app, user, next(iter(listed.get("Resources") or ()), None))

    async def read_all(self, app: App) -> None:
        shown: dict[str, Mapping[str, Any]] = {}
        total = 1
        while len(shown) < total:
            page = await self._send("GET", f"Users?startIndex={len(shown) + 1}&count={PAGE}")
            total = page["totalResults"]
            shown |= {one["externalId"]: one for one in page.get("Resources") or ()}
        for user in {*shown, *app.accounts}:
            self._take(app, user, shown.get(user))

    async def write(self, app: App) -> None:
        """Sends the accounts that were written since the last time."""
        news, self._sent = app.writes[self._sent :], len(app.writes)
        for user in dict.fromkeys(write.user for write in news if write.what not in MEMBERSHIPS):
            account = app.accounts.get(user)
            if account is None:
                await self._send("DELETE", f"Users/{self._ids.pop(user)}")
            elif user in self._ids:
                method, body = ("PATCH", _patch) if self._patches else ("PUT", _created)
                await self._send(method, f"Users/{self._ids[user]}", body(account))
            else:
                created = await self._send("POST", "Users", _created(account))
                self._ids[user] = str(created["id"])

    def _take(self, app: App, user: str, shown: Mapping[str, Any] | None) -> None:
        if shown is not None:
            self._ids[user] = str(shown["id"])
            account = app.accounts.setdefault(user, Account(user))
            account.active = bool(shown["active"])
        elif user in self._ids:
            del self._ids[user]
            app.accounts.pop(user, None)

    async def _send(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        content = None if body is None else json.dumps(body)
        answer = await self._client.request(method, path, content=content)
        if not answer.is_success:
            raise ConnectorError(f"{method} {path}: {answer.status_code} {answer.text}")
        return dict(answer.json()) if answer.content else {}


def _patch(account: Account) -> dict[str, Any]:
    """Returns the body in the form that Entra sends without a flag in the tenant URL."""
    values = {path: account.profile.get(name) for name, path in PATHS.items()}
    values["active"] = str(account.active)
    operations = [
        {"op": "Replace", "path": path, "value": value}
        for path, value in values.items()
        if value is not None
    ]
    return {"schemas": [PATCH], "Operations": operations}


def _created(account: Account) -> dict[str, Any]:
    profile = account.profile
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": account.user,
        "userName": profile.get("userPrincipalName", account.user),
        "active": account.active,
        "displayName": profile.get("displayName"),
        "title": profile.get("jobTitle"),
        "emails": [{"type": "work", "value": profile["mail"]}] if "mail" in profile else [],
        ENTERPRISE: {"department": profile.get("department")},
    }
