"""Defines a target: one enterprise app of targets.yaml that Hasten keeps in step."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hasten.domain.brake import (
    MOST_REMOVALS,
    MOST_REMOVALS_OF_TARGET,
    MOST_REMOVALS_PERCENT,
    Threshold,
)
from hasten.domain.planning import GrantsBy
from hasten.policy import Allowance, GroupPolicy
from hasten.scim import Scim
from hasten.wrong_values import NAME, Text, WholeNumber


class Mode(StrEnum):
    """`observe` makes no changes; the ledger and the log show what Hasten would have done."""

    OBSERVE = "observe"
    ACT = "act"


class Target(BaseModel):
    """An enterprise application with a provisioning job, named by exactly one of three keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=NAME)]
    """The target's name in queues, logs and the ledger. Renaming it starts a new ledger."""

    service_principal_id: UUID | None = None
    app_id: UUID | None = None
    display_name: Annotated[Text | None, Field(max_length=256)] = None

    job: str = ""
    """The provisioning job, if the app has several."""

    rule: str = ""
    """The provisioning rule, if the job has several."""

    mode: Mode | None = None
    """Mode of this target; overrides the mode of the file."""

    users: bool = True
    """Says whether Hasten watches the accounts of the people who are assigned: disabled, deleted,
    restored, and changed in a mapped attribute."""

    groups: tuple[GroupPolicy, ...] = ()
    """Groups that must be assigned to the target, and whether onboarding events may change them."""

    direct: Allowance = Allowance.DENY
    """Says whether onboarding events may assign users to the target without a group."""

    revoke_sessions: Allowance = Allowance.DENY
    """Says whether offboarding events may end the users' sign-in sessions in Entra ID, in every
    app."""

    brake_removals: Annotated[WholeNumber, Field(ge=1)] = MOST_REMOVALS
    brake_percent: Annotated[WholeNumber, Field(ge=1, le=100)] = MOST_REMOVALS_PERCENT
    """The brake holds removals, until an operator releases them, if more happen at once than the
    greater of both allows."""

    brake_target_removals: Annotated[WholeNumber, Field(ge=1)] = MOST_REMOVALS_OF_TARGET
    """The brake also holds removals if more users leave the groups of this target within ten
    minutes, or if one event removes more."""

    pause_job: bool = False
    """True if the brake also pauses Entra's own provisioning job."""

    release_by_two: bool = False
    """True if two operators must agree before Hasten releases held changes."""

    revoke_within: Annotated[WholeNumber | None, Field(ge=1, le=10_080)] = None
    """Minutes within which access must be gone, for the report. Hasten always hurries."""

    most_new_members: Annotated[WholeNumber, Field(ge=0, le=5000)] = 200
    """Maximum number of members of a group newly assigned while Hasten runs. Hasten leaves larger
    groups to Entra's cycle."""

    expect_mapping: Mapping[str, str] = {}
    """App attribute → Entra attribute, as `python -m hasten doctor` should find them."""

    scim: Scim | None = None
    """The way to the app itself. With it Hasten takes access there, and reads it back."""

    grants_by: GrantsBy = GrantsBy.GROUP
    max_calls_per_hour: Annotated[WholeNumber | None, Field(ge=1, le=1800)] = None
    """Lower limit than Entra's own 1,800 calls an hour (5 in 10 s), if the app needs one."""

    reserve_calls: Annotated[WholeNumber, Field(ge=0, le=4)] = 0
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
