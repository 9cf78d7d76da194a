"""Messages to Teams, Slack and webhooks over real HTTP, and what Hasten refuses to post to."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hasten import settings
from hasten.adapters.notify.notifier import PeopleNotifier
from hasten.destinations import Destination, Medium
from hasten.domain.digest import Weight
from hasten.domain.notices import Line, Notice
from hasten.errors import PermanentError, TemporaryError
from tests.support.office import MessageService, message_service

SETTING = "HASTEN_NOTIFY_TEAM"
SECRET = "s3cr3t-path"
LOCAL = "http://127.0.0.1:7071"
HOSTILE = "<!channel> [click](https://evil.example) **bold** & <script>"


@pytest.fixture
async def service() -> AsyncIterator[MessageService]:
    async with message_service() as service:
        yield service


def destination(medium: Medium = Medium.WEBHOOK) -> Destination:
    return Destination.model_validate({"name": "team", "medium": medium, "address": SETTING})


def notice(reason: str = "why", lines: int = 1) -> Notice:
    line = Line(
        weight=Weight.ALERT,
        text="removed failed in TOTAL",
        people="0000cccc-0000-4000-8000-000000000001",
        reason=reason,
        next_action="look at it",
        link="https://hasten.example/api/ui/held",
    )
    return Notice(
        id="notice-1",
        title="Hasten: 1 alert",
        period="2026-11-24 09:00 UTC",
        lines=(line,) * lines,
        left_out="and 990 more",
        count=991,
        link="https://hasten.example/api/ui/",
    )


def notifier(address: str, public: str = LOCAL) -> PeopleNotifier:
    loaded = settings.load(
        {
            "HASTEN_TENANT_ID": "0000aaaa-0000-4000-8000-000000000001",
            "HASTEN_CLIENT_STATE_SECRET": "a client state secret of the tests",
            "HASTEN_PUBLIC_URL": public,
            "HASTEN_STORE": "memory",
            "ServiceBusConnection": "fake",
            SETTING: address,
        }
    )
    return PeopleNotifier(loaded, httpx.AsyncHTTPTransport())


async def posted(address: str, medium: Medium = Medium.WEBHOOK, **about: Any) -> None:
    sender = notifier(address)
    try:
        await sender.post(destination(medium), notice(**about))
    finally:
        await sender.close()


async def test_a_webhook_gets_a_cloud_event_with_an_id_that_a_repetition_shares(
    service: MessageService,
) -> None:
    await posted(f"{service.url}/{SECRET}?sig=1")
    await posted(f"{service.url}/{SECRET}?sig=1")

    first, second = service.received
    assert first.path == f"{service.url}/{SECRET}?sig=1"
    assert first.headers["content-type"] == "application/cloudevents+json"
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == "notice-1"
    assert (first.body["type"], first.body["id"]) == ("hasten.notice.v1", "notice-1")
    assert first.body["data"]["count"] == 991
    assert first.body["data"]["lines"][0]["nextAction"] == "look at it"


async def test_teams_gets_an_adaptive_card_without_markdown_and_below_its_limit(
    service: MessageService,
) -> None:
    await posted(f"{service.url}/x", Medium.TEAMS, reason=HOSTILE[:390], lines=10)

    [got] = service.received
    [attachment] = got.body["attachments"]
    assert got.body["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    items = attachment["content"]["body"]
    assert {item["type"] for item in items} == {"RichTextBlock", "ActionSet"}
    assert HOSTILE in [run["text"] for item in items for run in item.get("inlines", [])]
    assert attachment["content"]["actions"][0]["url"] == "https://hasten.example/api/ui/"
    assert len(json.dumps(got.body)) < 28_000


async def test_slack_gets_plain_text_so_that_no_text_calls_a_channel(
    service: MessageService,
) -> None:
    await posted(f"{service.url}/x", Medium.SLACK, reason=HOSTILE, lines=10)

    [got] = service.received
    texts = [block["text"] for block in got.body["blocks"] if "text" in block]
    assert {text["type"] for text in texts} == {"plain_text"}
    assert all(len(text["text"]) <= 3000 for text in texts)
    assert len(got.body["blocks"]) <= 50
    assert "<" not in got.body["text"]


@pytest.mark.parametrize(
    ("status", "headers", "delay"),
    [
        (500, {}, 60),
        (503, {"Retry-After": "120"}, 120),
        (429, {"Retry-After": "90"}, 90),
        (408, {}, 60),
    ],
)
async def test_an_answer_that_may_pass_is_tried_again_after_its_delay(
    service: MessageService, status: int, headers: dict[str, str], delay: int
) -> None:
    service.answers = [(status, headers)]

    with pytest.raises(TemporaryError) as caught:
        await posted(f"{service.url}/{SECRET}")

    assert caught.value.delay == timedelta(seconds=delay)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
async def test_an_answer_that_will_not_pass_names_the_setting_and_not_the_address(
    service: MessageService, status: int
) -> None:
    service.answers = [(status, {})]
    service.answer_body = b"your secret is " + SECRET.encode()

    with pytest.raises(PermanentError, match=SETTING) as caught:
        await posted(f"{service.url}/{SECRET}")

    assert SECRET not in f"{caught.value} {caught.value.__cause__}"


async def test_a_redirect_is_not_followed(service: MessageService) -> None:
    service.answers = [(307, {"Location": f"{service.url}/elsewhere"})]

    with pytest.raises(PermanentError, match="redirect"):
        await posted(f"{service.url}/{SECRET}")

    assert len(service.received) == 1


async def test_an_answer_without_end_is_not_read_to_its_end(service: MessageService) -> None:
    service.answer_body = b"x" * 5_000_000

    await posted(f"{service.url}/{SECRET}")


async def test_nobody_there_is_an_error_without_the_address() -> None:
    with pytest.raises(TemporaryError) as caught:
        await posted(f"http://127.0.0.1:9/{SECRET}")

    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example/x",
        "http://169.254.169.254/metadata/identity/oauth2/token",
        "http://127.0.0.1:41000/msi/token",
        "ftp://hooks.example/x",
        "file:///etc/passwd",
        "hooks.example/x",
        "https://user:password@hooks.example/x",
        "https://hooks.example/x#fragment",
        "https://",
        "https://[::1",
        "https://hooks.example:port/x",
    ],
)
async def test_an_address_without_https_is_never_asked(address: str) -> None:
    class Never(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise AssertionError(f"asked {request.url}")

    sender = notifier(address, public="https://hasten.example")
    sender._http._client = httpx.AsyncClient(transport=Never())

    with pytest.raises(PermanentError, match=SETTING):
        await sender.post(destination(), notice())


@pytest.mark.parametrize("address", ["", "@Microsoft.KeyVault(SecretUri=https://x.example)"])
async def test_a_missing_or_unresolved_address_is_named(address: str) -> None:
    with pytest.raises(PermanentError, match=SETTING):
        await posted(address)
