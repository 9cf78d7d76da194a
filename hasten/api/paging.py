"""Cuts a list into pages. A page goes on behind the last item of the page before it, also if items
came or went meanwhile."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from hasten.api.endpoint import bad_request

T = TypeVar("T")
Key = tuple[str, ...]


def paged(
    items: Sequence[T], key: Callable[[T], Key], *, limit: int, before: str | None
) -> tuple[Sequence[T], str | None]:
    """Returns the items of a page in the order of `key`, and what asks for the next page. Raises
    ApiError 400 if `before` is none of these."""
    ordered = sorted(items, key=key)
    if before is not None:
        last = _read(before)
        ordered = [item for item in ordered if key(item) > last]
    shown = ordered[:limit]
    return shown, _text(key(shown[-1])) if len(ordered) > limit else None


def _text(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read(text: str) -> Key:
    try:
        found = json.loads(base64.urlsafe_b64decode(text))
        if isinstance(found, list) and all(isinstance(part, str) for part in found):
            return tuple(found)
    except (ValueError, RecursionError, binascii.Error):
        pass
    raise bad_request(
        [
            {
                "field": "query.before",
                "problem": "it is not what a page gave",
                "fix": "take it from the page before, or leave it out",
            }
        ]
    )
