"""Keeps a small corpus of each decoder: the inputs that reach what no other one reaches."""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.decoders import DECODERS

FOLDER = Path(__file__).parent / "corpus"
ROOT = Path(__file__).parents[2]
PRODUCT = f"{ROOT / 'hasten'}{'/'}"
MOST_FILES = 40
MOST_BYTES = 4096
"""Of one input that is kept. What only a large input shows has a maker in tests/fuzz/heavy.py."""

Step = tuple[str, int, int]
"""A file, a line of it, and the line that ran before in the same function."""


def kept(name: str) -> list[bytes]:
    """Returns the corpus of a decoder."""
    return [file.read_bytes() for file in sorted((FOLDER / name).glob("*"))]


def keep(name: str, inputs: Iterable[bytes]) -> int:
    """Adds the inputs that reach something new, the shortest first, and returns how many."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    reached: set[Step] = set()
    for data in kept(name):
        reached |= steps(name, data)
    room = MOST_FILES - len(kept(name))
    added = 0
    for data in sorted(set(inputs), key=lambda one: (len(one), one)):
        if added == room or len(data) > MOST_BYTES:
            break
        new = steps(name, data) - reached
        if new:
            (folder / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
            reached |= new
            added += 1
    return added


def steps(name: str, data: bytes) -> set[Step]:
    """Returns what the input reaches in the product."""
    with _traced() as reached:
        DECODERS[name].takes(data)
    return reached


@contextmanager
def _traced() -> Iterator[set[Step]]:
    reached: set[Step] = set()

    def call(frame: FrameType, event: str, arg: Any) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith(PRODUCT):
            return None
        last = 0

        def line(frame: FrameType, event: str, arg: Any) -> Any:
            nonlocal last
            if event == "line":
                reached.add((file, last, frame.f_lineno))
                last = frame.f_lineno
            return line

        return line

    before = sys.gettrace()
    sys.settrace(call)
    try:
        yield reached
    finally:
        sys.settrace(before)
