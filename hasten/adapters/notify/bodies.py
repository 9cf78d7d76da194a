"""Writes a message in the form that each service takes.

No text of a message is markup: Slack gets plain text, except for a fallback that is escaped, and
Teams gets runs of text, in which it reads no Markdown.
"""

from collections.abc import Callable, Mapping
from typing import Any

from hasten.destinations import Destination, Medium
from hasten.domain.notices import Line, Notice

JSON_MEDIA_TYPE = "application/json"
CLOUD_EVENT_MEDIA_TYPE = "application/cloudevents+json"

SLACK_MAX_CHARS = 2900
"""Characters of a section; Slack takes 3,000 (Slack, "section block")."""

HEADER_MAX_CHARS = 150
"""Characters of a header (Slack, "header block")."""

Body = Mapping[str, Any]


def teams(notice: Notice) -> Body:
    """Returns an adaptive card in the message of a workflow (Teams, "Create incoming webhooks with
    Workflows")."""
    items: list[Body] = [
        _text(notice.title, size="Large", weight="Bolder"),
        _text(notice.period, isSubtle=True),
    ]
    for line in notice.lines:
        items.append(_text(line.text, weight="Bolder", separator=True))
        items += [_text(text) for text in _details(line)]
        if line.link:
            items.append({"type": "ActionSet", "actions": [_open(line.link, "Open")]})
    if notice.left_out:
        items.append(_text(notice.left_out, isSubtle=True))
    card = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": items,
        "actions": [_open(notice.link, "Open Hasten")] if notice.link else [],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    attachment = {"contentType": kind, "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def slack(notice: Notice) -> Body:
    """Returns blocks, and a fallback for notifications (Slack, "Sending messages using incoming
    webhooks")."""
    blocks: list[Body] = [
        {"type": "header", "text": _plain(notice.title[:HEADER_MAX_CHARS])},
        {"type": "context", "elements": [_plain(notice.period)]},
    ]
    for line in notice.lines:
        text = "\n".join([line.text, *_details(line)])
        section: dict[str, Any] = {"type": "section", "text": _plain(text[:SLACK_MAX_CHARS])}
        if line.link:
            button = {"type": "button", "text": _plain("Open"), "url": line.link}
            section["accessory"] = button
        blocks.append(section)
    if notice.left_out:
        blocks.append({"type": "context", "elements": [_plain(notice.left_out)]})
    if notice.link:
        button = {"type": "button", "text": _plain("Open Hasten"), "url": notice.link}
        blocks.append({"type": "actions", "elements": [button]})
    return {"text": _escaped(notice.title), "blocks": blocks}


def event(notice: Notice, source: str) -> Body:
    """Returns a CloudEvent."""
    return {
        "specversion": "1.0",
        "id": notice.id,
        "source": source,
        "type": "hasten.notice.v1",
        "datacontenttype": JSON_MEDIA_TYPE,
        "data": {
            "title": notice.title,
            "period": notice.period,
            "count": notice.count,
            "isAlert": notice.is_alert,
            "link": notice.link,
            "leftOut": notice.left_out,
            "lines": [
                {
                    "weight": line.weight,
                    "text": line.text,
                    "people": line.people,
                    "reason": line.reason,
                    "nextAction": line.next_action,
                    "link": line.link,
                }
                for line in notice.lines
            ],
        },
    }


def mail(notice: Notice) -> str:
    """Returns the text of a mail."""
    paragraphs = [notice.period]
    paragraphs += ["\n".join(_of_mail(line)) for line in notice.lines]
    paragraphs += [text for text in (notice.left_out, notice.link) if text]
    return "\n\n".join(paragraphs) + "\n"


def body_for(destination: Destination, notice: Notice, source: str) -> tuple[str, Body]:
    """Returns content type and body for a destination of HTTP."""
    makers: Mapping[Medium, Callable[[], tuple[str, Body]]] = {
        Medium.TEAMS: lambda: (JSON_MEDIA_TYPE, teams(notice)),
        Medium.SLACK: lambda: (JSON_MEDIA_TYPE, slack(notice)),
        Medium.WEBHOOK: lambda: (CLOUD_EVENT_MEDIA_TYPE, event(notice, source)),
    }
    return makers[destination.medium]()


def _of_mail(line: Line) -> list[str]:
    return [text for text in (line.text, *_details(line), line.link) if text]


def _details(line: Line) -> list[str]:
    action = f"Next: {line.next_action}" if line.next_action else ""
    return [text for text in (line.people, line.reason, action) if text]


def _text(text: str, *, separator: bool = False, **style: Any) -> Body:
    """Returns runs of text: a TextBlock would read Markdown."""
    run = {"type": "TextRun", "text": text, **style}
    return {"type": "RichTextBlock", "separator": separator, "inlines": [run]}


def _open(url: str, title: str) -> Body:
    return {"type": "Action.OpenUrl", "title": title, "url": url}


def _plain(text: str) -> Body:
    return {"type": "plain_text", "text": text or " ", "emoji": False}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
