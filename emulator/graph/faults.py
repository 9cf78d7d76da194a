"""Injects faults on demand: requests that fail, are slow or cut off, and notifications that are
lost or late."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

from emulator.graph.errors import GraphError, bad_request
from emulator.graph.garbled import Garbled

CODES = {
    401: "UnknownError",
    403: "Authorization_RequestDenied",
    410: "syncStateNotFound",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
"""Graph's code for each status, if the fault does not name one."""


class Astray(StrEnum):
    """What happens to a notification."""

    DROP = "drop"
    DUPLICATE = "duplicate"
    DELAY = "delay"
    REORDER = "reorder"
    """Held back, and sent after the next one."""


@dataclass(slots=True)
class RequestFault:
    """Affects the next `times` requests whose "METHOD path?query" matches `pattern`, each with the
    given `probability`.

    With `after`, the request does its work and only the answer is lost. `garbled` corrupts the body
    of a 200; `name` is the property that is then missing or null.
    """

    pattern: re.Pattern[str]
    times: int
    status: int | None = None
    code: str = ""
    message: str = ""
    retry_after: float | str | None = None
    delay_seconds: float = 0.0
    drop_connection: bool = False
    after: bool = False
    garbled: Garbled | None = None
    name: str = ""
    probability: float = 1.0
    identity_only: bool = False
    """Excludes the administrator, whose requests belong to the test."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """Added to the answer, even to a successful one."""

    def fail(self) -> None:
        """Raises the GraphError of the fault, if it has a status."""
        if self.status is not None:
            code = self.code or CODES.get(self.status, "GeneralException")
            retry_after = {"Retry-After": str(self.retry_after)} if self.retry_after else {}
            raise GraphError(self.status, code, self.message, retry_after)


@dataclass(slots=True)
class NotificationFault:
    """Affects the next `times` POSTs to webhooks, not counting retries."""

    kind: Astray
    times: int
    delay_seconds: float = 0.0


class Faults:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._requests: list[RequestFault] = []
        self._notifications: list[NotificationFault] = []

    def add(self, body: Mapping[str, Any]) -> None:
        """Adds a fault. Raises GraphError 400 for an unknown one."""
        times = int(body.get("times", 1))
        delay = float(body.get("delay_seconds", 0.0))
        if "notifications" in body:
            if body["notifications"] not in set(Astray):
                raise bad_request(f"notifications is one of {', '.join(Astray)}")
            kind = Astray(body["notifications"])
            self._notifications.append(NotificationFault(kind, times, delay))
            return
        try:
            pattern = re.compile(str(body["path"]))
        except (KeyError, re.error):
            raise bad_request("A fault names a path (a regular expression)") from None
        after, garbled = bool(body.get("after")), body.get("garbled")
        if garbled is not None and garbled not in set(Garbled):
            raise bad_request(f"garbled is one of {', '.join(Garbled)}")
        if after and not (body.get("status") or body.get("drop_connection") or garbled):
            raise bad_request("A fault after the work needs a status, drop_connection or garbled")
        self._requests.append(
            RequestFault(
                pattern,
                times,
                status=body.get("status"),
                code=str(body.get("code", "")),
                message=str(body.get("message", "")),
                retry_after=body.get("retry_after"),
                delay_seconds=delay,
                drop_connection=bool(body.get("drop_connection")),
                after=after,
                garbled=None if garbled is None else Garbled(garbled),
                name=str(body.get("property", "")),
                identity_only=bool(body.get("identity_only")),
                probability=float(body.get("probability", 1.0)),
                headers={str(k): str(v) for k, v in (body.get("headers") or {}).items()},
            )
        )

    def clear(self) -> None:
        self._requests.clear()
        self._notifications.clear()

    def of_request(self, request: str, *, by_admin: bool) -> RequestFault | None:
        for fault in self._requests:
            if (
                fault.times > 0
                and not (by_admin and fault.identity_only)
                and fault.pattern.search(request)
                and (fault.probability >= 1 or self._random.random() < fault.probability)
            ):
                fault.times -= 1
                return fault
        return None

    def of_notification(self) -> NotificationFault | None:
        for fault in self._notifications:
            if fault.times > 0:
                fault.times -= 1
                return fault
        return None
