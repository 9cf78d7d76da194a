"""Plays two scenes without any change of a group: people are disabled, and a title changes. The app
is a SCIM server, and the table shows what was read back from it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from rich import box
from rich.console import Console
from rich.table import Table

from emulator.azure import SCIM_TOKEN
from emulator.certificates import trusted
from emulator.demo.admin import Admin
from emulator.demo.measure import percentile
from emulator.graph.seed import object_id

Json = dict[str, Any]

DISABLED = tuple(object_id(f"user/{number}") for number in range(20, 30))
PROMOTED = object_id("user/40")
TITLE = "Principal Engineer"
P50, P95 = 2.0, 10.0
"""Seconds from the change in Entra ID to the account that is inactive in the app, read back."""

PATIENCE = 120.0
POLL = 0.05


@dataclass(frozen=True)
class Scene:
    """One change. `took` is in seconds; None if the app never showed it."""

    what: str
    name: str
    took: float | None
    shown: str


class AppReader:
    """Reads accounts as any client of the app could."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(
            base_url=url, headers=headers, trust_env=False, verify=trusted()
        )

    async def account(self, user: str) -> Json:
        [found] = await self._listed(filter=f'externalId eq "{user}"')
        return found

    async def inactive(self) -> set[str]:
        """Returns the object ids of all whose account is inactive."""
        return {str(one["externalId"]) for one in await self._listed(filter="active eq false")}

    async def close(self) -> None:
        await self._http.aclose()

    async def _listed(self, **query: str) -> list[Json]:
        answer = await self._http.get("/Users", params={**query, "count": "500"})
        return list(answer.raise_for_status().json().get("Resources") or ())


async def play_people(console: Console, ports: Json) -> bool:
    """Returns whether every check passed. `ports` are those of an emulator with `--scim`."""
    admin = Admin(f"http://127.0.0.1:{ports['graph']}", ports["admin_token"])
    app = AppReader(ports["scim"], ports["environment"][SCIM_TOKEN])
    try:
        await _begins_to_watch(f"http://127.0.0.1:{ports['functions']}")
        scenes = [await _disable(admin, app, user) for user in DISABLED]
        scenes.append(await _promote(admin, app))
        wrong = (await app.inactive()) ^ set(DISABLED)
        return _show(console, scenes, wrong)
    finally:
        await app.close()
        await admin.close()


async def _begins_to_watch(host: str) -> None:
    """Runs the two timers that find who is assigned; a deployed app does so within the hour."""
    async with httpx.AsyncClient(
        base_url=host, trust_env=False, timeout=60, verify=trusted()
    ) as client:
        for timer in ("people", "look"):
            answer = await client.post(
                f"/admin/functions/{timer}", headers={"x-wait": "true"}, json={}
            )
            answer.raise_for_status()


async def _disable(admin: Admin, app: AppReader, user: str) -> Scene:
    await admin.disable(user)
    took, account = await _until(app, user, lambda account: account["active"] is False)
    shown = f"active: {str(account['active']).lower()}"
    return Scene("disabled", await admin.display_name(user), took, shown)


async def _promote(admin: Admin, app: AppReader) -> Scene:
    await admin.update(PROMOTED, {"jobTitle": TITLE})
    took, account = await _until(app, PROMOTED, lambda account: account.get("title") == TITLE)
    shown = f"title: {account.get('title')}"
    return Scene("new title", await admin.display_name(PROMOTED), took, shown)


async def _until(
    app: AppReader, user: str, holds: Callable[[Json], bool]
) -> tuple[float | None, Json]:
    began = time.monotonic()
    while not holds(account := await app.account(user)):
        if time.monotonic() - began > PATIENCE:
            return None, account
        await asyncio.sleep(POLL)
    return time.monotonic() - began, account


def _show(console: Console, scenes: list[Scene], wrong: set[str]) -> bool:
    table = Table(title="No group changed: read back from the app", box=None, padding=(0, 2, 0, 0))
    for column in ("Change", "Who", "After", "Read back from the app"):
        table.add_column(column, no_wrap=True)
    for scene in scenes:
        after = "never" if scene.took is None else f"{scene.took:.1f} s"
        table.add_row(scene.what, scene.name, after, scene.shown)
    console.print(table)
    times = [scene.took for scene in scenes if scene.what == "disabled" and scene.took is not None]
    lost = sum(scene.took is None for scene in scenes)
    p50, p95 = (percentile(times, p) if times else float("inf") for p in (50, 95))
    found = [
        ("changes lost", str(lost), lost == 0),
        (f"p50, disabled to inactive in the app (at most {P50:g} s)", f"{p50:.1f} s", p50 <= P50),
        (f"p95, disabled to inactive in the app (at most {P95:g} s)", f"{p95:.1f} s", p95 <= P95),
        ("wrong accounts", str(len(wrong)), not wrong),
    ]
    summary = Table(title="What must hold", show_header=False, box=box.SIMPLE)
    for what, shown, is_held in found:
        summary.add_row("[green]✓[/green]" if is_held else "[red]✗[/red]", what, shown)
    console.print(summary)
    return all(is_held for _, _, is_held in found)
