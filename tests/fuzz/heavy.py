"""Large inputs that ask for much work: what the search found, and inputs of the same kinds."""

import json
from collections.abc import Mapping

from hasten.events.datacontract import STARTS
from tests.fuzz.framing import frame
from tests.fuzz.seeds import good
from tests.fuzz.work import MAX_BYTES


def _many_keys(count: int = 6000) -> dict[str, int]:
    return {f"a{number}": 0 for number in range(count)}


def _event(**more: object) -> bytes:
    return frame("", json.dumps({**good(), **more}, separators=(",", ":")).encode())


def _records() -> bytes:
    """A .NET string in records of one byte each."""
    start = STARTS[0]
    record = b"\x98\x01 "
    body = start + record * ((MAX_BYTES - len(start) - 100) // len(record)) + b"\x01"
    return frame("", body)


def _aliases() -> bytes:
    """Ten names, each of which stands for ten of the one before."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for number in range(1, 10):
        before = ", ".join([f"*a{number - 1}"] * 10)
        lines.append(f"a{number}: &a{number} [{before}]")
    return "\n".join(lines).encode()


def _merges() -> bytes:
    lines = ["a0: &a0 {x: 1}"]
    for number in range(1, 10):
        before = ", ".join([f"*a{number - 1}"] * 10)
        lines.append(f"a{number}: &a{number} {{<<: [{before}]}}")
    return "\n".join(lines).encode()


def _answer(step: object) -> bytes:
    value = [{"provisioningSteps": [step], "statusInfo": {"status": "Failure"}}]
    return frame("200", json.dumps({"key": "Type", "value": json.dumps(value)}).encode())


HEAVY: Mapping[str, tuple[str, bytes]] = {
    "an event with thousands of unknown keys": ("event", _event(**_many_keys())),
    "data with thousands of unknown keys": (
        "event",
        _event(data={**good()["data"], **_many_keys()}),
    ),
    "a long key above many values": ("event", _event(**{"k" * 30_000: [0] * 15_000})),
    "a long key above many keys": ("event", _event(**{"k" * 20_000: _many_keys(4000)})),
    "a .NET string of thousands of records": ("event", _records()),
    "aliases that stand for aliases": ("targets", _aliases()),
    "merged keys that stand for merged keys": ("targets", _merges()),
    "an answer with a long description": ("verdict", _answer({"description": "a" * 60_000})),
    "an answer of many short texts": (
        "verdict",
        _answer({"status": "failure", "details": {"description": ["a" * 1000] * 55}}),
    ),
}
"""What it is → decoder and input."""
