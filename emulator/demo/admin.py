"""Acts as the tenant's administrator, and reads the emulator's records of Graph and the app."""

from typing import Any

import httpx

from emulator.certificates import trusted
from emulator.graph.seed import TOTAL

Json = dict[str, Any]


class Admin:
    def __init__(self, graph_url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(
            base_url=graph_url, headers=headers, trust_env=False, verify=trusted()
        )

    async def join(self, group: str, user: str) -> None:
        reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{user}"}
        await self._send("POST", f"/v1.0/groups/{group}/members/$ref", reference)

    async def leave(self, group: str, user: str) -> None:
        await self._send("DELETE", f"/v1.0/groups/{group}/members/{user}/$ref")

    async def disable(self, user: str) -> None:
        """Disables the account in Entra ID; no group changes."""
        await self.update(user, {"accountEnabled": False})

    async def update(self, user: str, properties: Json) -> None:
        await self._send("PATCH", f"/v1.0/users/{user}", properties)

    async def display_name(self, user: str) -> str:
        return str((await self._get(f"/v1.0/users/{user}"))["displayName"])

    async def replay(self) -> int:
        """Repeats the last notification, as an attacker who captured it would. Returns the answer's
        status."""
        answer = await self._send("POST", "/emulator/notifications/replay")
        return int(answer.json()["status"])

    async def deliveries(self) -> list[Json]:
        return list(await self._get("/emulator/deliveries"))

    async def calls(self) -> list[Json]:
        """Returns on-demand requests, oldest first; `ended_at` is None until they are answered."""
        return list(await self._get("/emulator/requests?path=provisionOnDemand"))

    async def requests(self, path: str, since: float) -> list[Json]:
        """Returns every request to Graph with `path` in its path that began after `since`."""
        return list(await self._get(f"/emulator/requests?path={path}&since={since}"))

    async def writes(self, since: float) -> list[Json]:
        return list(await self._get(f"/emulator/targets/{TOTAL}/writes?since={since}"))

    async def accounts(self) -> dict[str, Json]:
        listed = await self._get(f"/emulator/targets/{TOTAL}/accounts")
        return {account["id"]: account for account in listed}

    async def stats(self) -> Json:
        return dict(await self._get("/emulator/stats"))

    async def next_cycle(self) -> float:
        """Returns when Entra's own cycle runs next, in epoch seconds."""
        return float((await self._get(f"/emulator/cycle?target={TOTAL}"))["next_at"])

    async def close(self) -> None:
        await self._http.aclose()

    async def _get(self, path: str) -> Any:
        return (await self._send("GET", path)).json()

    async def _send(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        answer = await self._http.request(method, path, json=body)
        return answer.raise_for_status()
