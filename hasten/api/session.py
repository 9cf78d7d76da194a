"""Keeps the session of a person in an encrypted cookie. No instance of the app has to remember it.

The keys are derived from HASTEN_CLIENT_STATE_SECRET: changing that secret, and removing the
previous one, ends all sessions.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from starlette.responses import Response

from hasten.api.caller import Caller

SESSION, FLOW = "session", "sign-in"
"""Purposes. Each has keys of its own, so that the cookie of one is worthless as that of another."""

LIFETIMES = {SESSION: timedelta(hours=1), FLOW: timedelta(minutes=10)}
"""A person whose roles were taken keeps them for the lifetime of the session at most."""

COOKIES = {SESSION: "__Host-hasten-session", FLOW: "__Host-hasten-sign-in"}
"""The prefix makes browsers accept the cookie only from this host, over TLS, for all paths."""

MAX_COOKIE_CHARS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person who has signed in. `csrf` is what a form or a script of a page must send with each
    write; a page of another site cannot know it."""

    caller: Caller
    csrf: str


class Sealer:
    """Encrypts and authenticates the values of cookies of one purpose. Raises ValueError unless
    each of `keys` has 32 bytes; the first encrypts."""

    def __init__(self, purpose: str, keys: Sequence[bytes]) -> None:
        self.purpose = purpose
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
        self._first = Fernet(base64.urlsafe_b64encode(keys[0]))

    def seal(self, value: Mapping[str, Any], now: datetime) -> str:
        plain = json.dumps({**value, "at": now.timestamp()}).encode()
        return self._first.encrypt_at_time(plain, int(now.timestamp())).decode()

    def opened(self, sealed: str | None, now: datetime) -> Mapping[str, Any] | None:
        """Returns the value; None if this app has not sealed it or it is too old."""
        if not sealed or len(sealed) > MAX_COOKIE_CHARS or not sealed.isascii():
            return None
        try:
            value: Mapping[str, Any] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            return None
        age = now - datetime.fromtimestamp(value["at"], UTC)
        return value if age < LIFETIMES[self.purpose] else None

    def put(self, response: Response, value: Mapping[str, Any], now: datetime) -> None:
        self._set(response, self.seal(value, now), LIFETIMES[self.purpose])

    def remove(self, response: Response) -> None:
        self._set(response, "", timedelta(0))

    def _set(self, response: Response, text: str, lifetime: timedelta) -> None:
        response.set_cookie(
            COOKIES[self.purpose],
            text,
            max_age=int(lifetime.total_seconds()),
            path="/",
            secure=True,
            httponly=True,
            samesite="lax",
        )


def of_session(caller: Caller, csrf: str) -> Mapping[str, Any]:
    """Returns what the cookie of a session contains."""
    return {
        "object_id": caller.object_id,
        "name": caller.name,
        "roles": sorted(caller.roles),
        "csrf": csrf,
    }


def session_of(value: Mapping[str, Any]) -> Session:
    caller = Caller(
        object_id=value["object_id"],
        name=value["name"],
        roles=frozenset(value["roles"]),
    )
    return Session(caller=caller, csrf=value["csrf"])
