"""Distinguishes object ids from names."""

import re

OBJECT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
"""The form in which Microsoft Graph writes object ids. Other spellings of a UUID, such as 32
hexadecimal digits, are no keys of Hasten's rows, and may be an employeeId."""


def is_object_id(given: str) -> bool:
    return OBJECT_ID.fullmatch(given) is not None
