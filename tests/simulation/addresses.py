"""Keeps the addresses that the SDK built of its templates, and those that httpx has taken apart. A
simulation asks for the same ones thousands of times, and doing it again took a fifth of a storm."""

from functools import lru_cache
from typing import Any

from httpx import _urlparse, _urls
from stduritemplate import StdUriTemplate

MOST_KEPT = 10_000
"""A week asks for as many addresses with a delta token as there are looks."""

_built: dict[tuple[str, str], str] = {}
_build = StdUriTemplate.expand
_parsed = lru_cache(MOST_KEPT)(_urlparse.urlparse)


def keep() -> None:
    """From now on in this process."""
    StdUriTemplate.expand = staticmethod(_expand)  # type: ignore[method-assign]
    _urls.urlparse = _parsed  # type: ignore[attr-defined]


def _expand(template: str, substitutions: dict[str, Any]) -> str:
    key = template, repr(sorted(substitutions.items(), key=str))
    if key not in _built:
        if len(_built) >= MOST_KEPT:
            _built.clear()
        _built[key] = _build(template, substitutions)
    return _built[key]
