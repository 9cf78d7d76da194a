"""Defines who calls the API or opens a page, and what they may do."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The app roles of Hasten's app registration, as tokens name them."""

    READ = "Hasten.Read"
    OPERATE = "Hasten.Operate"
    """Release, discard, provision, cancel, stop and start; also everything that READ allows."""

    SEND = "Hasten.Send"
    """Post onboarding events, and nothing else."""


OF_PROGRAM = "app:"

GRANTS = {
    Role.READ: frozenset({Role.READ, Role.OPERATE}),
    Role.OPERATE: frozenset({Role.OPERATE}),
    Role.SEND: frozenset({Role.SEND}),
}
"""The roles of which any one allows what a role stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A caller whose token or session is valid. `object_id` is that of the user or of the service
    principal, whose token names no user. `name` is for the caller's own eyes: no log and no record
    contains it."""

    object_id: str
    name: str
    roles: frozenset[str]
    is_program: bool = False

    @property
    def signature(self) -> str:
        """Returns what the history says of who asked. Anybody who has a secret of a program can ask
        as the program, so its signature is no identity of a person."""
        return f"{OF_PROGRAM}{self.object_id}" if self.is_program else self.object_id

    def may(self, role: Role) -> bool:
        return not self.roles.isdisjoint(GRANTS[role])
