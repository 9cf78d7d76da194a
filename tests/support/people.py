"""A world in which Hasten watches the accounts of the people."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

from hasten.domain.changes import OWN_ACCOUNT, Change, FoundBy
from hasten.people_look import PeopleLook
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.records import discovered
from hasten.watch.people import look_at_people
from hasten.watch.people_delta import reconcile_people
from tests.support.virtual_time import now
from tests.support.world import ENGINEERING, TOTAL, World, user

ADA, AMIR, NOBODY = user(1), user(2), user(99)
TITLE = "jobTitle"
SETTLED = timedelta(minutes=2, seconds=1)


@dataclass
class Watched(World):
    """The job maps `jobTitle`."""

    async def begins(self, *members: str) -> None:
        """With these members of ENGINEERING, who were there before Hasten."""
        self.directory.join(ENGINEERING, *members)
        await self.is_discovered()
        found = await discovered.load(self.store, TOTAL)
        assert found is not None
        await discovered.save(self.store, replace(found, properties=(TITLE,)), over=found)
        await reconcile_people(self.context)
        self.bus.sent.clear()
        self.directory.accounts_read.clear()

    async def looks(self, *users: str, found_by: FoundBy = FoundBy.NOTIFICATION) -> None:
        look = PeopleLook(users=frozenset(users), noticed_at=now(), found_by=found_by)
        await look_at_people(self.context, look)

    async def looks_as_queued(self) -> None:
        """Runs the queued looks at once."""
        queued = [m for m in self.bus.of(DIRECTORY_CHANGES) if m.body.get("kind") == "people"]
        self.bus.sent.clear()
        for message in queued:
            await look_at_people(self.context, PeopleLook.parse(message.body))

    async def own_row(self, person: str) -> Change | None:
        return await self.ledger.find(TOTAL, OWN_ACCOUNT, person)

    async def actions(self) -> dict[str, str]:
        """Returns the actions of the open rows of people's own accounts, by user."""
        rows = await self.ledger.open_changes(TOTAL)
        return {row.user: str(row.action) for row in rows if row.is_of_person}

    def queued_people(self) -> list[tuple[list[str], timedelta]]:
        """Returns the users of the queued looks, with their delays."""
        return [
            (message.body["users"], (message.at or now()) - now())
            for message in self.bus.of(DIRECTORY_CHANGES)
            if message.body.get("kind") == "people"
        ]


async def passes(time: timedelta) -> None:
    await asyncio.sleep(time.total_seconds())
