"""Says in plain words what pydantic wants in place of a wrong value. Its own words name types of
Python, which nobody who writes YAML or JSON knows."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
"""Pattern of the names that somebody gives in targets.yaml."""

MAILBOX = r"^[^\s@<>,;:\"\\]+@[^\s@<>,;:\"\\]+$"
"""Pattern of a mail address."""

_ID = "it must be an id of 36 characters such as 11111111-2222-4333-8444-555555555555"
_LIST = "it must be a list, also of only one: [first, second]"
_KEYS = "give it keys and their values, such as name: TOTAL"
_NUMBER = "it must be a whole number"
_LOGICAL = "it must be true or false"
_ADDRESS = "it must be an address such as https://hasten.azurewebsites.net"
_WANTED = {
    "string_type": "it must be text; write it in quotes",
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _KEYS,
    "model_type": _KEYS,
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "int_type": _NUMBER,
    "int_parsing": _NUMBER,
    "int_from_float": _NUMBER,
    "bool_type": _LOGICAL,
    "bool_parsing": _LOGICAL,
    "url_type": _ADDRESS,
    "url_parsing": _ADDRESS,
    "url_scheme": _ADDRESS,
    "enum": "it must be {expected}",
    "literal_error": "it must be {expected}",
    "greater_than_equal": "it must be {ge} or more",
    "less_than_equal": "it must be {le} or less",
    "string_too_short": "it is empty: give a value",
    "string_too_long": "it may have {max_length} characters",
    "too_short": "it is empty: name at least one",
    "too_long": "it may have {max_length} entries",
}
"""Texts by pydantic's type of an error, with the values of its context."""


def is_blank(text: str) -> bool:
    """Returns whether nobody can see anything of the text."""
    return not any(one.isprintable() and not one.isspace() for one in text)


def _visible(text: str) -> str:
    if is_blank(text):
        raise PydanticCustomError("string_too_short", "blank")
    return text.strip()


def _no_flag(value: Any) -> Any:
    """Refuses true and false, which pydantic takes for 1 and 0."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "a flag")
    return value


Text = Annotated[str, AfterValidator(_visible)]
"""A text that is not blank. Spaces around it count for nothing."""

WholeNumber = Annotated[int, BeforeValidator(_no_flag)]

_PATTERNS = {
    NAME: "it may have 64 letters, digits, dots, hyphens and underscores, "
    "and must begin with a letter or a digit",
    MAILBOX: "it must be a mail address such as iam-team@contoso.example",
}
"""Texts by the pattern that a text must match."""


def wanted(error: Any) -> str:
    """Returns what the value must be, for one of `ValidationError.errors()`; pydantic's own words
    for a type of error that this module does not know."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch" and context["pattern"] in _PATTERNS:
        return _PATTERNS[context["pattern"]]
    if kind in _WANTED:
        return _WANTED[kind].format(**context)
    return str(error["msg"])
