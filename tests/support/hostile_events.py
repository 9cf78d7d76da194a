"""Generates hostile and odd events: a good event, things done to it, and a way to post it.

A seed makes the same events each time, so that a failure can be repeated."""

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from hypothesis import strategies as st

from tests.support.hostile_wire import WIRE, Hostile
from tests.support.posting import ENSURE_GROUP, OFFBOARD, ONBOARD, PROVISION, ref
from tests.support.virtual_time import START
from tests.support.world import ADMIN, ENGINEERING, TOTAL

AHEAD = datetime(2027, 1, 15, 9, tzinfo=UTC)
"""Every date that is generated lies ahead: the events are posted on virtual_time.START."""

FORMATS = (
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S+00:00",
    "%Y-%m-%d %H:%M:%S+00:00",
    "%Y-%m-%dT%H:%M:%S.0000000Z",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%MZ",
    "%Y-%m-%dT%H:%M:%S+0000",
    "%Y-%m-%dT%H:%M:%S UTC",
    "%Y-%m-%dT%H:%M:%S+00:00[UTC]",
    "%Y-%m-%d",
    "%Y-%m-%dZ",
    "%Y-%m-%d-08:00",
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%Y%m%dT%H%M%SZ",
    "%d.%m.%Y",
    "%m/%d/%Y %I:%M:%S %p",
    "%d-%b-%Y",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%G-W%V-%u",
    "%Y-%j",
)
EPOCH = int(AHEAD.timestamp())
DATES: list[Any] = [
    *(AHEAD.strftime(form) for form in FORMATS),
    *(f" {AHEAD:%Y-%m-%dT%H:%M:%SZ}", f"{AHEAD:%Y-%m-%dT%H:%M:%SZ}\n"),
    *(EPOCH, EPOCH * 1000, float(EPOCH), str(EPOCH), str(EPOCH * 1000)),
    *(f"/Date({EPOCH * 1000})/", f"/Date({EPOCH * 1000}+0100)/", f"new Date({EPOCH * 1000})"),
    *("46402", 46402, "$(startDate)", "@{variables('start')}", {"dateTime": str(AHEAD)}, [EPOCH]),
]
"""One date as systems write it."""

NEVER_IN_A_REFUSAL = "Lovelace"
"""Part of posted texts. The texts of a refusal must never repeat it."""

PAYROLL = "0000bbbb-0000-4000-8000-00000000000a"
"""A group that the policy does not name."""

SECRET_TEAM = "0000bbbb-0000-4000-8000-00000000000b"
"""A role-assignable group of a name that the policy allows."""

RULE_TEAM = "0000bbbb-0000-4000-8000-00000000000c"
"""A dynamic group of a name that the policy allows."""

TWIN_TEAMS = ("0000bbbb-0000-4000-8000-00000000000d", "0000bbbb-0000-4000-8000-00000000000e")
"""Two groups of one name, which the policy allows."""

STRANGER_TEAM = "0000bbbb-0000-4000-8000-00000000000f"
"""A group that somebody else made under a name that the policy allows."""

ODD_TEXTS = [
    *("", " ", "\x00", "\ud800", "\ufeff", "x" * 300, "null", "NaN", "{}", "%VAR%", "{{user}}"),
    *(f"Ada {NEVER_IN_A_REFUSAL}", f"@{{mail={NEVER_IN_A_REFUSAL}}}"),
    "System.Collections.Hashtable",
    *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00+14:00", "00000000"),
    *("0000cccc-0000-4000-8000-000000000001", ADMIN, ENGINEERING),
    *("TOTAL", "TOTAL-Admin", "Payroll", PAYROLL),
]
ODD_VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1.0, 10**40, float("nan"), float("inf"), [], {}, [[]], [None]),
    *({"id": ADMIN}, {"name": "TOTAL-Admin"}, {"name": "*"}, {"employeeId": 7}, "é" * 90),
    *({"a": {"\ud800": 1}}, {"specversion": "1.0"}, -(10**400), 1e-320, 2**63, [[[[[[[[]]]]]]]]),
    [{"id": "0000cccc-0000-4000-8000-000000000001"}] * 3,
]

