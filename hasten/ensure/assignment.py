"""The assignments and roles of one enterprise application. Hasten reads them once in a run and
updates them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hasten.domain.roles import choose_role
from hasten.errors import PermanentError
from hasten.json import Json
from hasten.ports.directory import Directory
from hasten.ports.directory_errors import AlreadyExists, NotYet
from hasten.ports.directory_values import Assignment, Assignments


@dataclass(slots=True)
class Assigned:
    """The assignments of one application. Each run reads them again, because others assign and
    unassign too."""

    directory: Directory
    service_principal: str
    _assignments: Assignments = field(default_factory=lambda: Assignments([]))
    _app_roles: Sequence[Json] = ()

    @classmethod
    async def read(cls, directory: Directory, service_principal: str) -> "Assigned":
        """Reads the assignments and the app roles. Raises PermanentError if the application does
        not exist, and TemporaryError and PermanentError of Graph."""
        found = await directory.service_principals(object_id=service_principal)
        if not found:
            raise PermanentError(
                f"the enterprise application {service_principal} is gone",
                "correct how targets.yaml names it, or create the application",
            )
        assignments = await directory.assignments(service_principal)
        return cls(directory, service_principal, assignments, found[0].get("appRoles") or ())

    def of(self, principal: str) -> list[Assignment]:
        """Returns the assignments of a group or user that can be read."""
        return [given for given in self._assignments.listed if given.principal == principal]

    def may_hide(self, principal: str) -> bool:
        """Returns whether an assignment that cannot be read may be that of the principal."""
        return self._assignments.may_hide(principal)

    @property
    def users(self) -> frozenset[str]:
        """The users who are assigned directly, without a group."""
        return self._assignments.principals("User")

    def role(self, wanted: str) -> str:
        """Returns the id of the role. Raises PermanentError if the app has no such role, or if
        several fit."""
        return choose_role(self._app_roles, wanted)

    async def assign(self, principal: str, role: str) -> None:
        """Assigns the principal with the role. Raises NotYet while Graph rejects the assignment as
        existing but does not show it."""
        try:
            await self.directory.assign(self.service_principal, principal, role)
        except AlreadyExists:
            self._assignments = await self.directory.assignments(self.service_principal)
            is_shown = any(given.role == role for given in self.of(principal))
            if not (is_shown or self.may_hide(principal)):
                raise NotYet(f"the assignment of {principal} does not show yet") from None

    async def unassign(self, principal: str) -> bool:
        """Removes every assignment of the principal. Returns False if there was none."""
        gone = [
            await self.directory.unassign(self.service_principal, given.id)
            for given in self.of(principal)
        ]
        return any(gone)
