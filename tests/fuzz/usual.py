"""Harmless inputs with a number of equal parts, against whose time that of others is measured."""

import base64
import json
from typing import Any

from tests.fuzz.framing import frame
from tests.fuzz.seeds import ENVIRONMENT, good, in_lines
from tests.support.graph_answers import DELTA, ENTRY, MEMBERS, PERSON
from tests.support.graph_wire import GROUP
from tests.support.scim_server import user
from tests.support.webhook import body, item
from tests.support.world import TOTAL

MAX_USERS = 500
"""Of one event (hasten/limits.py)."""


def notifications(count: int) -> bytes:
    return body(*[item()] * count)


def event(count: int) -> bytes:
    users = [{"upn": f"person{number}@contoso.example"} for number in range(min(count, MAX_USERS))]
    return frame("", _json({**good(users=users), "note": "x" * 40 * max(0, count - MAX_USERS)}))


def membership(count: int) -> bytes:
    group = {"id": GROUP, "members@delta": MEMBERS * count}
    return _page([group])


def people(count: int) -> bytes:
    return _page([PERSON] * count)


def read(count: int) -> bytes:
    return frame("200", _json({"value": MEMBERS * count}), {"read": "members"})


def verdict(count: int) -> bytes:
    step = {"name": "Export", "type": "Export", "status": "Success", "details": {"a": "b"}}
    value = [{"provisioningSteps": [step] * count, "statusInfo": {"status": "Success"}}]
    return frame("200", _json({"key": "Type", "value": json.dumps(value)}))


def log(count: int) -> bytes:
    return _page([ENTRY] * count)


def accounts(count: int) -> bytes:
    return frame("200", _json({"totalResults": count, "Resources": [user()] * count}))


def account(count: int) -> bytes:
    return frame("200", _json(user(groups=[{"display": "TOTAL"}] * count)))


def capabilities(count: int) -> bytes:
    return frame("200", _json({"schemes": [{"name": "token"}] * count}))


def settings(count: int) -> bytes:
    return in_lines({**ENVIRONMENT, **{f"OTHER_{number}": "value" for number in range(count)}})


def targets(count: int) -> bytes:
    groups = "".join(f"  - name: Group {number}\n" for number in range(count))
    return f"targets:\n- name: {TOTAL}\n  display_name: {TOTAL}\n  groups:\n{groups}".encode()


def batch(count: int) -> bytes:
    return _json([good(group={"name": "A"})] * min(count, MAX_USERS))


def decision(count: int) -> bytes:
    users = [f"person{number}@{'department.' * 6}contoso.example" for number in range(count)]
    return _json({"target": TOTAL, "users": users, "reason": "agreed"})


def cursor(count: int) -> bytes:
    return base64.urlsafe_b64encode(_json(["a"] * count))


def _page(items: list[Any]) -> bytes:
    return frame("200", _json({"value": items, "@odata.deltaLink": DELTA}))


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
