"""Inputs with which the search begins: the golden payloads and the examples of the tests."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.events import golden
from tests.fuzz.framing import frame
from tests.fuzz.graph_decoders import READ_BY_NAME
from tests.support.graph_answers import READS
from tests.support.hostile_wire import FORMS, Hostile
from tests.support.posting import ENSURE_GROUP, OFFBOARD, ONBOARD, PROVISION, ref
from tests.support.scim_server import user
from tests.support.virtual_time import START
from tests.support.webhook import item
from tests.support.world import TOTAL

EXAMPLES = golden.FOLDER.parents[1] / "examples"
SECRET = "0123456789abcdef0123456789abcdef"
ENVIRONMENT = {
    "HASTEN_TENANT_ID": "7d96d549-841b-4092-9c09-89abae4c860c",
    "HASTEN_CLIENT_STATE_SECRET": SECRET,
    "HASTEN_CLIENT_STATE_SECRET_PREVIOUS": SECRET[::-1],
    "HASTEN_PUBLIC_URL": "https://contoso.azurewebsites.net",
    "HASTEN_GRAPH_URL": "https://graph.microsoft.us/v1.0",
    "HASTEN_SIGN_IN_URL": "https://login.microsoftonline.us",
    "HASTEN_STORE": "sqlite:///var/hasten.db",
    "HASTEN_SCIM_TOKEN_TOTAL": "token",
    "HASTEN_NOTIFY_TEAM": "https://team.example/hook",
    "ServiceBusConnection": "Endpoint=sb://127.0.0.1;SharedAccessKey=key",
}


def good(kind: str = ONBOARD, **data: Any) -> dict[str, Any]:
    """A valid event, as of virtual_time.START."""
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "/hr",
        "type": kind,
        "time": START.isoformat(),
        "data": {"target": TOTAL, "users": [ref(1)], **data},
    }


def in_lines(environment: Mapping[str, str]) -> bytes:
    return "\n".join(f"{name}={value}" for name, value in environment.items()).encode()


def notifications() -> Iterator[bytes]:
    for name in golden.names("notifications"):
        yield golden.raw("notifications", name)
    lifecycle = {"lifecycleEvent": "missed", "resource": None}
    yield _json({"value": [item(), item(**lifecycle)]})


def _framed(posted: Hostile) -> bytes:
    return frame(posted.content_type, posted.body, posted.properties)


def events() -> Iterator[bytes]:
    group = {"name": "TOTAL-Engineering"}
    yield frame("", _json(good(group=group, startAt="2026-11-25T09:00:00Z")))
    yield frame("", _json(good(OFFBOARD, groups=[group])))
    yield frame("", _json(good(PROVISION)))
    ensure = good(ENSURE_GROUP, group=group, members=[ref(1)])
    del ensure["data"]["users"]
    yield frame("", _json(ensure))
    for post in FORMS:
        posted = post(good(group=group))
        if len(posted.body) < 2000:
            yield _framed(posted)


def membership() -> Iterator[bytes]:
    yield from _answers("membership_delta")


def people() -> Iterator[bytes]:
    yield from _answers("people_delta")


def reads() -> Iterator[bytes]:
    for asked in READS:
        yield frame("200", asked.body, {"read": asked.name})


def _answers(name: str) -> Iterator[bytes]:
    yield frame("200", READ_BY_NAME[name].body)
    yield frame("429", golden.raw("errors", "429-throttled"), {"Retry-After": "120"})
    yield frame("410", b'{"error": {"code": "syncStateNotFound", "message": "gone"}}')


def verdicts() -> Iterator[bytes]:
    for name in golden.names("answers"):
        yield frame("200", golden.raw("answers", name))
    for name in golden.names("errors"):
        retry = {"Retry-After": "Tue, 24 Nov 2026 09:00:00 GMT"}
        yield frame(name[:3], golden.raw("errors", name), retry)


def log() -> Iterator[bytes]:
    yield from _answers("provisioning_log")


def accounts() -> Iterator[bytes]:
    for found in ([], [user()], [user(id="8"), user()]):
        yield frame("200", _json({"totalResults": len(found), "Resources": found}))
    yield frame("429", b"", {"Retry-After": "5"})
    yield frame("400", b'{"scimType": "invalidFilter"}')


def account() -> Iterator[bytes]:
    shown = user(active="True", groups=[{"display": "TOTAL"}], meta={"version": 'W/"1"'})
    yield frame("200", _json(shown), {"ETag": 'W/"1"'})
    yield frame("200", _json(user(active=False)))
    error = "urn:ietf:params:scim:api:messages:2.0:Error"
    yield frame("404", _json({"schemas": [error], "status": "404"}))


def capabilities() -> Iterator[bytes]:
    yield frame("200", b'{"patch": {"supported": true}, "filter": {"supported": "yes"}}')


def settings() -> Iterator[bytes]:
    yield in_lines(ENVIRONMENT)
    for name in ENVIRONMENT:
        yield in_lines({**ENVIRONMENT, name: "@Microsoft.KeyVault(SecretUri=https://v.example)"})


def targets() -> Iterator[bytes]:
    for file in sorted(EXAMPLES.rglob("targets*.yaml")):
        yield file.read_bytes()
    yield b"targets:\n- name: TOTAL\n  display_name: TOTAL\n  groups: [{name: A}]\n"


def batches() -> Iterator[bytes]:
    group = {"name": "TOTAL-Engineering"}
    yield _json([])
    yield _json([good(group=group), good(OFFBOARD)])
    yield _json([good(target=target) for target in ("", "Nowhere", 7, None)])


def decisions() -> Iterator[bytes]:
    yield _json({"target": TOTAL, "all": True, "reason": "agreed"})
    yield _json({"target": TOTAL, "groups": ["TOTAL-Engineering"], "reason": "agreed"})
    yield _json({"target": TOTAL, "users": ["ada@x.test"], "why": "agreed"})


def cursors() -> Iterator[bytes]:
    yield base64.urlsafe_b64encode(_json(["2026-11-24", "TOTAL", "1"]))
    yield base64.urlsafe_b64encode(_json([1]))


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
