"""Validates a part of an event against its model, and translates pydantic's errors into texts that
name the field and the fix."""

import json
import re
import typing
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from hasten.events.fault_codes import FaultCode
from hasten.events.faults import MAX_FAULTS, Fault, fault
from hasten.events.wire import inner_json
from hasten.wrong_values import is_blank

_TEMPLATE = re.compile(
    r"\$\(.+\)|\$\{.+\}|\$\[.+\]|@\{.+\}|@[\w.]+\(.*\).*|\{\{.+\}\}|#\{.+\}|<%.+%>|%\w+%", re.DOTALL
)
"""Matches unfilled expressions of Azure Pipelines, shells, Logic Apps, Power Automate, mustache and
batch files."""

_POWERSHELL = ("@{", "System.Collections.", "System.Object")
"""Texts that ConvertTo-Json writes for an object deeper than -Depth."""

_SHAPES = {
    "string_type": ("it is not text", "write it in double quotes"),
    "list_type": ("it is not an array", "put it in square brackets, also where it is only one"),
    "dict_type": ("it is not an object", "send an object in braces, not text or an array"),
}


def validation_error(
    code: FaultCode, detail: str = "", fix: str = "", *, key: str = ""
) -> Exception:
    """Returns the error for a validator of a model to raise. `key` names the key at fault if
    several were validated together."""
    context = {"detail": detail, "fix": fix, "key": to_camel(key)}
    return PydanticCustomError(code.value, "{detail}", context)


def plain(text: str) -> str:
    """Returns the text. Raises a validation error for characters that no name, id or address
    contains, for an unfilled expression, and for blank text: with a blank id, each event would pass
    for a copy of the one before."""
    for character in text:
        if character < " " or "\x7f" <= character <= "\x9f" or character == "\ufeff":
            raise validation_error(FaultCode.BAD_CHARACTER, f"U+{ord(character):04X}")
    if _TEMPLATE.fullmatch(text):
        raise validation_error(FaultCode.TEMPLATE)
    if text and is_blank(text):
        raise validation_error(FaultCode.EMPTY, fix="give a value")
    return text


def fault_in(text: str, field: str) -> Fault | None:
    """Returns the fault that `plain` finds in a text that comes outside an event; None if none."""
    try:
        plain(text)
    except PydanticCustomError as error:
        detail = str((error.context or {}).get("detail", ""))
        return fault(FaultCode(error.type), field, detail)
    return None


def validated(
    model: type[BaseModel], given: dict[str, Any], at: tuple[str, ...] = ()
) -> tuple[Any, list[Fault]]:
    """Returns the model, or None and the first MAX_FAULTS faults. `at` is the location of `given`
    in the event. The value is validated as JSON, in which a strict model accepts an id as text."""
    try:
        return model.model_validate_json(json.dumps(given)), []
    except ValidationError as error:
        found: dict[Fault, None] = {}
        for one in error.errors(include_url=False):
            found[_fault(one, model, given, at)] = None
            if len(found) == MAX_FAULTS:
                break
        return None, list(found)


def letters(key: str) -> str:
    """Returns the key without case and separators. Keys with equal letters are one word: StartAt,
    start_at, startAt."""
    return re.sub(r"[\W_]", "", key).casefold()


def keys_of(model: type[BaseModel]) -> list[str]:
    """Returns the keys of a model, as the JSON spells them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _fault(error: ErrorDetails, model: type[BaseModel], given: Any, at: tuple[str, ...]) -> Fault:
    context = error.get("ctx", {})
    key = str(context.get("key") or "")
    location = [*error["loc"], *([key] if key else [])]
    field = path([*at, *location])
    kind = error["type"]
    if "detail" in context:  # raised by Hasten's own validators
        return fault(FaultCode(kind), field, str(context["detail"]), str(context.get("fix") or ""))
    match kind:
        case "missing":
            return _missing(location, given, at)
        case "extra_forbidden":
            return _unknown(location, model, at)
        case "too_short":
            return fault(FaultCode.EMPTY, field)
        case "string_too_short":
            return fault(FaultCode.EMPTY, field, fix="give a value")
        case "too_long" | "string_too_long":
            return fault(FaultCode.TOO_LONG, field, f"at most {context['max_length']}")
        case "uuid_parsing" | "uuid_type":
            return fault(FaultCode.NOT_AN_ID, field)
        case "timezone_aware":
            return fault(FaultCode.NO_OFFSET, field)
    return fault(FaultCode.WRONG_TYPE, field, *_shape(kind, error["input"]))


def _missing(location: Sequence[int | str], given: Any, at: tuple[str, ...]) -> Fault:
    """Returns the fault of a missing key. A key with another spelling is reported as misspelt."""
    *before, last = location
    for part in before:
        given = given[part]
    wanted = letters(str(last))
    for key in given:
        if letters(key) == wanted:
            return fault(FaultCode.SPELLING, path([*at, *before, key]), str(last))
    return fault(FaultCode.MISSING, path([*at, *location]))


def _unknown(location: Sequence[int | str], model: type[BaseModel], at: tuple[str, ...]) -> Fault:
    keys = keys_of(_model_at(model, location[:-1]))
    field = path([*at, *location])
    given = letters(str(location[-1]))
    for key in keys:
        if letters(key) == given:
            return fault(FaultCode.SPELLING, field, key)
    return fault(FaultCode.UNKNOWN_KEY, field, ", ".join(keys))


def _model_at(model: type[BaseModel], location: Sequence[int | str]) -> type[BaseModel]:
    for part in location:
        if isinstance(part, str):
            field = next(f for n, f in model.model_fields.items() if part in (f.alias, n))
            model = next(_models(field.annotation))
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from _models(inner)


def _shape(kind: str, given: Any) -> tuple[str, str]:
    if isinstance(given, str) and given.startswith(_POWERSHELL):
        return "it is the text of a PowerShell object", "call ConvertTo-Json with -Depth 10"
    if isinstance(given, str) and inner_json(given) is not None:
        return "it is a JSON string that contains JSON", "send the array or the object itself"
    if given is None:
        return "it is null", "give a value, or leave the key out where it is optional"
    return _SHAPES.get(kind, _SHAPES["dict_type"])


def path(location: Sequence[int | str]) -> str:
    """Returns the path of a location, such as data.users[0].upn."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "body"
