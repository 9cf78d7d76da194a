"""What the people of an ordinary company do to its directory, one change at a time."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from emulator.graph.seed import TOTAL, TOTAL_ADMIN, TOTAL_ENGINEERING, object_id
from hasten.records.people import MAPPING
from hasten.records.roster import ROSTER_COLLECTION
from tests.simulation.oracle import assigned
from tests.simulation.upstream import OFFBOARD, ONBOARD
from tests.simulation.world import World
from tests.support.virtual_time import now

WEIGHTS = {
    "join": 28,
    "leave": 28,
    "move": 6,
    "onboard": 8,
    "offboard": 6,
    "disable": 5,
    "enable": 4,
    "change_title": 12,
    "hire": 1,
    "delete": 1,
    "assign_directly": 1,
    "unassign": 1,
    "assign_group": 0.3,
    "unassign_group": 0.3,
}
"""How often each is drawn, against the others."""

LEFT_ALONE = timedelta(minutes=30)
"""Nobody is changed twice within this time: one could not say which of two changes is the newer."""

SMALL = 8
"""Members of a group that is assigned: the brake lets so few leave."""

AS_MANY_OTHERS = 0.2
"""People who may join, against those who are assigned at the beginning. About as many people are
assigned at the end then, which shows whether memory and store stay as they are."""

LEFT_IN_A_MASS = object_id("group/TOTAL-Group-1")
MASS_PERCENT = 30
"""More than the 20 % that the brake lets leave."""


class Company:
    """`members` are who should be in each assigned group, by the administrators and the events.
    `counts` says how often each kind of change was made."""

    def __init__(self, world: World, random: Random) -> None:
        self._world = world
        self._admin, self._upstream = world.admin, world.upstream
        self._directory = world.tenant.directory
        self._random = random
        groups = sorted(assigned(world.tenant, TOTAL) - {TOTAL_ADMIN})
        self.members = {group: set(self._directory.groups[group].members) for group in groups}
        self._usual = {group: len(members) for group, members in self.members.items()}
        self._people = self._who_may_join()
        self._disabled: list[str] = []
        self._direct: list[str] = []
        self._assigned: list[str] = []
        self._touched: dict[str, datetime] = {}
        self._hired = 0
        self._joined_by_event: set[str] = set()
        self.counts: Counter[str] = Counter()

    async def change(self) -> None:
        """Draws until one is possible, and makes it."""
        while True:
            [name] = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))
            if await getattr(self, name)():
                self.counts[name] += 1
                return

    def sizes(self) -> Mapping[str, int]:
        """Returns the number of people for whom the store keeps something, by its collection: those
        who are assigned, and those whom an event brought into a group and none took out."""
        in_groups = set[str]().union(*self.members.values())
        return {
            ROSTER_COLLECTION: len(in_groups.union(self._direct)),
            MAPPING.collection: len(self._joined_by_event),
        }

    def wrong_groups(self) -> list[str]:
        """Returns the groups whose members are not who they should be."""
        found = self._directory.groups
        return [g for g, members in self.members.items() if set(found[g].members) != members]

    def leave_in_a_mass(self) -> int:
        """Returns how many leave."""
        members = sorted(self.members[LEFT_IN_A_MASS])
        leavers = self._random.sample(members, len(members) * MASS_PERCENT // 100)
        self._admin.leave(LEFT_IN_A_MASS, *leavers)
        self.members[LEFT_IN_A_MASS] -= set(leavers)
        for user in leavers:
            self._touched[user] = now()
        return len(leavers)

    # --- memberships ---

    async def join(self) -> bool:
        return self._moves_to_usual(joins=True)

    async def leave(self) -> bool:
        return self._moves_to_usual(joins=False)

    def _moves_to_usual(self, *, joins: bool) -> bool:
        """A group that has become small is rather joined, and a large one left."""
        group = self._group()
        is_small = len(self.members[group]) < self._usual[group]
        if is_small is not joins and self._random.random() < 1 / 3:
            joins = is_small
        user = self._outsider(group) if joins else self._member(group)
        if joins:
            self._admin.join(group, user)
            self.members[group].add(user)
        else:
            self._admin.leave(group, user)
            self.members[group].remove(user)
        return True

    async def move(self) -> bool:
        one, other = self._random.sample(sorted(self._usual), 2)
        user = self._member(one)
        if user in self.members[other]:
            return False
        self._admin.leave(one, user)
        self._admin.join(other, user)
        self.members[one].remove(user)
        self.members[other].add(user)
        return True

    async def onboard(self) -> bool:
        group = self._group()
        await self._onboard(group, self._outsider(group))
        return True

    async def hire(self) -> bool:
        self._hired += 1
        name = f"hired{self._hired}@contoso.example"
        properties = {"displayName": f"Hired {self._hired}", "userPrincipalName": name}
        user = self._directory.create_user(properties).id
        self._people.append(user)
        await self._onboard(self._group(), user)
        return True

    async def _onboard(self, group: str, user: str) -> None:
        await self._upstream.post(ONBOARD, users=[{"id": user}], group={"id": group})
        self.members[group].add(user)
        self._touched[user] = now()
        self._joined_by_event.add(user)

    async def offboard(self) -> bool:
        user = self._member(self._group())
        if user in self._direct or user in self._directory.groups[TOTAL_ADMIN].members:
            return False
        await self._upstream.post(OFFBOARD, users=[{"id": user}])
        for members in self.members.values():
            members.discard(user)
        self._joined_by_event.discard(user)
        return True

    # --- people ---

    async def disable(self) -> bool:
        user = self._member(self._group())
        self._admin.disable(user)
        self._disabled.append(user)
        return True

    async def enable(self) -> bool:
        if not self._disabled or self._is_fresh(self._disabled[0]):
            return False
        user = self._disabled.pop(0)
        self._touched[user] = now()
        self._admin.enable(user)
        return True

    async def change_title(self) -> bool:
        user = self._directory.users[self._member(self._group())]
        titles = {"Analyst", "Engineer", "Manager"} - {user.properties["jobTitle"]}
        self._directory.update(user, {"jobTitle": self._random.choice(sorted(titles))})
        return True

    async def delete(self) -> bool:
        user = self._member(self._group())
        self._admin.delete(user)
        self._people.remove(user)
        return True

    # --- assignments ---

    async def assign_directly(self) -> bool:
        user = self._outsider(self._group())
        if user in self._direct:
            return False
        self._admin.assign(user)
        self._direct.append(user)
        return True

    async def unassign(self) -> bool:
        if not self._direct or self._is_fresh(self._direct[0]):
            return False
        user = self._direct.pop(0)
        self._touched[user] = now()
        self._admin.unassign(user)
        return True

    async def assign_group(self) -> bool:
        members = {self._outsider(TOTAL_ENGINEERING) for _ in range(SMALL)}
        group = self._admin.create_group(sorted(members))
        self._admin.assign(group)
        self.members[group] = members
        self._touched[group] = now()
        self._assigned.append(group)
        return True

    async def unassign_group(self) -> bool:
        if not self._assigned or self._is_fresh(self._assigned[0]):
            return False
        group = self._assigned.pop(0)
        self._admin.unassign(group)
        del self.members[group]
        return True

    # --- choices ---

    def _who_may_join(self) -> list[str]:
        inside = set[str]().union(*self.members.values())
        outside = sorted(self._directory.users.keys() - inside)
        others = self._random.sample(
            outside, min(len(outside), round(AS_MANY_OTHERS * len(inside)))
        )
        return sorted([*inside, *others])

    def _group(self) -> str:
        return self._random.choice(sorted(self._usual))

    def _member(self, group: str) -> str:
        return self._someone(sorted(self.members[group]))

    def _outsider(self, group: str) -> str:
        while (user := self._someone(self._people)) in self.members[group]:
            pass
        return user

    def _someone(self, among: list[str]) -> str:
        """Somebody enabled who was left alone for a while, and is left alone from now on."""
        while True:
            user = self._random.choice(among)
            if self._directory.users[user].is_enabled and not self._is_fresh(user):
                self._touched[user] = now()
                return user

    def _is_fresh(self, one: str) -> bool:
        return one in self._touched and now() - self._touched[one] < LEFT_ALONE
