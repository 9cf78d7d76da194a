"""Names what differs between two versions of what targets.yaml says about a target."""

import json
from collections.abc import Iterator, Mapping, Sequence

from hasten.json import Json

ABSENT = "-"


def differences(before: Json, now: Json) -> list[str]:
    """Returns one line for each value that differs, such as `brake_removals: 10 -> 20`. Items of a
    list count by their name where they have one, so that a moved item is no difference."""
    old, new = dict(_values(before)), dict(_values(now))
    paths = sorted(old.keys() | new.keys())
    return [
        f"{path}: {old.get(path, ABSENT)} -> {new.get(path, ABSENT)}"
        for path in paths
        if old.get(path) != new.get(path)
    ]


def _values(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _values(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, inner in enumerate(value):
            yield from _values(inner, f"{path}[{_name(inner, number)}]")
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def _name(item: object, number: int) -> str:
    if isinstance(item, Mapping):
        return str(item.get("name") or item.get("id") or number)
    return str(item)
