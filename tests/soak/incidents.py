"""What happens to the tenant and to the hosts beside the changes of the company."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from tests.simulation.defaults import SECRET
from tests.simulation.host import RESTART
from tests.simulation.world import World
from tests.soak.company import Company
from tests.soak.plan import Incident

Secrets = Mapping[str, SecretStr | None]
"""Changed settings by field."""

NEW_SECRET = "another client state secret, of the week's rotation"
SWEPT_AFTER = timedelta(minutes=2)
"""Time after the rotation within which a sweep has replaced the subscriptions."""


@dataclass
class Incidents:
    """`left` people left in masses, `released` changes were released."""

    world: World
    company: Company
    left: int = 0
    released: int = 0

    async def happen(self, kind: Incident) -> None:
        match kind:
            case Incident.DEPLOY:
                await self._deploy({})
            case Incident.ROTATE:
                secrets: Secrets = {
                    "client_state_secret": SecretStr(NEW_SECRET),
                    "client_state_secret_previous": SecretStr(SECRET),
                }
                await self._deploy(secrets)
                await self.world.passes(SWEPT_AFTER)
                self._check_subscriptions()
            case Incident.DROP_PREVIOUS:
                await self._deploy({"client_state_secret_previous": None})
            case Incident.GRAPH_FAILS:
                everything = {"path": "", "status": 503, "times": 10**9, "identity_only": True}
                self.world.tenant.faults.add(everything)
            case Incident.GRAPH_RECOVERS:
                self.world.tenant.faults.clear()
            case Incident.MASS_LEAVE:
                self.left += self.company.leave_in_a_mass()
            case Incident.RELEASE:
                self.released += await self.world.release()

    async def _deploy(self, changed: Secrets) -> None:
        """All instances end in order, and new ones start with the settings as they are then."""
        await asyncio.gather(*(host.stop() for host in self.world.hosts))
        await self.world.passes(timedelta(seconds=RESTART))
        around = self.world.around
        around.settings = around.settings.model_copy(update=changed)
        for host in self.world.hosts:
            host.start()

    def _check_subscriptions(self) -> None:
        """All have the clientState of the new secret."""
        states = {one.client_state for one in self.world.tenant.subscriptions.live()}
        assert states == {self.world.around.settings.client_state}
