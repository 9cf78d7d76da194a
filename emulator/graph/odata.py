"""Implements the parts of OData that Graph's clients use here: $select, simple $filter, paging
links."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from emulator.clock import parse_iso
from emulator.graph.errors import bad_request

Json = dict[str, Any]

_TERM = re.compile(
    r"\s*(?P<name>[\w/]+)\s+(?P<op>eq|ne|ge|gt|le|lt)\s+(?:'(?P<text>(?:[^']|'')*)'|(?P<bare>[^\s()]+))\s*",
    re.IGNORECASE,
)
_STARTS = re.compile(
    r"\s*startswith\((?P<name>[\w/]+),\s*'(?P<text>(?:[^']|'')*)'\)\s*", re.IGNORECASE
)

_TIME = re.compile(r"\d{4}-\d\d-\d\dT")

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "ge": lambda a, b: a >= b,
    "gt": lambda a, b: a > b,
    "le": lambda a, b: a <= b,
    "lt": lambda a, b: a < b,
}

MAX_TOP = 999
DEFAULT_TOP = 100


def names(select: str | None) -> list[str]:
    """Returns the properties of a $select or $expand."""
    return [name.strip() for name in (select or "").split(",") if name.strip()]


def matches(expression: str | None, item: Mapping[str, Any]) -> bool:
    """Returns whether `item` matches a $filter of comparisons joined by `or` or `and`; text
    comparison ignores case. Raises GraphError 400 for anything else."""
    if not expression:
        return True
    word, terms = _terms(expression)
    held = (_holds(term, item) for term in terms)
    return any(held) if word == "or" else all(held)


def equality(expression: str | None) -> tuple[str, str] | None:
    """Returns property and lower-case text of a $filter that is only `name eq 'text'`, or None.
    Users are looked up this way, and only this filter may search a whole directory."""
    if not expression:
        return None
    _, terms = _terms(expression)
    term = terms[0].groupdict()
    if len(terms) > 1 or term.get("op", "").lower() != "eq" or term.get("text") is None:
        return None
    return term["name"], term["text"].replace("''", "'").casefold()


@lru_cache(maxsize=64)
def _terms(expression: str) -> tuple[str, Sequence[re.Match[str]]]:
    """Returns the word between the terms, and the terms. Parsed once for a whole collection."""
    terms = []
    rest, word = expression, ""
    while rest:
        match = _TERM.match(rest) or _STARTS.match(rest)
        if match is None:
            raise bad_request(f"Invalid filter clause: {expression}")
        terms.append(match)
        rest = rest[match.end() :]
        if rest:
            found = rest.split(maxsplit=1)
            if found[0].lower() not in {"and", "or"} or word not in {"", found[0].lower()}:
                raise bad_request(f"Unsupported filter clause: {expression}")
            word = found[0].lower()
            rest = found[1] if len(found) > 1 else " "
    return word, terms


def wanted_ids(expression: str | None, most: int) -> list[str]:
    """Returns the ids of `id eq '…' or id eq '…'`. Raises GraphError 400 for more than `most` ids
    or another filter."""
    if not expression:
        return []
    ids = []
    for term in re.split(r"\s+or\s+", expression.strip()):
        match = _TERM.fullmatch(term)
        if (
            match is None
            or match["name"] != "id"
            or match["op"].lower() != "eq"
            or not match["text"]
        ):
            raise bad_request("Only filtering by id eq is supported for change tracking.")
        ids.append(match["text"].lower())
    if len(ids) > most:
        raise bad_request(f"The filter may name at most {most} objects.")
    return ids


def top(text: str | None) -> int:
    if text is None:
        return DEFAULT_TOP
    if not text.isdigit() or not 0 < int(text) <= MAX_TOP:
        raise bad_request(f"Invalid page size specified: '{text}'. Must be between 1 and 999.")
    return int(text)


def page(
    items: Sequence[Any], query: Mapping[str, str], url: str, *, empty_first: bool = False
) -> tuple[Sequence[Any], str | None]:
    """Returns the slice for $top and $skiptoken, and the link to the next one. With `empty_first`
    the first page contains only the link."""
    if empty_first and "$skiptoken" not in query:
        return [], link(url, {**query, "$skiptoken": "0"})
    size = top(query.get("$top"))
    token = query.get("$skiptoken", "0")
    if not token.isdigit():
        raise bad_request("Badly formed token.", "Directory_InvalidSkipToken")
    start = int(token)
    if start + size >= len(items):
        return items[start:], None
    return items[start : start + size], link(url, {**query, "$skiptoken": str(start + size)})


def link(url: str, query: Mapping[str, str]) -> str:
    """Returns `url` with the query; dollar signs stay readable, as in Graph."""
    pairs = (f"{name}={quote(value, safe=',')}" for name, value in query.items())
    return f"{url}?{'&'.join(pairs)}"


def _holds(match: re.Match[str], item: Mapping[str, Any]) -> bool:
    groups = match.groupdict()
    found: Any = item
    for part in groups["name"].split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None
    if "op" not in groups:
        return str(found or "").casefold().startswith(groups["text"].replace("''", "'").casefold())
    wanted: Any = (
        groups["text"].replace("''", "'") if groups["text"] is not None else groups["bare"]
    )
    if isinstance(found, bool):
        wanted, found = wanted.casefold(), str(found).casefold()
    if found is None:
        return bool(groups["op"].lower() == "ne")
    compare = _COMPARE[groups["op"].lower()]
    if groups["bare"] is not None and _TIME.match(groups["bare"]):
        return compare(parse_iso(str(found)), parse_iso(groups["bare"]))
    return compare(str(found).casefold(), str(wanted).casefold())
