"""An app with one group assigned to it, for tests of the provisioning engine."""

from emulator.engine.app import App
from emulator.engine.on_demand import Code, provision_group, provision_user
from emulator.engine.scope import Scope
from emulator.entra.behaviours import EntraBehaviours, Switches
from emulator.graph.assignments import Assignments
from emulator.graph.directory import Directory
from emulator.graph.objects import Entity
from emulator.graph.replica import Replica

ROLE = "11111111-1111-4111-8111-111111111111"


class World:
    """One app with one group assigned to it, an hour after anything was written."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.directory = Directory(lambda: self.now, lambda: self.now)
        self.assignments = Assignments(self.directory)
        self.replica = Replica(self.directory, self.assignments, 0.0)
        self.principal = self.directory.create_service_principal(
            {"displayName": "TOTAL", "appRoles": [{"id": ROLE}]}
        )
        self.group = self.new_group("TOTAL-Engineering")
        self.assign(self.group)
        switches = Switches(EntraBehaviours.kind())
        self.app = App(lambda: self.now)
        self.scope = Scope(self.directory, self.replica, self.principal, switches)
        self.now += 3600

    def new_user(self, name: str) -> Entity:
        return self.directory.create_user(
            {"displayName": name, "userPrincipalName": f"{name}@contoso.example"}
        )

    def new_group(self, name: str) -> Entity:
        return self.directory.create_group({"displayName": name, "mailNickname": name})

    def assign(self, principal: Entity) -> None:
        self.assignments.add(principal, self.principal, ROLE)

    def member(self, name: str) -> Entity:
        user = self.new_user(name)
        self.directory.add_members(self.group, [user.id])
        return user

    def call_group(self, *members: Entity) -> Code:
        return provision_group(self.app, self.scope, self.group, members).code

    def call_user(self, user: Entity) -> Code:
        return provision_user(self.app, self.scope, user).code
