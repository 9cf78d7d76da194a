"""Reads targets.yaml, which lists the enterprise apps that Hasten keeps in step. Every error names
the line."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hasten.domain.shared_pace import LimitScope
from hasten.targets import Mode, Target
from hasten.wrong_values import WholeNumber, wanted
from hasten.yaml_file import Location, read, wrong

if TYPE_CHECKING:
    from hasten.destinations import Destination

HISTORY_DAYS = 400
"""A year, and the weeks in which somebody reports on it."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    mode: Mode = Mode.ACT
    limit_scope: LimitScope = LimitScope.AUTO
    history_days: Annotated[WholeNumber, Field(ge=90, le=3650)] = HISTORY_DAYS
    notify: Any = ()
    targets: Annotated[list[Target], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class TargetsFile:
    """`limit_scope` says which calls Entra's limit counts together. The history is kept for
    `history_days`."""

    targets: tuple[Target, ...]
    limit_scope: LimitScope = LimitScope.AUTO
    history_days: int = HISTORY_DAYS
    destinations: tuple["Destination", ...] = ()


def load(path: Path) -> TargetsFile:
    """Reads targets.yaml. Raises PermanentError `targets.yaml line 7: …` with what is wrong and how
    to correct it."""
    data, lines = read(path)
    if not isinstance(data, dict):
        raise wrong(path, 1, "it must begin with the key targets and list them")
    try:
        file = _File.model_validate(data)
        destinations = _destinations(file)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise wrong(path, _nearest(lines, first["loc"]), _plain(first)) from None
    targets = tuple(t.model_copy(update={"mode": t.mode or file.mode}) for t in file.targets)
    _refuse_duplicates(path, targets, lines)
    return TargetsFile(targets, file.limit_scope, file.history_days, destinations)


def _destinations(file: _File) -> tuple["Destination", ...]:
    if file.notify == ():
        return ()
    from hasten.destinations import Destinations  # noqa: PLC0415 - slow to load

    names = {target.name for target in file.targets}
    return Destinations.model_validate({"notify": file.notify}, context=names).notify


def _nearest(lines: Mapping[Location, int], location: Location) -> int:
    while location and location not in lines:
        location = location[:-1]
    return lines.get(location, 1)


def _plain(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"] if not isinstance(part, int))
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key {error['loc'][-1]}"
        case "missing":
            return f"key {error['loc'][-1]} is missing"
        case "value_error":
            return str(error["ctx"]["error"])
    return f"{where}: {wanted(error)}"


def _refuse_duplicates(
    path: Path, targets: tuple[Target, ...], lines: Mapping[Location, int]
) -> None:
    seen: dict[Hashable, str] = {}
    for index, target in enumerate(targets):
        for key in ("name", "service_principal_id", "app_id", "display_name"):
            value = getattr(target, key)
            if value is None:
                continue
            identity = (key, str(value).casefold())
            if identity in seen:
                line = _nearest(lines, ("targets", index, key))
                raise wrong(path, line, f"{key} {value} is already used by {seen[identity]}")
            seen[identity] = target.name
