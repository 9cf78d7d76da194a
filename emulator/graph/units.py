"""Emulates resource units, with which Graph's identity service weighs and limits the requests of an
app (Graph, throttling limits)."""

import math
import re
from collections import deque
from collections.abc import Mapping

from emulator.graph.errors import GraphError

SECONDS = 10.0
SMALL_PAGE = 20
WARN_FROM = 0.8
"""Share of the limit from which answers report how much of it is used."""

COSTS = (
    (re.compile(r"/groups/[^/]+/transitiveMembers(/.*)?", re.IGNORECASE), 5),
    (re.compile(r"/groups/[^/]+/members(/.*)?", re.IGNORECASE), 3),
    (re.compile(r"/users/[^/]+/memberOf", re.IGNORECASE), 2),
    (re.compile(r"/(users|applications)", re.IGNORECASE), 2),
    (re.compile(r"/servicePrincipals/[^/]+/appRole(Assignments|AssignedTo)", re.IGNORECASE), 2),
)
"""Cost of GET requests by path; every other request costs one unit."""

Headers = dict[str, str]


def cost(method: str, path: str, query: Mapping[str, str]) -> int:
    if method != "GET":
        return 1
    units = next((units for pattern, units in COSTS if pattern.fullmatch(path)), 1)
    top = query.get("$top", "")
    units -= "$select" in query
    units += "$expand" in query
    units -= top.isdigit() and int(top) < SMALL_PAGE
    return max(1, units)


class Units:
    """The units that an app has used in the last ten seconds of the emulated clock."""

    def __init__(self) -> None:
        self._used: deque[tuple[float, int]] = deque()

    def charge(self, units: int, limit: int, *, now: float, speed: float) -> Headers:
        """Charges a request and returns the headers for its answer. Raises GraphError 429 above the
        limit; refused requests count too. `speed` converts Retry-After to real seconds."""
        while self._used and now - self._used[0][0] >= SECONDS:
            self._used.popleft()
        self._used.append((now, units))
        share = sum(units for _, units in self._used) / limit
        headers = {"x-ms-resource-unit": str(units)}
        if share > WARN_FROM:
            headers["x-ms-throttle-limit-percentage"] = f"{share:.2f}"
        if share > 1:
            wait = math.ceil(SECONDS / speed) if speed else 60
            raise _refused(headers, wait)
        return headers


def _refused(headers: Headers, wait: int) -> GraphError:
    return GraphError(
        429,
        "TooManyRequests",
        "Too many requests. Please retry later.",
        {
            **headers,
            "Retry-After": str(wait),
            "x-ms-throttle-scope": "Tenant_Application/ReadWrite",
            "x-ms-throttle-information": "ResourceUnitLimitExceeded",
        },
    )
