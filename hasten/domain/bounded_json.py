"""Parses JSON that comes from outside, and refuses what is nested too deeply and what has a key
twice. Code that walks a value by recursion would otherwise end in a RecursionError, and of two
values nothing says which one is meant."""

import json
from collections.abc import Iterable
from typing import Any

MAX_LEVELS = 64
"""Maximum number of nested objects and arrays; answers of Entra have about ten."""


def json_in(text: str | bytes) -> Any:
    """Returns the value in `text`; None if it is no JSON, has more than MAX_LEVELS levels, or an
    object with a key twice."""
    try:
        found = json.loads(text, object_pairs_hook=_with_each_key_once)
    except (ValueError, RecursionError):
        return None
    return None if _is_too_deep(found) else found


def _with_each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _is_too_deep(found: Any) -> bool:
    level = _containers([found])
    for _ in range(MAX_LEVELS):
        level = _containers(
            inner for one in level for inner in (one.values() if isinstance(one, dict) else one)
        )
    return bool(level)


def _containers(values: Iterable[Any]) -> list[Any]:
    return [one for one in values if isinstance(one, (dict, list))]
