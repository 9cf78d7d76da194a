"""Reads the settings of a command from one place; it never mixes two."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hasten.cli import azd
from hasten.errors import PermanentError

AZD = Path("azd")
"""Given instead of a file, it selects the environment of the Azure Developer CLI."""

DEFAULT_SETTINGS_FILE = Path("local.settings.json")
TENANT = "HASTEN_TENANT_ID"
IDENTITY = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")
"""Variables by which azure-identity finds a managed identity. It reads the environment, never a
file."""


def values(file: Path | None, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Returns the settings from `file`, or from azd if it is AZD; else from the environment if it
    has any; else from local.settings.json.

    Raises PermanentError if there is none of these, or it holds no settings.
    """
    if file == AZD:
        return azd.values()
    if file is None and TENANT in environment:
        return environment
    if file is None and not DEFAULT_SETTINGS_FILE.exists():
        raise PermanentError(
            f"there are no settings: the environment has no {TENANT}, and this folder no "
            f"{DEFAULT_SETTINGS_FILE}",
            "give --settings azd for the deployed app, or --settings FILE",
        )
    return _read(file or DEFAULT_SETTINGS_FILE)


@contextmanager
def identity(settings: Mapping[str, str]) -> Iterator[None]:
    """Makes the process's environment name the same managed identity as `settings`."""
    before = {name: os.environ.pop(name, None) for name in IDENTITY}
    os.environ.update({name: settings[name] for name in IDENTITY if name in settings})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _read(file: Path) -> Mapping[str, str]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise PermanentError(
            f"{file} cannot be read: {error.strerror}", "give --settings a file that is there"
        ) from error
    except ValueError:
        raise _refused(file) from None
    found = document.get("Values") if isinstance(document, dict) else None
    if not isinstance(found, dict):
        raise _refused(file)
    return {str(name): str(value) for name, value in found.items()}


def _refused(file: Path) -> PermanentError:
    return PermanentError(
        f"{file} holds no settings",
        'write them as in local.settings.sample.json: {"Values": {"NAME": "value"}}',
    )