NEW = {"name": "Team-New"}
GROUPS: list[Mapping[str, Any]] = [
    *(NEW, NEW, {"name": "TOTAL-Engineering"}, {"id": ENGINEERING}, {"name": "team-new"}),
    *({"id": ADMIN}, {"name": "TOTAL-Admin"}, {"name": "total-admin"}, {"name": "[TOTAL]-Admin"}),
    *({"id": PAYROLL}, {"name": "Payroll"}, {"name": "Pay*"}, {"name": "*"}, {"name": "Nowhere"}),
    *({"id": SECRET_TEAM}, {"name": "Team-Secret"}, {"id": RULE_TEAM}, {"name": "Team-Rule"}),
    *({"id": TWIN_TEAMS[0]}, {"name": "Team-Twin"}, {"name": "Team-Stranger"}, {"name": "TEAM-*"}),
]

Path = tuple[str | int, ...]

PATHS: list[Path] = [
    *(("specversion",), ("id",), ("source",), ("type",), ("time",), ("datacontenttype",)),
    *(("extra",), ("data",), ("data", "target"), ("data", "role"), ("data", "rule")),
    *(("data", "users"), ("data", "users", 0), ("data", "users", 0, "id"), ("data", "members")),
    *(("data", "group"), ("data", "group", "name"), ("data", "groups")),
    *(("data", "startAt"), ("data", "endAt")),
]

LETTERS: list[Callable[[str], str]] = [
    str.upper,
    str.title,
    str.lower,
    lambda key: key[:1].upper() + key[1:],
    lambda key: key.replace("At", "_at"),
    lambda key: f"{key} ",
]


def good(kind: str, group: Mapping[str, Any] = NEW) -> dict[str, Any]:
    data: dict[str, Any] = {"target": TOTAL, "users": [ref(1)], "group": {**group}}
    if kind == OFFBOARD:
        data["groups"] = [data.pop("group")]
    if kind == ENSURE_GROUP:
        data["members"] = data.pop("users")
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "/hr",
        "type": kind,
        "time": START.isoformat(),
        "data": data,
    }


def change(event: Any, path: Path, do: Callable[[Any, Any], object]) -> None:
    """Changes nothing if the place does not exist (any more)."""
    *before, last = path
    try:
        for part in before:
            event = event[part]
        do(event, last)
    except (LookupError, TypeError, AttributeError):
        return


def put(at: Any, key: Any, *, value: Any) -> None:
    at[key] = copy.deepcopy(value)


def drop(at: Any, key: Any) -> None:
    del at[key]


def rename(at: Any, key: Any, *, spell: Callable[[str], str]) -> None:
    at[spell(str(key))] = at.pop(key)


KINDS = st.sampled_from([ONBOARD, OFFBOARD, ENSURE_GROUP, PROVISION])
NAMED_GROUPS = st.sampled_from(GROUPS)
HOW_MANY = st.integers(0, 3)
WHERE = st.sampled_from(PATHS)
WHAT = st.sampled_from(["set", "set", "drop", "rename"])
VALUES = st.sampled_from([*ODD_VALUES, *ODD_TEXTS, *DATES])
SPELLINGS = st.sampled_from(LETTERS)
EFFECTS = st.sampled_from([(ONBOARD, "startAt"), (OFFBOARD, "endAt")])
KEYS: st.SearchStrategy[Callable[[str], str]] = st.sampled_from([str, *LETTERS])
PLACES = st.sampled_from(["data", "data", "data", "event", "user"])
TIMES = st.sampled_from(DATES)
"""Made once: to make a strategy takes longer than to draw from it."""


@st.composite
def hostile(draw: st.DrawFn) -> Hostile:
    """Up to three things are wrong with it, besides the way in which it is posted."""
    event = good(draw(KINDS), draw(NAMED_GROUPS))
    for _ in range(draw(HOW_MANY)):
        path, what = draw(WHERE), draw(WHAT)
        if what == "set":
            change(event, path, partial(put, value=draw(VALUES)))
        elif what == "drop":
            change(event, path, drop)
        else:
            change(event, path, partial(rename, spell=draw(SPELLINGS)))
    return draw(WIRE)(event)


@st.composite
def dated(draw: st.DrawFn) -> Hostile:
    """A good event that is to take effect on AHEAD, whatever key, place and spelling says so."""
    kind, key = draw(EFFECTS)
    event = good(kind)
    places = {"data": event["data"], "event": event, "user": event["data"]["users"][0]}
    places[draw(PLACES)][draw(KEYS)(key)] = draw(TIMES)
    return draw(WIRE)(event)
