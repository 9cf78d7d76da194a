"""A browser that signs in with Entra, and keeps cookies."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from hasten.api.sign_in import CALLBACK_PATH, SIGN_IN_PATH
from tests.fakes.sign_in import AUTHORITY, signed
from tests.support.face import Face, claims


class Browser:
    """Keeps cookies as a browser does: by the attributes of Set-Cookie."""

    def __init__(self, face: Face) -> None:
        self.face = face
        self.jar: dict[str, str] = {}
        self.set: list[str] = []

    async def get(self, path: str, **query: str) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        answer = await self.face.http.get(path, params=query, headers={"Cookie": cookie})
        for line in answer.headers.get_list("set-cookie"):
            self.set.append(line)
            name, _, rest = line.partition("=")
            value, _, attributes = rest.partition(";")
            if "Max-Age=0" in attributes:
                self.jar.pop(name, None)
            else:
                self.jar[name] = value
        return answer

    async def begins(self, to: str = "/api/ui/held") -> dict[str, str]:
        """Returns what Entra is asked for."""
        answer = await self.get(SIGN_IN_PATH, to=to)
        assert answer.status_code == 302
        address = urlsplit(answer.headers["Location"])
        assert f"{address.scheme}://{address.netloc}{address.path}" == f"{AUTHORITY}/authorize"
        return dict(parse_qsl(address.query))

    async def returns(self, asked: dict[str, str], code: str = "code-1") -> httpx.Response:
        return await self.get(CALLBACK_PATH, code=code, state=asked["state"])


def id_token(nonce: str, *roles: str, **other: Any) -> str:
    found = claims(*roles, nonce=nonce, name="Olga Operator", **other)
    return signed({name: found[name] for name in found if name not in {"azp", "scp"}})


async def signed_in(face: Face, *roles: str) -> Browser:
    browser = Browser(face)
    asked = await browser.begins()
    face.world.sign_in.codes["code-1"] = id_token(asked["nonce"], *roles)
    answer = await browser.returns(asked)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/api/ui/held")
    return browser
