"""What people and the world do during a storm, drawn at random: each operation changes the truth in
the directory, asks Hasten for something, or breaks something."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from random import Random

from emulator.graph.seed import TOTAL, TOTAL_ADMIN, TOTAL_ENGINEERING
from tests.chaos.breakages import Breakages
from tests.chaos.cast import CAST, Cast, Refs
from tests.chaos.senders import Senders
from tests.chaos.wishes import Posted
from tests.simulation.oracle import assigned
from tests.simulation.upstream import ENSURE_GROUP, OFFBOARD, ONBOARD, PROVISION
from tests.simulation.world import World
from tests.support.virtual_time import now

MOST_GROUPS = 8

LATE, LATEST = 0.2, 600.0
"""How likely an event is late, and by how many seconds at most."""


class Operations(Breakages):
    """`own_accounts` are users who were disabled, enabled, deleted or restored: no group
    changed."""

    def __init__(self, world: World, random: Random) -> None:
        super().__init__(world, random)
        self._admin = world.admin
        self._directory = world.tenant.directory
        self._cast = Cast(self._directory, random)
        self.groups = [TOTAL_ENGINEERING, TOTAL_ADMIN]
        self.own_accounts: set[str] = set()
        self.deleted_groups: set[str] = set()
        self.posted: list[Posted] = []
        self.counts: Counter[str] = Counter()
        self.senders = Senders(world, Random(f"{world.seed} senders"), self.counts)

    async def one(self) -> None:
        """Draws until one is possible, and does it."""
        while True:
            [name] = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))
            if await OPERATIONS[name](self):
                self.counts[name] += 1
                return

    def assigned(self) -> set[str]:
        return set(assigned(self._world.tenant, TOTAL))

    # --- memberships ---

    async def join(self) -> bool:
        group = self._group()
        users = [
            u for u in self._some(self._random.choice((1, 1, 2, 7))) if u not in self._in(group)
        ]
        self._admin.join(group, *users)
        return bool(users)

    async def leave(self) -> bool:
        group = self._group()
        users = [u for u in self._some(self._random.choice((2, 4, 8))) if u in self._in(group)]
        self._admin.leave(group, *users)
        return bool(users)

    async def leave_in_a_mass(self) -> bool:
        """More than the brake believes."""
        group = self._group()
        users = [user for user in CAST if user in self._in(group)]
        chosen = self._random.sample(users, len(users) * 2 // 3)
        self._admin.leave(group, *chosen)
        return bool(chosen)

    async def move(self) -> bool:
        [user] = self._some(1)
        one, other = self._group(), self._group()
        if one == other or user not in self._in(one) or user in self._in(other):
            return False
        self._admin.leave(one, user)
        self._admin.join(other, user)
        return True

    # --- people ---

    async def disable(self) -> bool:
        return await self._to_account(self._some(1)[0], self._admin.disable)

    async def enable(self) -> bool:
        off = [u for u in CAST if not self._directory.users[u].properties["accountEnabled"]]
        live = [user for user in off if self._directory.users[user].deleted_at is None]
        return bool(live) and await self._to_account(self._random.choice(live), self._admin.enable)

    async def delete(self) -> bool:
        return await self._to_account(self._some(1)[0], self._admin.delete)

    async def restore(self) -> bool:
        gone = [user for user in CAST if self._directory.users[user].deleted_at is not None]
        return bool(gone) and await self._to_account(self._random.choice(gone), self._admin.restore)

    # --- groups and assignments ---

    async def create_group(self) -> bool:
        if len(self.groups) >= MOST_GROUPS:
            return False
        self.groups.append(self._admin.create_group(self._some(self._random.randint(0, 8))))
        return True

    async def assign_group(self) -> bool:
        return self._assign(self._group())

    async def unassign_group(self) -> bool:
        return self._unassign(self._group())

    async def assign_user(self) -> bool:
        return self._assign(self._some(1)[0])

    async def unassign_user(self) -> bool:
        direct = sorted(self.assigned() & set(CAST))
        return bool(direct) and self._unassign(self._random.choice(direct))

    async def delete_group(self) -> bool:
        group = self._group()
        if group in {TOTAL_ENGINEERING, TOTAL_ADMIN}:
            return False
        self._admin.delete(group)
        self.groups.remove(group)
        self.deleted_groups.add(group)
        return True

    # --- events ---

    async def onboard(self) -> bool:
        await self._post(ONBOARD, users=self._refs(), group=self._named())
        return True

    async def onboard_directly(self) -> bool:
        await self._post(ONBOARD, users=self._refs())
        return True

    async def offboard(self) -> bool:
        await self._post(OFFBOARD, users=self._refs(most=1))
        return True

    async def offboard_from_a_group(self) -> bool:
        await self._post(OFFBOARD, users=self._refs(), groups=[self._named()])
        return True

    async def ensure_group(self) -> bool:
        name = f"Made-{self._random.randint(1, 4)}"
        await self._post(ENSURE_GROUP, group={"name": name}, members=self._refs())
        return True

    async def provision(self) -> bool:
        await self._post(PROVISION, users=self._refs())
        return True

    async def post_nonsense(self) -> bool:
        await self.senders.post_nonsense(PROVISION)
        return True

    # --- choices ---

    async def _post(self, kind: str, **data: object) -> None:
        """Sometimes an event arrives long after its time, and newer ones have overtaken it."""
        is_late = self._random.random() < LATE
        late = timedelta(seconds=self._random.uniform(0, LATEST)) if is_late else timedelta(0)
        body = await self.senders.post(kind, time=now() - late, **data)
        self.posted.append(Posted(body, self.groups_of_cast()))

    def groups_of_cast(self) -> dict[str, Collection[str]]:
        """The assigned groups of each person of the cast."""
        groups = [g for g in self._directory.groups.values() if g.id in self.assigned()]
        return {user: [g.id for g in groups if user in g.members] for user in CAST}

    def _group(self) -> str:
        return self._random.choice(self.groups)

    def _some(self, count: int) -> list[str]:
        """People of the cast who are not deleted."""
        return self._cast.some(count)

    def _in(self, group: str) -> dict[str, None]:
        return self._directory.groups[group].members

    def _assign(self, principal: str) -> bool:
        if principal in self.assigned():
            return False
        self._admin.assign(principal)
        return True

    def _unassign(self, principal: str) -> bool:
        if principal not in self.assigned():
            return False
        self._admin.unassign(principal)
        return True

    async def _to_account(self, user: str, change: Callable[[str], None]) -> bool:
        change(user)
        self.own_accounts.add(user)
        return True

    def _refs(self, most: int = 3) -> Refs:
        return self._cast.refs(most)

    def _named(self) -> dict[str, str]:
        return self._cast.named(self.groups)


WEIGHTS = {
    "join": 20,
    "leave": 12,
    "leave_in_a_mass": 1,
    "move": 14,
    "disable": 3,
    "enable": 3,
    "delete": 2,
    "restore": 2,
    "create_group": 3,
    "assign_group": 5,
    "unassign_group": 2,
    "assign_user": 3,
    "unassign_user": 3,
    "delete_group": 1,
    "onboard": 8,
    "onboard_directly": 2,
    "offboard": 3,
    "offboard_from_a_group": 3,
    "ensure_group": 3,
    "provision": 2,
    "post_nonsense": 1,
    "forge": 3,
    "crash": 5,
    "kill": 2,
    "stop": 3,
    "cut_links": 3,
    "deafen": 2,
    "lose_subscriptions": 1,
    "break_the_app": 2,
    "lie_in_the_answer": 1,
}
"""How often each is drawn, against the others."""

OPERATIONS: dict[str, Callable[[Operations], Awaitable[bool]]] = {
    name: getattr(Operations, name) for name in WEIGHTS
}
