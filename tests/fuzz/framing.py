"""Puts what a decoder receives beside a body into the same input: a first line, lines of `name:
value`, an empty line, and the body."""

from collections.abc import Mapping
from dataclasses import dataclass

END_OF_HEAD = b"\n\n"


@dataclass(frozen=True, slots=True)
class Framed:
    first: str
    fields: Mapping[str, str]
    body: bytes


def framed(data: bytes) -> Framed:
    """Returns the parts of an input. An input without a head is all body."""
    head, end, body = data.partition(END_OF_HEAD)
    if not end:
        return Framed("", {}, data)
    first, *lines = head.decode("utf-8", "replace").split("\n")
    pairs = (line.partition(": ") for line in lines)
    return Framed(first, {name: value for name, _, value in pairs}, body)


def frame(first: str, body: bytes, fields: Mapping[str, str] | None = None) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in (fields or {}).items())]
    return "\n".join(lines).encode() + END_OF_HEAD + body
