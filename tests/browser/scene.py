"""What the pages of the browser tests show: people who joined, and many who left and are held."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Browser, ConsoleMessage, Page, StorageState, ViewportSize

from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from tests.support.tenant import Host, Tenant, eventually, newcomers

JOINERS = newcomers(2)
LEAVERS = [object_id(f"user/{number}") for number in range(10, 70)]
WIDE = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=360, height=740)


@dataclass
class Scene:
    tenant: Tenant
    host: Host
    browser: Browser
    signed_in: StorageState | None = None
    """The cookies of a person who has signed in, once a page was opened."""

    def url(self, path: str) -> str:
        return f"{self.host.url}/api/ui{path}"

    @asynccontextmanager
    async def page(self, path: str, *, is_anonymous: bool = False) -> AsyncIterator[Page]:
        """A view, as a person sees it who has signed in. Whatever the console complains about fails
        the test: a violation of the policy of the pages is such a complaint."""
        complaints: list[str] = []

        def note(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                complaints.append(message.text)

        context = await self.browser.new_context(
            viewport=WIDE, storage_state=None if is_anonymous else self.signed_in
        )
        page = await context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        try:
            await page.goto(self.url(path))
            yield page
            self.signed_in = await context.storage_state()
        finally:
            await context.close()
        assert complaints == []


async def play(scene: Scene) -> None:
    """The joiners are in the app, and the leavers are held."""
    tenant, host = scene.tenant, scene.host
    await tenant.watched_by(host)
    await tenant.join(JOINERS)

    async def joined() -> bool:
        return await tenant.are_in(JOINERS)

    await eventually(joined)
    await eventually(tenant.is_quiet)
    tenant.graph.tenant.subscriptions.clear()  # so that one look sees them all
    for leaver in LEAVERS:
        await tenant.admin.leave(TOTAL_ENGINEERING, leaver)
    await host.fire("look")

    async def held() -> bool:
        rows = tenant.documents("ledger").values()
        states = [row.get("state") for row in rows]
        return states.count("held") == len(LEAVERS)

    await eventually(held)
    await eventually(tenant.is_quiet)
    await host.fire("wake")
