"""Which tokens open the API, and which are refused."""

import base64
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from hasten.api.caller import Role
from tests.fakes.sign_in import (
    API_CLIENT_ID,
    FIRST_ISSUER,
    TENANT,
    private_key,
    signed,
)
from tests.support.face import OPERATOR, Face, bearer, claims, program
from tests.support.virtual_time import virtual
from tests.support.world import World

PATH = "/api/v1/targets"
OTHER = "0000dddd-0000-4000-8000-000000000009"


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(alg: str) -> str:
    return f"{part({'typ': 'JWT', 'alg': alg, 'kid': 'key-1'})}.{part(claims(Role.READ))}."


def by_public_key() -> str:
    """Signed with HMAC, with the public key as the secret: an old confusion of algorithms."""
    pem = (
        private_key("key-1")
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    head, body = part({"alg": "HS256", "kid": "key-1"}), part(claims(Role.READ))
    digest = jwt.get_algorithm_by_name("HS256").sign(f"{head}.{body}".encode(), pem)
    return f"{head}.{body}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def with_claims(**other: Any) -> Callable[[], str]:
    return lambda: signed(claims(Role.READ, **other))


def without(*names: str) -> Callable[[], str]:
    def made() -> str:
        found = claims(Role.READ)
        return signed({name: value for name, value in found.items() if name not in names})

    return made


def at(seconds: int, **names: int) -> Callable[[], str]:
    """Claims with times moved by so many seconds."""
    del names

    def made() -> str:
        found = claims(Role.READ)
        return signed({**found, **{n: found[n] + seconds for n in ("iat", "nbf", "exp")}})

    return made


def changed() -> str:
    """A token whose claims were changed after it was signed."""
    head, _, signature = signed(claims()).split(".")
    return f"{head}.{part(claims(Role.OPERATE))}.{signature}"


def id_token() -> str:
    """What a sign-in gives: it has the audience and the roles, but it is for the app alone."""
    found = claims(Role.OPERATE, nonce="n", name="operator")
    return signed({name: found[name] for name in found if name not in {"azp", "scp"}})


REFUSED: dict[str, Callable[[], str]] = {
    "no signature": lambda: unsigned("none"),
    "no signature, other spelling": lambda: unsigned("None"),
    "an empty signature": lambda: unsigned("RS256"),
    "HMAC with the public key": by_public_key,
    "another algorithm of RSA": lambda: jwt.encode(
        claims(Role.READ), private_key("key-1"), "RS512", {"kid": "key-1"}
    ),
    "changed claims": changed,
    "a key that the tenant does not publish": lambda: signed(claims(Role.READ), "key-9"),
    "the id of another key": lambda: jwt.encode(
        claims(Role.READ), private_key("key-9"), "RS256", {"kid": "key-1"}
    ),
    "no key id": lambda: jwt.encode(claims(Role.READ), private_key("key-1"), "RS256"),
    "a key that the token brings along": lambda: jwt.encode(
        claims(Role.READ),
        private_key("key-9"),
        "RS256",
        {"kid": "key-9", "jku": "https://evil.example/keys", "x5u": "https://evil.example/x"},
    ),
    "another tenant": with_claims(tid=OTHER),
    "the issuer of another tenant": with_claims(iss=f"https://login.example/{OTHER}/v2.0"),
    "the issuer with another ending": with_claims(iss=f"https://login.example/{TENANT}/v2.0/x"),
    "several issuers": with_claims(iss=[f"https://login.example/{TENANT}/v2.0"]),
    "another audience": with_claims(aud="https://graph.microsoft.com"),
    "the audience of another app": with_claims(aud=f"api://{OTHER}"),
    "no audience": without("aud"),
    "no issuer": without("iss"),
    "no tenant": without("tid"),
    "no expiry": without("exp"),
    "no begin": without("nbf"),
    "expired": at(-3600 - 121),
    "not valid yet": at(121 + 3600),
    "times that are no numbers": with_claims(exp="9999999999"),
    "times that are true": with_claims(exp=True),
    "endless": with_claims(exp=float("nan")),
    "an ID token": id_token,
    "an ID token with a client": lambda: signed({**claims(Role.READ), "nonce": "n"}),
    "a person without a scope": without("scp"),
    "another scope": with_claims(scp="User.Read"),
    "a scope that contains the name": with_claims(scp="user_impersonation_not"),
    "nobody": with_claims(oid="nobody"),
    "roles that are a text": with_claims(roles="Hasten.Read"),
    "roles within an object": with_claims(roles=[{"value": "Hasten.Read"}]),
    "too long": lambda: signed(claims(Role.READ, more="x" * 20_000)),
    "no token": lambda: "x",
    "two dots": lambda: "..",
    "a header that is no JSON": lambda: "e30x.e30.e30",
    "a header that is a list": lambda: f"{part([])}.{part({})}.x",  # type: ignore[arg-type]
    "an unknown critical header": lambda: signed(claims(Role.READ), crit=["b64"]),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("made", REFUSED.values(), ids=REFUSED)
@virtual
async def test_a_token_that_proves_nothing_is_refused(made: Callable[[], str]) -> None:
    face = Face(World())

    answer = await face.http.get(PATH, headers={"Authorization": f"Bearer {made()}"})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["fix"]


@pytest.mark.parametrize(
    "claimed",
    [
        lambda: claims(Role.READ),
        lambda: claims(Role.OPERATE),
        lambda: claims(Role.READ, scp="email user_impersonation"),
        lambda: claims(Role.READ, aud=f"api://{API_CLIENT_ID}", iss=FIRST_ISSUER, ver="1.0"),
        lambda: program(Role.READ),
        lambda: program(Role.READ, idtyp="app", sub="other"),
    ],
)
@virtual
async def test_an_access_token_of_the_tenant_with_the_role_is_accepted(
    claimed: Callable[[], dict[str, Any]],
) -> None:
    face = Face(World())

    answer = await face.http.get(PATH, headers={"Authorization": f"Bearer {signed(claimed())}"})

    assert answer.status_code == 200


@pytest.mark.parametrize("roles", [(), (Role.SEND,), ("Hasten.read",), ("hasten.Read", "Reader")])
@virtual
async def test_a_caller_without_the_role_is_forbidden_and_told_which(roles: tuple[str]) -> None:
    answer = await Face(World()).http.get(PATH, headers=bearer(*roles))

    assert answer.status_code == 403
    assert "Hasten.Read" in answer.json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic b3BlcmF0b3I6"},
        {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(b'{"claims":[]}').decode()},
        {
            "X-MS-CLIENT-PRINCIPAL-ID": OPERATOR,
            "X-MS-CLIENT-PRINCIPAL-NAME": "operator",
            "X-MS-CLIENT-PRINCIPAL-IDP": "aad",
            "X-MS-TOKEN-AAD-ID-TOKEN": "x",
        },
        {"X-Functions-Key": "key", "X-Forwarded-User": "operator"},
    ],
)
@pytest.mark.parametrize("path", [PATH, f"{PATH}?code=key"])
@virtual
async def test_without_a_token_nobody_enters_whatever_other_headers_say(
    headers: dict[str, str], path: str
) -> None:
    answer = await Face(World()).http.get(path, headers=headers)

    assert answer.status_code == 401


@virtual
async def test_a_principal_header_that_names_all_roles_opens_nothing() -> None:
    role = {"typ": "roles", "val": "Hasten.Operate"}
    principal = {"auth_typ": "aad", "role_typ": "roles", "claims": [role]}
    forged = base64.b64encode(json.dumps(principal).encode()).decode()

    answer = await Face(World()).http.get(PATH, headers={"X-MS-CLIENT-PRINCIPAL": forged})

    assert answer.status_code == 401


@virtual
async def test_two_authorization_headers_are_refused() -> None:
    good = bearer(Role.READ)["Authorization"]
    headers = [("Authorization", good), ("Authorization", "Bearer x")]

    assert (await Face(World()).http.get(PATH, headers=headers)).status_code == 401


@virtual
async def test_without_an_app_registration_nobody_enters() -> None:
    face = Face(World(api_client_id=""))

    answers = [
        await face.http.get(PATH, headers=bearer(Role.READ)),
        await face.http.get("/api/ui/signin"),
        await face.http.post("/api/v1/events", headers=bearer(Role.SEND)),
    ]

    assert {answer.status_code for answer in answers} <= {404, 503}
    assert answers[0].status_code == 503
