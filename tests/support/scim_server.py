"""A SCIM server that gives prepared answers, and the requests that it got."""

from typing import Any

import httpx
from pydantic import SecretStr

from hasten.adapters.scim.application import ScimApplication
from hasten.scim import Match, Scim

ADA = "0000cccc-0000-4000-8000-000000000001"
TOKEN = "a-token-of-the-tests"


def scim(**changes: Any) -> Scim:
    given = {
        "url": "https://app.example/scim/v2",
        "token": "HASTEN_SCIM_TOKEN_TOTAL",
        "match": Match(app="externalId", entra="id"),
    }
    return Scim.model_validate({**given, **changes})


class Server:
    """Answers each request with the next of the answers; keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def application(self, settings: Scim | None = None) -> ScimApplication:
        transport = httpx.MockTransport(self._answer)
        return ScimApplication(settings or scim(), SecretStr(TOKEN), transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def user(**changes: Any) -> dict[str, Any]:
    return {"id": "7", "externalId": ADA, "userName": "ada@x.test", "active": True, **changes}
