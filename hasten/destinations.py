"""Describes the destinations of messages to people, as written under `notify` in targets.yaml."""

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from hasten.domain.digest import Send
from hasten.settings import ADDRESS_PREFIX
from hasten.wrong_values import MAILBOX, NAME, WholeNumber

Mailbox = Annotated[str, StringConstraints(pattern=MAILBOX, max_length=254)]


class Medium(StrEnum):
    TEAMS = "teams"
    """A workflow of Teams that posts an adaptive card."""

    SLACK = "slack"
    """An incoming webhook of Slack."""

    WEBHOOK = "webhook"
    """Any address that takes a CloudEvent."""

    MAIL = "mail"
    """A mail server, over SMTP with TLS."""


class Destination(BaseModel):
    """Names one receiver of messages and what its messages are about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=NAME)]
    """The name in logs and messages. Renaming it starts anew, from the history of then."""

    medium: Medium
    address: Annotated[str, Field(max_length=128)]
    """Name of the setting with the address; a Key Vault reference in Azure."""

    send: Send = Send.ALERTS
    targets: tuple[str, ...] = ()
    """Names of the targets that it is about; all by default."""

    minutes: Annotated[WholeNumber, Field(ge=1, le=1440)] = 1
    """Minimum time between two messages, in minutes: Hasten sends what happens meanwhile as one
    message."""

    names: bool = False
    """True if messages name people and groups. Otherwise they hold object ids only."""

    to: tuple[Mailbox, ...] = ()
    """Recipients of mail."""

    sender: Mailbox | None = None
    """Sender of mail."""

    @field_validator("address")
    @classmethod
    def _must_be_name(cls, address: str) -> str:
        if not re.fullmatch(ADDRESS_PREFIX + r"[A-Z0-9_]+", address):
            raise ValueError(
                f"address must name a setting like {ADDRESS_PREFIX}TEAM; the address itself "
                "belongs into the vault"
            )
        return address

    @model_validator(mode="after")
    def _fits_medium(self) -> Self:
        is_mail = self.medium is Medium.MAIL
        if (bool(self.to), self.sender is not None) != (is_mail, is_mail):
            raise ValueError("mail needs to and sender; the other media take neither")
        return self


class Destinations(BaseModel):
    """All destinations. The context of the validation is the set of the names of all targets."""

    notify: tuple[Destination, ...]

    @model_validator(mode="after")
    def _fit(self, info: ValidationInfo) -> Self:
        names = [destination.name for destination in self.notify]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"notify: {min(twice)} is given twice")
        known: set[str] = info.context or set()
        for destination in self.notify:
            unknown = set(destination.targets) - known
            if unknown:
                raise ValueError(f"notify: {destination.name} names the unknown {min(unknown)}")
        return self
