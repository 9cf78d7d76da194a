"""The API and the sign-in on a real host: tokens that the emulated Entra has signed, cookies, and
an event that goes from HTTP to the app."""

import json
import re
import shlex
from datetime import UTC, datetime
from functools import partial
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from emulator.graph.seed import TOTAL_ENGINEERING
from tests.support.tenant import Host, Tenant, eventually, newcomers

STRUCTURED = "application/cloudevents+json"


async def token(tenant: Tenant) -> str:
    """By the command that `make local` prints."""
    command = shlex.split(tenant.azure.sign_in.token_command(tenant.graph.url))
    url, fields = command[2], command[4::2]
    async with httpx.AsyncClient(trust_env=False) as http:
        form = dict(field.split("=", 1) for field in fields)
        answer = await http.post(url, data=form)
    return str(answer.json()["access_token"])


def client(host: Host, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=host.url, headers=headers, trust_env=False, timeout=60, follow_redirects=False
    )


class Browser:
    """Keeps the cookies that the host sets; those with Secure too, as browsers do on loopback."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self.cookies: dict[str, str] = {}

    async def send(
        self, method: str, url: str, fields: dict[str, str] | None = None, **headers: str
    ) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await self._http.request(
            method, url, data=fields, headers={"Cookie": cookie, **headers}
        )
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        self.cookies = {name: value for name, value in self.cookies.items() if value}
        return answer


async def test_a_program_posts_an_event_and_reads_what_became_of_it(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    [joiner] = newcomers(1)
    await tenant.join([joiner])
    event = {
        "specversion": "1.0",
        "id": "from-http",
        "source": "/hr",
        "type": "hasten.provision.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": {"target": "TOTAL", "users": [{"id": joiner}]},
    }
    async with client(host, Authorization=f"Bearer {await token(tenant)}") as http:
        posted = await http.post(
            "/api/v1/events", content=json.dumps(event), headers={"Content-Type": STRUCTURED}
        )
        await eventually(partial(tenant.are_in, [joiner], TOTAL_ENGINEERING))
        await eventually(tenant.is_quiet)
        person = (await http.get(f"/api/v1/people/{joiner}")).json()
        targets = (await http.get("/api/v1/targets")).json()
        wrong = await http.post(
            "/api/v1/events",
            content=json.dumps({**event, "type": "nothing"}),
            headers={"Content-Type": STRUCTURED},
        )

    assert (posted.status_code, posted.json()["accepted"][0]["id"]) == (202, "from-http")
    [explained] = [one for one in person["targets"] if one["target"] == "TOTAL"]
    assert explained["facts"]["rows"]
    assert "TOTAL" in {one["target"] for one in targets["targets"]}
    assert (wrong.status_code, wrong.json()["faults"][0]["field"]) == (400, "type")


async def test_a_stranger_enters_nowhere_and_strange_requests_crash_nothing(
    tenant: Tenant,
) -> None:
    host = await tenant.host()
    forged = {"X-MS-CLIENT-PRINCIPAL": "eyJjbGFpbXMiOltdfQ==", "X-MS-CLIENT-PRINCIPAL-ID": "x"}
    async with client(host) as http:
        answers = [
            await http.get("/api/v1/targets"),
            await http.get("/api/v1/targets", headers=forged),
            await http.get("/api/v1/targets", headers={"Authorization": "Bearer a.b.c"}),
            await http.post("/api/v1/stop", content=b"x" * 1024 * 1024),
            await http.get("/api/ui/"),
            await http.get("/api/ui", headers=forged),
            await http.get("/api/v1/%ff"),
            await http.get("/api/v1/..%2f..%2fgraph/notifications"),
            await http.get("/api/v1/targets", headers={"Host": "evil.example:x"}),
        ]

    statuses = [answer.status_code for answer in answers]
    assert statuses[:4] == [401] * 4
    assert statuses[4] == 303
    assert answers[4].headers["Location"] == "/api/ui/signin?to=%2Fapi%2Fui%2F"
    assert all(300 <= status < 500 for status in statuses)
    assert "Traceback" not in host.log.read_text()


async def test_a_person_signs_in_and_stops_hasten_on_a_page(tenant: Tenant) -> None:
    host = await tenant.host()
    async with client(host) as http:
        browser = Browser(http)
        refused = await browser.send("GET", "/api/ui/")
        to_entra = await browser.send("GET", refused.headers["Location"])
        back = await browser.send("GET", to_entra.headers["Location"])
        signed_in = await browser.send("GET", back.headers["Location"])
        replayed = await browser.send("GET", back.headers["Location"])
        page = await browser.send("GET", signed_in.headers["Location"])
        [csrf] = set(re.findall(r'name="csrf" value="([^"]*)"', page.text))
        fields = {"csrf": csrf, "target": "TOTAL", "reason": "a drill"}
        forged = await browser.send("POST", "/api/ui/stop", fields, Origin="https://evil.example")
        stopped = await browser.send("POST", "/api/ui/stop", fields, Origin=host.url)

    asked = parse_qs(urlsplit(to_entra.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert signed_in.headers["Location"] == "/api/ui/"
    assert replayed.status_code == 400
    assert [page.status_code, forged.status_code, stopped.status_code] == [200, 403, 303]
    assert any(one["is_stop"] for one in tenant.documents("stops").values())
    assert set(browser.cookies) == {"__Host-hasten-session"}
    assert urlencode({"to": "/api/ui/"}) in refused.headers["Location"]
