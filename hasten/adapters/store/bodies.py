"""Decodes the bodies of documents. Most of what a worker or a page reads again has not changed, and
to decode it takes longer than to fetch it."""

import json
from functools import lru_cache

from hasten.json import Json
from hasten.ports.store import GarbledBody

MAX_KEPT = 4_096
"""Bodies that a process keeps. Those of rows of the ledger take about 4 KiB of memory each."""

MAX_KEPT_CHARS = 4_096
"""Longer bodies, such as a part of a roster, are not kept."""


def decoded(text: str) -> Json:
    """Returns the body, or a GarbledBody. Nobody may change it: whoever reads the same text gets
    the same body."""
    return _kept(text) if len(text) <= MAX_KEPT_CHARS else _decoded(text)


def _decoded(text: str) -> Json:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return GarbledBody()
    return body if isinstance(body, dict) else GarbledBody()


_kept = lru_cache(maxsize=MAX_KEPT)(_decoded)
