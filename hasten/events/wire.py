"""Parses the bytes of a body as unambiguous JSON. It rejects what two parsers could read
differently: a repeated key, NaN, bytes that are no text."""

import base64
import binascii
import codecs
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from hasten.events.datacontract import content, is_data_contract
from hasten.events.fault_codes import FaultCode
from hasten.events.fault_texts import MAX_EVENT_BODY_BYTES
from hasten.events.faults import FIELD_MAX_CHARS, MAX_FAULTS, Fault, fault

MAX_JSON_DEPTH = 32
"""Maximum number of nested objects and arrays; an event of the contract has five levels."""

NUMBER_MAX_DIGITS = 300
"""Maximum number of digits. Python refuses more than 4,300; no attribute is a number at all."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # its beginning is that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_COMPRESSED = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x78\x01", "zlib"),
    (b"\x78\x9c", "zlib"),
    (b"\x78\xda", "zlib"),
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}", re.ASCII)


class UnreadableBodyError(Exception):
    """The body, or data in Base64, is not unambiguous JSON."""

    def __init__(self, faults: list[Fault], found: Any = None) -> None:
        super().__init__(", ".join(fault.code for fault in faults))
        self.faults = faults
        self.found = found
        """The part that could be read: enough to identify the event."""


class _Repeating(dict[str, Any]):
    """An object in which a key is repeated."""

    repeated: frozenset[str] = frozenset()


class _NoNumber:
    """Stands for NaN, Infinity, 1e999, or an integer of thousands of digits."""


_NO_NUMBER = _NoNumber()


def parsed(
    body: bytes, field: str = "body", root: str = "", *, limit: int = MAX_EVENT_BODY_BYTES
) -> Any:
    """Parses a body. `field` is the location of the text, `root` the path of the value in it, and
    `limit` the most bytes that it may have in UTF-8. Raises UnreadableBodyError with every
    fault."""
    text = _text(body, field, limit)
    try:
        found = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=lambda _: _NO_NUMBER,
            parse_int=_integer,
            parse_float=_float,
        )
    except json.JSONDecodeError as error:
        raise _malformed(text, error, field) from None
    except RecursionError:
        raise UnreadableBodyError([_too_deep(field)]) from None
    faults = []
    for wrong in _doubtful(found, root, 0):
        faults.append(wrong)
        if len(faults) == MAX_FAULTS:
            break
    if faults:
        raise UnreadableBodyError(faults, found)
    return found


def from_base64(text: str) -> bytes | None:
    """Returns the bytes that `text` encodes, or None."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def inner_json(text: str) -> Any:
    """Returns the object or array in a text, as JSON or as Base64 of JSON; None if it is
    neither."""
    bare = text.strip()
    if _BASE64.fullmatch(bare):
        bare = (from_base64(bare) or b"").decode("utf-8", "replace")
    try:
        found = json.loads(bare)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, (dict, list)) else None


def _text(body: bytes, field: str, limit: int) -> str:
    if is_data_contract(body):
        inner = content(body)
        if inner is None:
            raise UnreadableBodyError([fault(FaultCode.DATA_CONTRACT, field)])
        body = inner
    for magic, kind in _COMPRESSED:
        if body.startswith(magic):
            raise UnreadableBodyError([fault(FaultCode.COMPRESSED, field, kind)])
    bom, encoding = next((b for b in _BOMS if body.startswith(b[0])), (b"", ""))
    body = body.removeprefix(bom)
    try:
        text = body.decode(encoding or json.detect_encoding(body))
    except UnicodeDecodeError as error:
        where = f": byte {error.start + 1} is none of {error.encoding.upper()}"
        raise UnreadableBodyError([fault(FaultCode.ENCODING, field, where)]) from None
    if len(text.encode()) > limit:  # Hasten sends it on in UTF-8
        raise UnreadableBodyError([fault(FaultCode.TOO_LARGE, field)])
    return text


def _malformed(text: str, error: json.JSONDecodeError, field: str) -> UnreadableBodyError:
    bare = text.strip()
    if _BASE64.fullmatch(bare):
        inner = inner_json(bare)
        if inner is not None:
            return UnreadableBodyError([fault(FaultCode.BASE64, field)], inner)
    if bare.startswith("<"):
        return UnreadableBodyError([fault(FaultCode.XML, field)])
    where = f": {error.msg[:1].lower()}{error.msg[1:]} at line {error.lineno}, column {error.colno}"
    fix = ""
    if not bare:
        where = ": it is empty"
    elif error.msg == "Extra data":
        where, fix = ": something follows its end", _ONE_OBJECT
    return UnreadableBodyError([fault(FaultCode.MALFORMED, field, where, fix)])


_ONE_OBJECT = "send exactly one JSON object in a message, with nothing before or after it"


def _too_deep(field: str) -> Fault:
    return fault(FaultCode.TOO_DEEP, field, f"at most {MAX_JSON_DEPTH} levels")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeating = _Repeating(found)
    counts = Counter(key for key, _ in pairs)
    repeating.repeated = frozenset(key for key, count in counts.items() if count > 1)
    return repeating


def _integer(digits: str) -> int | _NoNumber:
    return int(digits) if len(digits) <= NUMBER_MAX_DIGITS else _NO_NUMBER


def _float(digits: str) -> float | _NoNumber:
    number = float(digits)
    return number if math.isfinite(number) else _NO_NUMBER


def _doubtful(found: Any, path: str, depth: int) -> Iterator[Fault]:
    """Yields the faults of a value and of everything inside it, in the order of the text."""
    if depth > MAX_JSON_DEPTH:
        yield _too_deep(path or "body")
    elif isinstance(found, dict):
        if isinstance(found, _Repeating):
            for key in found:
                if key in found.repeated:
                    yield fault(FaultCode.DUPLICATE_KEY, below(path, key))
        for key, value in found.items():
            if not _is_unicode(key):
                yield fault(FaultCode.BAD_CHARACTER, below(path, key), "half of a surrogate pair")
            yield from _doubtful(value, below(path, key), depth + 1)
    elif isinstance(found, list):
        for number, value in enumerate(found):
            yield from _doubtful(value, f"{path}[{number}]"[:FIELD_MAX_CHARS], depth + 1)
    elif isinstance(found, str):
        if not _is_unicode(found):
            yield fault(FaultCode.BAD_CHARACTER, path or "body", "half of a surrogate pair")
    elif isinstance(found, _NoNumber):
        yield fault(FaultCode.NOT_A_NUMBER, path or "body")


def below(path: str, key: str) -> str:
    """Returns the path of a key, such as data.users. It has no more characters than a fault shows:
    a long key could otherwise be repeated for each value below it."""
    return (f"{path}.{key}" if path else key)[:FIELD_MAX_CHARS]


def _is_unicode(text: str) -> bool:
    """Returns whether the text can be encoded. JSON can spell half a surrogate pair (\\ud800),
    which no encoding can write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
