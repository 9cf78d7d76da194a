"""Reads a time of an event: RFC 3339 with a zone, and nothing else. Every other spelling has its
own error text, because a guess could grant or remove access on the wrong day."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, WithJsonSchema

from hasten.events.fault_codes import FaultCode
from hasten.events.validation import plain, validation_error

EXAMPLE_TIME = "2026-11-24T09:00:00Z"
WRITE_LIKE_EXAMPLE = f"write it like {EXAMPLE_TIME}"
NOT_SET = "leave the key out where no date is known; time is when the event happened"

_DATE = r"\d{4}-\d\d-\d\d"
_CLOCK = r"\d\d:\d\d:\d\d(?:\.\d+)?"
_OFFSET = r"(?:[Zz]|[+-]\d\d:\d\d)"
PATTERN = f"{_DATE}[Tt ]{_CLOCK}{_OFFSET}"
"""RFC 3339, section 5.6, with the notes that allow `t`, `z` and a space for `T` and `Z`."""

_PARTS = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)

TIME_MAX_CHARS = 64
"""Maximum number of characters that are compared with the spellings below, which are shorter."""

_MONTH = "(?:jan|feb|mar|apr|ma[iy]|mär|jun|jul|aug|sep|o[ck]t|nov|de[cz])"

_PLACEHOLDER = (
    r"(?:0{8}|0{14}|9999-?12-?31|0000-00-00|0001-01-01|1753-01-01|1899-12-30|1900-01-01)"
    r"(?:[Tt ][\d:.,]*)?"
)

REFUSED_SPELLINGS: Sequence[tuple[str, str, str]] = (
    (
        r"\s*",
        "it is empty",
        f"{WRITE_LIKE_EXAMPLE}; leave the key out where it is optional and not known",
    ),
    (
        _PLACEHOLDER,
        "it is a placeholder for a date that is not set",
        NOT_SET,
    ),
    (
        r"null|nil|none|undefined|n/?a|#n/a|nat|-+|\?+",
        "it is a word for a date that is not set",
        NOT_SET,
    ),
    (
        rf"{_DATE}.*/{_DATE}.*",
        "it is a span of two times",
        "give its begin as startAt and its end as endAt",
    ),
    (
        _DATE,
        "it is a date without a time of day and a zone",
        f"add both, like {EXAMPLE_TIME}",
    ),
    (
        rf"{_DATE}(?:[Zz]|[+-]\d\d:?\d\d)",
        "it is a date with a zone and without a time of day (xsd:date, as Workday writes it)",
        f"add the time of day, like {EXAMPLE_TIME}",
    ),
    (
        r"\d{8}",
        "it is a date of eight digits (YYYYMMDD, as SAP writes it)",
        f"{WRITE_LIKE_EXAMPLE}, with time of day and zone",
    ),
    (
        r"\d{14}",
        "it is a time of fourteen digits (YYYYMMDDhhmmss, as SAP writes it) without a zone",
        f"{WRITE_LIKE_EXAMPLE}, with a zone",
    ),
    (
        r"\d{14}(?:[.,]\d+)?(?:[Zz]|[+-]\d\d(?:\d\d)?)",
        "it is the generalized time of LDAP (as whenCreated of Active Directory)",
        WRITE_LIKE_EXAMPLE,
    ),
    (
        r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?",
        "it is a number, such as the seconds or milliseconds since 1970",
        f"write it as text like {EXAMPLE_TIME}",
    ),
    (
        r"\\?/Date\([+-]?\d+(?:[+-]\d{4})?\)\\?/|(?:new )?Date\([^)]*\)",
        "it is written as /Date(…)/, as older .NET serializers do",
        f'serialize it in the ISO 8601 form of .NET ("o", in UTC), like {EXAMPLE_TIME}',
    ),
    (
        r"\d{8}[Tt]\d{4,6}(?:[.,]\d+)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?",
        "it is in the basic form of ISO 8601, without - and :",
        f"write it in the extended form, like {EXAMPLE_TIME}",
    ),
    (
        rf"{_DATE}[Tt ]{_CLOCK}(?:[+-]\d\d|[+-]\d{{4}}|\s+[+-]\d\d:?\d\d)",
        "its offset from UTC is not written as +hh:mm or -hh:mm",
        "end it with Z or an offset such as +02:00",
    ),
    (
        rf"{_DATE}[Tt ]\d\d{_OFFSET}?",
        "its minutes and seconds are missing",
        f"{WRITE_LIKE_EXAMPLE}, with seconds and a zone",
    ),
    (
        rf"{_DATE}[Tt ]\d\d?:\d\d(?::\d\d)?(?:\.\d+)? ?[ap]\.?m\.?",
        "its time of day has twelve hours, with AM or PM",
        f"{WRITE_LIKE_EXAMPLE}, with 24 hours and a zone",
    ),
    (
        rf"{_DATE}[Tt ]\d\d:\d\d{_OFFSET}?",
        "its seconds are missing",
        f"{WRITE_LIKE_EXAMPLE}, with seconds and a zone",
    ),
    (
        rf"{_DATE}[Tt ]\d\d:\d\d:\d\d,\d+.*",
        "a comma stands before the fraction of its second",
        "write a point there, or leave the fraction out",
    ),
    (
        rf"{_DATE}[Tt ]{_CLOCK}{_OFFSET}?\s*[\[(]?[A-Za-z][A-Za-z_/+. -]*\d*[\])]?",
        "its zone is given by a name",
        "end it with Z or an offset such as +02:00 in place of the name",
    ),
    (
        r"\d{4}-?W\d\d.*|\d{4}-\d{3}(?:[Tt ].*)?",
        "it is a week date or the day of a year",
        f"{WRITE_LIKE_EXAMPLE}, with month and day",
    ),
    (
        rf".*(?<![a-z]){_MONTH}[a-zä]*.*\d.*|\d.*{_MONTH}.*",
        "its month is written in letters",
        WRITE_LIKE_EXAMPLE,
    ),
    (
        r".*[^\x00-\x7f].*",
        "it holds a character outside ASCII, such as a long dash, a no-break space or other digits",
        f"{WRITE_LIKE_EXAMPLE}, in plain ASCII",
    ),
    (
        r"\d{4}-\d\d?-\d\d?(?:\D.*)?",
        "its digits or separators are not quite those of RFC 3339",
        f"{WRITE_LIKE_EXAMPLE}, with two digits for month, day, hour, minute and second",
    ),
    (
        r"\d{1,4}([./-])\d{1,2}\1\d{1,4}(?:\D.*)?",
        "its day, month and year stand as one country writes them",
        WRITE_LIKE_EXAMPLE,
    ),
    (r"[Tt]?\d\d?:\d\d.*", "it is a time of day without a date", WRITE_LIKE_EXAMPLE),
    (
        r"[+-]?P(?=.*\d)[\dYMWDTHS.,]+|now|today|tomorrow|yesterday|heute|morgen|[+-]\d+[smhdw]",
        "it depends on when it is read",
        f"compute the time in the sender and {WRITE_LIKE_EXAMPLE}",
    ),
)
"""(pattern, problem, fix) of spellings that senders use; Hasten reports the first match."""

_KNOWN = [
    (re.compile(pattern, re.ASCII | re.IGNORECASE), problem, fix)
    for pattern, problem, fix in REFUSED_SPELLINGS
]
_LOCAL = re.compile(rf"{_DATE}[Tt ]{_CLOCK}", re.ASCII)


def moment(given: Any) -> Any:
    """Returns the time that `given` spells. Raises PydanticCustomError with a FaultCode and its
    texts."""
    if isinstance(given, datetime):
        return given  # made by Hasten; pydantic still requires a zone
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        raise validation_error(
            FaultCode.NOT_A_TIME,
            "it is a number and not text",
            f"write it as text like {EXAMPLE_TIME}",
        )
    if not isinstance(given, str):
        raise validation_error(FaultCode.WRONG_TYPE, "it is not text", WRITE_LIKE_EXAMPLE)
    parts = _PARTS.fullmatch(given)
    if parts is None:
        raise _not_a_time(given)
    year, month, day, hour, minute, second = (int(text) for text in parts.groups()[:6])
    fraction, sign, hours, minutes = parts.groups()[6:]
    if second == 60:  # noqa: PLR2004 - RFC 3339 has leap seconds, Python has none
        raise validation_error(
            FaultCode.NOT_A_TIME,
            "it names second 60 (a leap second)",
            "write second 59 in its place",
        )
    try:
        zone = _zone(sign, hours, minutes)
        micros = int((fraction or "0")[:6].ljust(6, "0"))
        return datetime(year, month, day, hour, minute, second, micros, zone)
    except ValueError:
        raise validation_error(
            FaultCode.NOT_A_TIME, "there is no such day, time of day or offset", WRITE_LIKE_EXAMPLE
        ) from None


Time = Annotated[
    AwareDatetime,
    BeforeValidator(moment),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{PATTERN}$"}),
]
"""A time in an event."""


def _zone(sign: str | None, hours: str | None, minutes: str | None) -> timezone:
    if sign is None:
        return UTC
    ahead = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if int(minutes or 0) > 59:  # noqa: PLR2004 - RFC 3339, time-minute
        raise ValueError("no such offset")
    return timezone(-ahead if sign == "-" else ahead)


def _not_a_time(given: str) -> Exception:
    shown = given[:TIME_MAX_CHARS]
    bare = shown.strip()
    if bare != shown and _PARTS.fullmatch(bare):
        return validation_error(
            FaultCode.NOT_A_TIME, "blanks or line ends stand before or after it", "take them away"
        )
    plain(given)
    if _LOCAL.fullmatch(bare) and not re.fullmatch(_PLACEHOLDER, bare):
        return validation_error(FaultCode.NO_OFFSET)
    for pattern, problem, fix in _KNOWN:
        if pattern.fullmatch(bare):
            return validation_error(FaultCode.NOT_A_TIME, problem, fix)
    return validation_error(FaultCode.NOT_A_TIME, "it is no time of RFC 3339", WRITE_LIKE_EXAMPLE)
