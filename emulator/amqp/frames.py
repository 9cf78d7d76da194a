"""Reads and writes frames: protocol headers, the 8-byte frame header, and the division of a byte
stream."""

import struct
from dataclasses import dataclass
from typing import Any

from emulator.amqp.composites import from_wire, to_wire
from emulator.amqp.decode import decode
from emulator.amqp.encode import encode
from emulator.amqp.types import DecodeError

AMQP_HEADER = b"AMQP\x00\x01\x00\x00"
SASL_HEADER = b"AMQP\x03\x01\x00\x00"
HEADER_SIZE = 8
EMPTY_FRAME = b"\x00\x00\x00\x08\x02\x00\x00\x00"
MIN_MAX_FRAME_SIZE = 512

_HEADER = struct.Struct(">IBBH")
_SIZE = struct.Struct(">I")
_AMQP, _SASL = 0, 1


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `performative` is None for a heartbeat."""

    channel: int
    performative: Any
    payload: bytes


def encode_frame(
    channel: int, performative: Any, payload: bytes = b"", *, sasl: bool = False
) -> bytes:
    body = encode(to_wire(performative))
    size = HEADER_SIZE + len(body) + len(payload)
    return _HEADER.pack(size, 2, _SASL if sasl else _AMQP, channel) + body + payload


def decode_frame(data: bytes) -> Frame:
    size, offset, _kind, channel = _HEADER.unpack_from(data)
    start = offset * 4
    if not HEADER_SIZE <= start <= size:
        raise DecodeError("frame header points outside its frame")
    if start == size:
        return Frame(channel, None, b"")
    described, after = decode(data, start)
    return Frame(channel, from_wire(described), data[after:])


class ByteStream:
    """Received bytes that have not been read yet; at most one read plus one frame."""

    def __init__(self, max_frame_size: int) -> None:
        self._buffer = bytearray()
        self._max_frame_size = max_frame_size

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def header(self) -> bytes | None:
        return self._take(HEADER_SIZE)

    def frame(self) -> bytes | None:
        """Returns the next complete frame, or None if it has not arrived yet. Raises
        DecodeError."""
        if len(self._buffer) < _SIZE.size:
            return None
        (size,) = _SIZE.unpack_from(self._buffer)
        if not HEADER_SIZE <= size <= self._max_frame_size:
            raise DecodeError(f"frame of {size} bytes; at most {self._max_frame_size} agreed")
        return self._take(size)

    def _take(self, size: int) -> bytes | None:
        if len(self._buffer) < size:
            return None
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken
