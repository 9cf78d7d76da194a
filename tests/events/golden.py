"""Loads the golden payloads: as bytes where the wire matters, else parsed."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def names(kind: str) -> list[str]:
    """The payloads of one folder, for example "answers"."""
    return sorted(file.stem for file in (FOLDER / kind).glob("*.json"))


def raw(kind: str, name: str) -> bytes:
    return (FOLDER / kind / f"{name}.json").read_bytes()


def parsed(kind: str, name: str) -> Any:
    return json.loads(raw(kind, name))
