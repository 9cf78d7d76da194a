"""Probes that answer what a test arranged."""

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from hasten.ports.probes import AnonymousAnswer, Token


@dataclass
class FakeProbes:
    permissions: frozenset[str] = frozenset()
    is_of_app: bool = True
    tenant: str = ""
    ahead: timedelta = timedelta(0)
    dead: dict[str, int] = field(default_factory=dict)
    """Dead letters by queue."""
    errors: dict[str, Exception] = field(default_factory=dict)
    """What a probe raises, by its name."""
    handshakes: list[str] = field(default_factory=list)
    answers: dict[str, AnonymousAnswer] = field(default_factory=dict)
    """To anonymous requests, by the path; 401 without one."""

    async def token(self) -> Token:
        self._may_fail("token")
        return Token(permissions=self.permissions, is_of_app=self.is_of_app, tenant=self.tenant)

    async def clock_ahead(self) -> timedelta:
        self._may_fail("clock_ahead")
        return self.ahead

    async def reach(self, queue: str) -> int:
        self._may_fail("reach")
        return self.dead.get(queue, 0)

    async def handshake(self, url: str, token: str) -> None:
        self._may_fail("handshake")
        self.handshakes.append(url)

    async def anonymous(self, url: str) -> AnonymousAnswer:
        self._may_fail("anonymous")
        return self.answers.get(urlsplit(url).path, AnonymousAnswer(401))

    def _may_fail(self, probe: str) -> None:
        if probe in self.errors:
            raise self.errors[probe]
