"""Decoders of what strangers, upstream systems and operators send or write."""

from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.requests import Request
from starlette.types import Message

from hasten import settings
from hasten.api import paging
from hasten.api.endpoint import _body
from hasten.api.events import _batch
from hasten.api.models import HeldDecision
from hasten.events.envelope import STRUCTURED, OnboardingEvent, encode, parse
from hasten.onboard.message import Posted
from hasten.ports.bus import ONBOARDING_EVENTS, Received
from hasten.scim import TOKEN_PREFIX
from hasten.settings import ADDRESS_PREFIX
from hasten.targets_file import load
from tests.fuzz.answers import ran
from tests.fuzz.framing import framed
from tests.support.virtual_time import START
from tests.support.webhook import receiving
from tests.support.world import World

ANSWERED = frozenset(
    {HTTPStatus.ACCEPTED, HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
)


def notification(data: bytes) -> HTTPStatus:
    """Posts the input to both addresses of the webhook, in a world with one watched group."""

    async def scenario() -> tuple[HTTPStatus, HTTPStatus]:
        webhook = await receiving(World())
        return await webhook.receive(data), await webhook.receive_lifecycle(data)

    answered = ran(scenario())
    assert ANSWERED.issuperset(answered), answered
    return answered[0]


def event(data: bytes) -> OnboardingEvent:
    """Reads an event. What Hasten sends on in its place must be the same event."""
    given = framed(data)
    posted = Posted.of(
        Received(
            queue=ONBOARDING_EVENTS,
            body=given.body,
            content_type=given.first,
            properties=dict(given.fields),
        )
    )
    found = parse(posted.body, posted.content_type, posted.properties, START)
    again = parse(encode(found), STRUCTURED, {}, START)
    assert again == found, "Hasten sends on another event than it read"
    return found


def batch(data: bytes) -> object:
    """Reads a batch of events that was posted over HTTP."""

    async def scenario() -> object:
        return _batch(World().context, data)

    return ran(scenario())


def decision(data: bytes) -> object:
    """Reads the body of a request to the API that decides about what is held."""
    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}

    async def receive() -> Message:
        return {"type": "http.request", "body": data, "more_body": False}

    return ran(_body(HeldDecision, Request(scope, receive)))


def cursor(data: bytes) -> object:
    """Reads `before` of a page of the API."""
    return paging._read(data.decode("utf-8", "replace"))


def environment(data: bytes) -> object:
    """Reads the settings from lines of NAME=value, with all that is derived from them."""
    lines = data.decode("utf-8", "surrogateescape").replace("\0", "").split("\n")
    given = {name: value for name, _, value in (line.partition("=") for line in lines)}
    found = settings.load(given)
    secrets = [found.scim_token(n) for n in given if n.startswith(TOKEN_PREFIX)]
    secrets += [found.notify_address(name) for name in given if name.startswith(ADDRESS_PREFIX)]
    found.client_state_check()("presented")
    return found, found.authority, found.client_state, found.keys_for("cookies"), secrets


_FOLDER = TemporaryDirectory(prefix="hasten-fuzz-")


def targets_file(data: bytes) -> object:
    path = Path(_FOLDER.name) / "targets.yaml"
    path.write_bytes(data)
    return load(path)
