"""Changes the values inside a JSON body, and inside JSON that a string of it contains. A change of
bytes alone rarely leaves JSON behind."""

import base64
import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.fuzz.framing import END_OF_HEAD
from tests.support.hostile_events import ODD_TEXTS, ODD_VALUES

ODD: tuple[Any, ...] = (*ODD_VALUES, *ODD_TEXTS, "https://graph.test:99999/x", "é\n", 9**300, -0.0)
MOST_COPIES = 2000
MOST_LEVELS = 600

Part = tuple[Any, Any]
"""A list or an object, and a place in it."""


def mutated(data: bytes, random: Random) -> bytes | None:
    """Returns a changed input; None if its body is no JSON."""
    head, end, body = data.rpartition(END_OF_HEAD)
    try:
        changed = changed_text(body.decode("utf-8", "replace"), random)
    except RecursionError:
        return None
    return None if changed is None else head + end + changed.encode("utf-8", "replace")


def changed_text(text: str, random: Random) -> str | None:
    value = _json(text)
    if value is None:
        return None
    whole = [value]
    parts = _parts(whole)
    for changes in (GROWING + KEEPING, KEEPING, KEEPING)[: random.choice((1, 1, 2, 3))]:
        at, key = random.choice(parts)
        if key in at if isinstance(at, dict) else key < len(at):
            random.choice(changes)(at, key, random)
    return json.dumps(whole[0]) if whole else ""


def _parts(value: Any) -> list[Part]:
    """Returns every place inside a value, without recursion: the value may be deep."""
    found: list[Part] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        for key in list(one) if isinstance(one, dict) else range(len(one)):
            found.append((one, key))
            if isinstance(one[key], (dict, list)):
                waiting.append(one[key])
    return found


def _odd(at: Any, key: Any, random: Random) -> None:
    at[key] = random.choice(ODD)


def _gone(at: Any, key: Any, random: Random) -> None:
    del at[key]


def _repeated(at: Any, key: Any, random: Random) -> None:
    at[key] = [at[key]] * random.randrange(MOST_COPIES)


def _deep(at: Any, key: Any, random: Random) -> None:
    for _ in range(random.randrange(MOST_LEVELS)):
        at[key] = random.choice(([at[key]], {"a": at[key]}))


def _many_keys(at: Any, key: Any, random: Random) -> None:
    name = random.choice(("", "start-at", "é" * 50, "type"))
    at[key] = {f"{name}{number}": number for number in range(random.randrange(MOST_COPIES))}


def _long(at: Any, key: Any, random: Random) -> None:
    at[key] = str(at[key])[:50] * random.randrange(MOST_COPIES)


def _renamed(at: Any, key: Any, random: Random) -> None:
    if isinstance(at, dict):
        spell = random.choice((str.upper, str.title, lambda name: f"{name} ", lambda _: "\ud800"))
        at[spell(key)] = at.pop(key)


def _within(at: Any, key: Any, random: Random) -> None:
    """Changes the JSON in a string, or makes a string of JSON."""
    if isinstance(at[key], str):
        at[key] = changed_text(at[key], random) or at[key][: random.randrange(1 + len(at[key]))]
    else:
        at[key] = json.dumps(at[key])


def _in_base64(at: Any, key: Any, random: Random) -> None:
    at[key] = base64.b64encode(json.dumps(at[key]).encode()).decode()


def _moved(at: Any, key: Any, random: Random) -> None:
    if isinstance(at, dict):
        at[random.choice(sorted(at))] = at[key]


Change = Callable[[Any, Any, Random], None]

GROWING: tuple[Change, ...] = (_repeated, _deep, _many_keys, _long)
"""At most one of these at once: together they would make gigabytes."""

KEEPING: tuple[Change, ...] = (
    *(_odd, _odd, _odd, _gone, _renamed, _within, _within, _in_base64, _moved),
)


def _json(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, (dict, list)) else None
