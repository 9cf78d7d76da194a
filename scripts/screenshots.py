"""Makes the pictures of the pages in docs/pictures from the demo: `python -m scripts.screenshots`.
It needs Chromium (tests/support/browser.py)."""

import asyncio
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, ViewportSize, async_playwright
from rich.console import Console

from emulator.demo.__main__ import emulator, play
from emulator.demo.admin import Admin
from emulator.demo.mass_leave import mass_leave
from emulator.demo.story import LEAVER
from tests.support.browser import LEFT_OUT, found

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
SIZE = ViewportSize(width=1120, height=720)
PHONE = ViewportSize(width=360, height=720)
VIEWS = {
    "now": "/",
    "person": f"/person/{LEAVER}",
    "held": "/held",
    "changes": "/changes",
    "speed": "/speed",
    "report": "/report?from={today}&to={today}",
}


async def shoot(ports: dict[str, Any]) -> None:
    functions = f"http://127.0.0.1:{ports['functions']}"
    admin = Admin(f"http://127.0.0.1:{ports['graph']}", str(ports["admin_token"]))
    await play(Console(), ports)
    await mass_leave(admin, functions)
    await admin.close()
    today = datetime.now(UTC).date()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found())
        for name, path in VIEWS.items():
            context = await browser.new_context(viewport=SIZE)
            await _shoot(context, f"{functions}/api/ui{path.format(today=today)}", name)
        phone = await browser.new_context(viewport=PHONE, color_scheme="dark")
        await _shoot(phone, f"{functions}/api/ui/", "now-phone")
        await browser.close()


async def _shoot(context: BrowserContext, url: str, name: str) -> None:
    page = await context.new_page()
    await page.goto(url)
    await page.wait_for_load_state("networkidle")
    await page.screenshot(path=PICTURES / f"{name}.png")
    await context.close()


def main() -> None:
    if found() is None:
        sys.exit(LEFT_OUT)
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="hasten-pictures-") as folder,
        emulator(Path(folder)) as ports,
    ):
        asyncio.run(shoot(ports))


if __name__ == "__main__":
    main()
