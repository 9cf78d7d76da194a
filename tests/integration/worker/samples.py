"""For each function what it is invoked with. A function without a line here fails the test."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from emulator.graph.seed import TOTAL_ENGINEERING
from hasten.domain.changes import FoundBy
from hasten.messages import Ensure, Look, Wake
from hasten.ports.bus import Message
from tests.integration.worker.worker import ROOT

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Http:
    """`answers` is the status of the answer where it is no success."""

    body: str
    answers: int | None = None
    url: str = "http://127.0.0.1/"


@dataclass(frozen=True)
class Bus:
    """`wrong` is a body that must fail the invocation, so that Service Bus delivers it again and in
    the end dead-letters it; none where the function itself parks what it cannot read."""

    message: Message
    wrong: str | None = '{"neither": "this", "nor": "that"}'


@dataclass(frozen=True)
class Timer:
    pass


def _event(name: str) -> str:
    return (ROOT / "tests" / "events" / name).read_text()


SAMPLES: Mapping[str, Http | Bus | Timer] = {
    "graph_notifications": Http(_event("notifications/member-added.json")),
    "graph_lifecycle": Http(_event("notifications/lifecycle-reauthorization-required.json")),
    "directory_changes": Bus(
        Look(group=TOTAL_ENGINEERING, noticed_at=NOW, found_by=FoundBy.NOTIFICATION).message(
            "look-1"
        )
    ),
    "onboarding_events": Bus(
        Message(
            raw=(ROOT / "examples" / "events" / "provision.json").read_bytes(),
            message_id="posted-1",
            content_type="application/cloudevents+json",
        ),
        wrong=None,
    ),
    "ensure": Bus(Ensure(target="TOTAL").message("ensure-1")),
    "provisioning": Bus(Wake(target="TOTAL").message("wake-1")),
    "api": Http("", answers=401, url="http://127.0.0.1/api/v1/targets"),
    "page": Http("", answers=404, url="http://127.0.0.1/api/ui/nowhere"),
    "sweep": Timer(),
    "wake": Timer(),
    "look": Timer(),
    "renew": Timer(),
    "verify": Timer(),
    "people": Timer(),
    "seal": Timer(),
    "tidy": Timer(),
    "apply": Timer(),
}


def given(message: Message) -> dict[str, object]:
    """As the host hands it to the worker."""
    body = message.raw.decode() if message.raw is not None else json.dumps(message.body)
    return {
        "body": body,
        "message_id": message.message_id,
        "content_type": message.content_type,
        "properties": dict(message.properties),
    }
