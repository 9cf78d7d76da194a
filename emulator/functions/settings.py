"""Reads the app's settings: the environment, and local.settings.json for settings that it lacks."""

import json
import os
from pathlib import Path

from emulator.functions.errors import LoadError


def read_local_settings(file: Path) -> None:
    """Adds settings that the environment lacks, as `func start` does. Raises LoadError."""
    if not file.exists():
        return
    try:
        values = json.loads(file.read_text(encoding="utf-8")).get("Values", {})
    except ValueError as error:
        raise LoadError(f"{file.name}: {error}") from error
    for name, value in values.items():
        os.environ.setdefault(name, str(value))


def setting(name: str) -> str:
    """Returns the setting. Raises LoadError if it is not set."""
    try:
        return os.environ[name]
    except KeyError:
        raise LoadError(f"setting {name} is missing: a binding names it") from None


def expanded(value: str) -> str:
    """Replaces `%NAME%` in a binding by the setting NAME. Raises LoadError if it is not set."""
    if len(value) > len("%%") and value.startswith("%") and value.endswith("%"):
        return setting(value[1:-1])
    return value
