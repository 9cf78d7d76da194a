"""Bodies that a stranger may post to the webhook: none is a notification with Hasten's
clientState."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

from hasten.json import Json
from hasten.limits import MAX_NOTIFICATIONS

Make = Callable[[Random, Json], bytes]

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    "",
    " ",
    "\x00",
    "é" * 100,
    "0" * 10_000,
    [],
    {},
    [[]],
    {"value": []},
    "../../groups",
)


def hostile(seed: int, true: Json, count: int) -> Iterator[bytes]:
    """Returns `count` bodies, made from the true notification `true`."""
    random = Random(seed)  # noqa: S311 - the same seed must be the same bodies
    for _ in range(count):
        yield random.choice(MAKERS)(random, deepcopy(dict(true)))


def _forged(random: Random, true: Json) -> Json:
    return {**true, "clientState": random.choice([*ODD, "0" * 64, str(true["clientState"])[:-1]])}


def _one_value_odd(random: Random, true: Json) -> bytes:
    item = dict(_forged(random, true))
    item[random.choice(sorted(item))] = random.choice(ODD)
    item["clientState"] = random.choice(ODD)
    return json.dumps({"value": [item]}).encode()


def _one_value_missing(random: Random, true: Json) -> bytes:
    item = dict(true)
    del item["clientState"]
    item.pop(random.choice(sorted(item)))
    return json.dumps({"value": [item]}).encode()


def _odd_members(random: Random, true: Json) -> bytes:
    members = [random.choice(ODD) for _ in range(random.randrange(50))]
    data = {**dict(true["resourceData"]), "members@delta": random.choice([members, *ODD])}
    return json.dumps({"value": [{**_forged(random, true), "resourceData": data}]}).encode()


def _cut(random: Random, true: Json) -> bytes:
    body = json.dumps({"value": [_forged(random, true)]}).encode()
    return body[: random.randrange(len(body))]


def _flipped(random: Random, true: Json) -> bytes:
    body = bytearray(json.dumps({"value": [_forged(random, true)]}).encode())
    for _ in range(random.randrange(1, 20)):
        body[random.randrange(len(body))] = random.randrange(256)
    return bytes(body)


def _no_collection(random: Random, true: Json) -> bytes:
    forged = _forged(random, true)
    return json.dumps(random.choice([*ODD, forged, [forged], {"value": forged}])).encode()


def _many(random: Random, true: Json) -> bytes:
    item = random.choice(['{"clientState":""}', "0", "{}", "[]", "null"])
    return f'{{"value":[{",".join([item] * random.randrange(2 * MAX_NOTIFICATIONS))}]}}'.encode()


def _deep(random: Random, true: Json) -> bytes:
    opening, closing = random.choice([("[", "]"), ('{"value":', "}")])
    depth = random.randrange(5000)
    return (opening * depth + "0" + closing * random.choice([0, depth])).encode()


def _bytes(random: Random, true: Json) -> bytes:
    return random.randbytes(random.randrange(2000))


MAKERS: tuple[Make, ...] = (
    _one_value_odd,
    _one_value_missing,
    _odd_members,
    _cut,
    _flipped,
    _no_collection,
    _many,
    _deep,
    _bytes,
)
