"""Unwraps the binary XML in which BrokeredMessage of the older .NET SDK wraps a string or an array
of bytes ([MC-NBFX], .NET Binary Format: XML Data Structure)."""

from collections.abc import Mapping

NAMESPACE = b"http://schemas.microsoft.com/2003/10/Serialization/"
_ROOT = b"\x08" + bytes([len(NAMESPACE)]) + NAMESPACE
STARTS = tuple(b"\x40" + bytes([len(name)]) + name + _ROOT for name in (b"string", b"base64Binary"))
"""A short element and its namespace, which precede the records with the content."""

_END_ELEMENT = 0x01

_RECORDS: Mapping[int, tuple[int, str]] = {
    0x98: (1, "utf-8"),
    0x9A: (2, "utf-8"),
    0x9C: (4, "utf-8"),
    0x9E: (1, ""),
    0xA0: (2, ""),
    0xA2: (4, ""),
    0xB6: (1, "utf-16-le"),
    0xB8: (2, "utf-16-le"),
    0xBA: (4, "utf-16-le"),
}
"""Record → bytes of its length, and its encoding ("" for bytes). The next odd number is the same
record followed by the end of the element."""


def is_data_contract(body: bytes) -> bool:
    """Returns whether the body is a wrapped string, bytes or any other object."""
    return body.startswith(b"\x40") and NAMESPACE in body[:512]


def content(body: bytes) -> bytes | None:
    """Returns the wrapped content, in UTF-8 if it is a string, or None if `body` is anything
    else."""
    start = next((start for start in STARTS if body.startswith(start)), None)
    if start is None:
        return None
    found, at = bytearray(), len(start)
    while at < len(body):
        kind = body[at]
        if kind == _END_ELEMENT:
            return bytes(found) if at + 1 == len(body) else None
        record = _RECORDS.get(kind & ~1)
        if record is None:
            return None
        size, encoding = record
        length = int.from_bytes(body[at + 1 : at + 1 + size], "little")
        at += 1 + size
        piece = body[at : at + length]
        at += length
        if len(piece) < length:
            return None
        try:
            found += piece.decode(encoding).encode() if encoding else piece
        except UnicodeError:
            return None
        if kind & 1:
            return bytes(found) if at == len(body) else None
    return None
