"""The corpus of AMQP frames: valid conversations, the same cut short, and hostile ones.

`python -m tests.integration.servicebus.corpus` writes it anew; the seed makes it the same.
"""

import base64
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.integration.servicebus.conversations import CONVERSATIONS
from tests.integration.servicebus.hostility import HOSTILE

FILE = Path(__file__).parent / "frames" / "corpus.jsonl"

SEED = 13
CUTS = 3
"""Of each conversation."""

MUTANTS = 8
"""Of each conversation."""

NASTY = (0x00, 0x40, 0x45, 0x53, 0x80, 0xA1, 0xB0, 0xC0, 0xC1, 0xD0, 0xD1, 0xE0, 0xF0, 0x7F, 0xFF)
"""Bytes that mean something where a type, a size or a count stands."""


@dataclass(frozen=True, slots=True)
class Case:
    """All that one client sends. `kind` is valid, cut or hostile."""

    kind: str
    name: str
    sent: bytes


def generate() -> Iterator[Case]:
    random = Random(SEED)  # noqa: S311 - the same seed must be the same corpus
    for name, sent in CONVERSATIONS.items():
        yield Case("valid", name, sent)
    for name, sent in CONVERSATIONS.items():
        for _ in range(CUTS):
            at = random.randrange(1, len(sent))
            yield Case("cut", f"{name} at {at}", sent[:at])
    for name, sent in HOSTILE.items():
        yield Case("hostile", name, sent)
    for name, sent in CONVERSATIONS.items():
        for number in range(MUTANTS):
            yield Case("hostile", f"{name}, mutant {number}", _mutant(sent, random))


def _mutant(sent: bytes, random: Random) -> bytes:
    """Some bytes behind the header of the protocol are others, gone, or doubled."""
    changed = bytearray(sent)
    for _ in range(random.choice((1, 1, 2, 5))):
        at = random.randrange(8, len(changed))
        match random.randrange(5):
            case 0:
                changed[at] = random.randrange(256)
            case 1:
                changed[at] = random.choice(NASTY)
            case 2:
                changed[at] ^= 1 << random.randrange(8)
            case 3:
                size = random.choice((0, 7, 8, 12, 2**16, 2**31, 2**32 - 1))
                changed[at : at + 4] = struct.pack(">I", size)
            case _:
                piece = changed[at : at + random.randrange(1, 40)]
                changed[at:at] = piece
    return bytes(changed)


def read() -> list[Case]:
    lines = map(json.loads, FILE.read_text().splitlines())
    return [
        Case(line["kind"], line["name"], zlib.decompress(base64.b64decode(line["sent"])))
        for line in lines
    ]


def write() -> None:
    lines = [
        json.dumps(
            {
                "kind": case.kind,
                "name": case.name,
                "sent": base64.b64encode(zlib.compress(case.sent, 9)).decode(),
            }
        )
        for case in generate()
    ]
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    write()
