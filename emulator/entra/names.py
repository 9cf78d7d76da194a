"""Reads behaviours by name, from a command line or the emulator's API."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from emulator.entra.behaviours import EntraBehaviours, RetryAfter

ALIASES = {"delete-unticked": "no-delete-flow", "update-unticked": "no-update-flow"}
OPTION = "--entra"
SETS = {"strict": EntraBehaviours(), "kind": EntraBehaviours.kind()}

_WORDS = {"true": True, "on": True, "false": False, "off": False}


class UnknownBehaviourError(ValueError):
    """The name is unknown; the message says what was given and what is allowed."""


def known() -> list[str]:
    return [field.name.replace("_", "-") for field in fields(EntraBehaviours)]


def read(given: Iterable[str], start: EntraBehaviours | None = None) -> EntraBehaviours:
    """Reads `NAME`, `NAME=VALUE` or `NAME VALUE`, each added to the ones before. `strict` means the
    default and `kind` means `EntraBehaviours.kind()`. Raises UnknownBehaviourError."""
    behaviours = start or EntraBehaviours()
    for text in given:
        name, _, value = text.strip().replace(" ", "=", 1).partition("=")
        if name in SETS and not value:
            behaviours = SETS[name]
        else:
            behaviours = with_values(behaviours, {name: value.strip() or True})
    return behaviours


def with_values(behaviours: EntraBehaviours, values: Mapping[str, Any]) -> EntraBehaviours:
    """Returns the behaviours changed by `values`, by name. Raises UnknownBehaviourError."""
    for name, value in values.items():
        field = ALIASES.get(name, name)
        if field not in known():
            choice = ", ".join([*SETS, *known()])
            raise UnknownBehaviourError(f"{OPTION} {name}: unknown; choose one of {choice}")
        field = field.replace("-", "_")
        old = getattr(behaviours, field)
        behaviours = replace(behaviours, **{field: _typed(name, old, value)})
    return behaviours


def shown(behaviours: EntraBehaviours) -> dict[str, Any]:
    return {name: getattr(behaviours, name.replace("-", "_")) for name in known()}


def joined(arguments: Sequence[str]) -> list[str]:
    """Returns a command line with `--entra NAME VALUE` joined to `--entra NAME=VALUE`. Only for
    programs without positional arguments."""
    merged: list[str] = []
    for argument in arguments:
        follows_name = len(merged) > 1 and merged[-2] == OPTION and "=" not in merged[-1]
        if follows_name and not argument.startswith("-"):
            merged[-1] += f"={argument}"
        else:
            merged.append(argument)
    return merged


def _typed(name: str, old: Any, value: Any) -> Any:
    """Converts the value to the type of the one that it replaces."""
    try:
        if isinstance(old, bool):
            return value if isinstance(value, bool) else _WORDS[str(value).lower()]
        if isinstance(old, RetryAfter):
            return RetryAfter(value)
        if isinstance(value, bool) or float(value) < 0:
            raise ValueError  # noqa: TRY301 - one message for everything that does not fit
        return type(old)(value)
    except (KeyError, TypeError, ValueError):
        raise UnknownBehaviourError(f"{OPTION} {name}={value}: {_wanted(old)}") from None


def _wanted(old: Any) -> str:
    if isinstance(old, bool):
        return "on, off, or no value"
    if isinstance(old, RetryAfter):
        return f"one of {', '.join(RetryAfter)}"
    return "a whole number from 0 on" if isinstance(old, int) else "seconds from 0 on"
