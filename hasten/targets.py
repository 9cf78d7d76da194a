"""Reads targets.yaml, which lists the enterprise apps that Hasten keeps in step. Every error names
the line."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hasten.destinations import Destination
from hasten.domain.brake import MOST_OF_TARGET, MOST_PERCENT, MOST_REMOVALS, Threshold
from hasten.domain.planning import GrantsBy
from hasten.domain.shared_pace import LimitScope
from hasten.policy import Access, GroupPolicy
from hasten.scim import Scim
from hasten.yaml_file import Location, read, wrong

HISTORY_DAYS = 400
"""A year, and the weeks in which somebody reports on it."""


class Mode(StrEnum):
    """`observe` makes no changes; the ledger and the log show what Hasten would have done."""

    OBSERVE = "observe"
    ACT = "act"


class Target(BaseModel):
    """An enterprise application with a provisioning job, named by exactly one of three keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    """The target's name in queues, logs and the ledger. Renaming it starts a new ledger."""

    service_principal_id: UUID | None = None
    app_id: UUID | None = None
    display_name: Annotated[str | None, Field(min_length=1, max_length=256)] = None

    job: str = ""
    """The provisioning job, if the app has several."""

    rule: str = ""
    """The provisioning rule, if the job has several."""

    mode: Mode | None = None
    """Mode of this target; overrides the mode of the file."""

    users: bool = True
    """Whether Hasten watches the accounts of the people who are assigned: disabled, deleted,
    restored, and changed in a mapped attribute."""

    groups: tuple[GroupPolicy, ...] = ()
    """Groups that must be assigned to the target, and whether onboarding events may change them."""

    direct: Access = Access.DENY
    """Whether onboarding events may assign users to the target without a group."""

    revoke_sessions: Access = Access.DENY
    """Whether offboarding events may end the users' sign-in sessions in Entra ID, in every app."""

    brake_removals: Annotated[int, Field(ge=1)] = MOST_REMOVALS
    brake_percent: Annotated[int, Field(ge=1, le=100)] = MOST_PERCENT
    """The brake holds removals, until an operator releases them, if more happen at once than the
    greater of both allows."""

    brake_target_removals: Annotated[int, Field(ge=1)] = MOST_OF_TARGET
    """The brake also holds removals if more users leave the groups of this target within ten
    minutes, or if one event removes more."""

    pause_job: bool = False
    """Whether the brake also pauses Entra's own provisioning job."""

    release_by_two: bool = False
    """Whether two operators must agree before held changes are released."""

    revoke_within: Annotated[int | None, Field(ge=1, le=10_080)] = None
    """Minutes within which access must be gone, for the report. Hasten always hurries."""

    most_new_members: Annotated[int, Field(ge=0, le=5000)] = 200
    """Maximum number of members of a group newly assigned while Hasten runs. Hasten leaves larger
    groups to Entra's cycle."""

    expect_mapping: Mapping[str, str] = {}
    """App attribute → Entra attribute, as `python -m hasten doctor` should find them."""

    scim: Scim | None = None
    """The way to the app itself. With it Hasten takes access there, and reads it back."""

    grants_by: GrantsBy = GrantsBy.GROUP
    max_calls_per_hour: Annotated[int | None, Field(ge=1, le=1800)] = None
    """Lower limit than Entra's own 1,800 calls an hour (5 in 10 s), if the app needs one."""

    reserve_calls: Annotated[int, Field(ge=0, le=4)] = 0
    """Calls of each window of 10 s that Hasten leaves to others: Privileged Identity Management
    provisions an activation within the same limit, or one of its own (undocumented)."""

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        given = [self.service_principal_id, self.app_id, self.display_name]
        if sum(key is not None for key in given) != 1:
            raise ValueError("give exactly one of service_principal_id, app_id and display_name")
        return self

    @model_validator(mode="after")
    def _keeps_accounts(self) -> Self:
        refusal = "" if self.scim is None else self.scim.refusal(self.name, self.display_name or "")
        if refusal:
            raise ValueError(refusal)
        return self

    @model_validator(mode="after")
    def _groups_fit(self) -> Self:
        names = [group.identity for group in self.groups]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"group {min(twice)} is given twice")
        by_name = {group.identity: group for group in self.groups}
        for group in self.groups:
            for other in group.also_members_of:
                _refuse_wrong_way(group, by_name.get(other.casefold()), other)
        return self

    @property
    def observes(self) -> bool:
        return self.mode is Mode.OBSERVE

    @property
    def brake(self) -> Threshold:
        return Threshold(
            removals=self.brake_removals,
            percent=self.brake_percent,
            of_target=self.brake_target_removals,
        )


def _refuse_wrong_way(group: GroupPolicy, source: GroupPolicy | None, other: str) -> None:
    """Refuses a wrong direction: users flow from an admin group into a monitored group, never back,
    which would make everyone an administrator."""
    if source is None or source is group:
        raise ValueError(f"also_members_of names {other}, no other group listed here")
    if group.admin or not source.admin:
        raise ValueError(
            f"also_members_of lists admin groups whose people join this one too: mark {other} "
            "with `admin: true`, and take also_members_of away from a group that is one"
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    mode: Mode = Mode.ACT
    limit_scope: LimitScope = LimitScope.AUTO
    history_days: Annotated[int, Field(ge=90, le=3650)] = HISTORY_DAYS
    notify: tuple[Destination, ...] = ()
    targets: Annotated[list[Target], Field(min_length=1)]

    @model_validator(mode="after")
    def _destinations_fit(self) -> Self:
        names = [destination.name for destination in self.notify]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"notify: {min(twice)} is given twice")
        known = {target.name for target in self.targets}
        for destination in self.notify:
            unknown = set(destination.targets) - known
            if unknown:
                raise ValueError(f"notify: {destination.name} names the unknown {min(unknown)}")
        return self


@dataclass(frozen=True, slots=True)
class TargetsFile:
    """`limit_scope` says which calls Entra's limit counts together. The history is kept for
    `history_days`."""

    targets: tuple[Target, ...]
    limit_scope: LimitScope
    history_days: int
    destinations: tuple[Destination, ...] = ()


def load(path: Path) -> TargetsFile:
    """Reads targets.yaml. Raises PermanentError `targets.yaml line 7: …` with what is wrong and how
    to correct it."""
    data, lines = read(path)
    if not isinstance(data, dict):
        raise wrong(path, 1, "it must begin with the key targets and list them")
    try:
        file = _File.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise wrong(path, _nearest(lines, first["loc"]), _plain(first)) from None
    targets = tuple(t.model_copy(update={"mode": t.mode or file.mode}) for t in file.targets)
    _refuse_duplicates(path, targets, lines)
    return TargetsFile(targets, file.limit_scope, file.history_days, file.notify)


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
        case "model_type":
            return f"{where}: give it keys and their values"
        case "value_error":
            return str(error["ctx"]["error"])
    return f"{where}: {error['msg']}"


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
