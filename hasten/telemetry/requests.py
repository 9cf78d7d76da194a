"""Events of the HTTP API and of the pages."""

from dataclasses import dataclass
from typing import Literal

from hasten.ports.telemetry import Count, Event, Label


@dataclass(frozen=True, kw_only=True)
class RequestsRefused(Event):
    """The API or the pages refused a request: it has no valid token or session, or its caller may
    not do this. `throttled`: too many requests were refused in this minute. `count` includes the
    requests that were refused since the previous event and got no event of their own."""

    name = "request"
    result: Literal["unauthorized", "forbidden", "throttled"]
    door: Label
    count: Count
