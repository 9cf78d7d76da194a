"""Emulates the managed identity on loopback, and checks the tokens that it issues."""

import base64
import json
import secrets
import time
from collections.abc import Sequence
from typing import Any

from emulator.graph.errors import GraphError

Json = dict[str, Any]

LIFETIME = 24 * 3600
"""Seconds of real time, because clients compare the expiry with their own clock."""

ROLES = (
    "AppRoleAssignment.ReadWrite.All",
    "AuditLog.Read.All",
    "Directory.Read.All",
    "Group.Create",
    "Group.Read.All",
    "GroupMember.ReadWrite.All",
    "Synchronization.ReadWrite.All",
    "User.Read.All",
    "User.RevokeSessions.All",
)
"""Default application permissions of the managed identity."""

EMPTY = "Access token is empty."
INVALID = "Access token validation failure. Invalid audience or signature."
EXPIRED = "Lifetime validation failed, the token is expired."


class Tokens:
    """Issues and checks tokens. `client_id` is the app of the managed identity."""

    def __init__(self, tenant: str, client_id: str) -> None:
        self._tenant = tenant
        self.client_id = client_id
        self.identity_header = secrets.token_hex(16)
        self.admin = f"admin.{secrets.token_urlsafe(24)}.x"
        self.roles: Sequence[str] = ROLES
        self._expiry: dict[str, int] = {}

    def issue(self, resource: str) -> Json:
        """Returns the answer of the App Service identity endpoint."""
        now = int(time.time())
        expires = now + LIFETIME
        claims = {
            "aud": resource,
            "appid": self.client_id,
            "tid": self._tenant,
            "roles": list(self.roles),
            "iat": now,
            "exp": expires,
            "jti": secrets.token_hex(8),
        }
        token = f"{_part({'typ': 'JWT', 'alg': 'none'})}.{_part(claims)}.{secrets.token_hex(8)}"
        self._expiry[token] = expires
        return {
            "access_token": token,
            "expires_on": str(expires),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": self.client_id,
        }

    def is_issued_for(self, resource: str, token: str) -> bool:
        """Returns whether the managed identity got this token for this resource, and it is valid
        still."""
        if self._expiry.get(token, 0) <= time.time():
            return False
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return bool(claims["aud"] == resource)

    def is_admin(self, authorization: str | None) -> bool:
        _, _, token = (authorization or "").partition(" ")
        return secrets.compare_digest(token.encode(), self.admin.encode())

    def is_for(self, authorization: str | None, resource: str) -> bool:
        """Returns whether it has a token that was issued here for the resource and is valid."""
        _, _, token = (authorization or "").partition(" ")
        if self._expiry.get(token, 0) <= time.time():
            return False
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return str(claims["aud"]).rstrip("/") == resource

    def check(self, authorization: str | None) -> Sequence[str] | None:
        """Returns the caller's current permissions, whatever the token says; None means all
        permissions. Raises GraphError 401 with Graph's text."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized(EMPTY)
        if self.is_admin(authorization):
            return None
        expires = self._expiry.get(token)
        if expires is None:
            raise _unauthorized(INVALID)
        if expires <= time.time():
            raise _unauthorized(EXPIRED)
        return self.roles


def _unauthorized(message: str) -> GraphError:
    return GraphError(
        401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": 'Bearer realm=""'}
    )


def _part(claims: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
