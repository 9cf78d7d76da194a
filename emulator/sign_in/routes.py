"""Serves the sign-in: discovery documents, keys, the code flow with PKCE, client credentials."""

import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from emulator.graph.auth import Tokens
from emulator.sign_in.codes import Asked, Codes
from emulator.sign_in.issuer import LIFETIME, Issuer
from emulator.sign_in.registration import (
    API_CLIENT_ID,
    APP_ID_URI,
    CALLBACK,
    PEOPLE,
    PROGRAMS,
    PUBLIC_CLIENT,
    SCOPE,
    Registration,
    client_id,
)

LOOPBACK = ("127.0.0.1", "localhost")
EXCHANGE = "api://AzureADTokenExchange"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Form = Mapping[str, str]


class SignInServer:
    """`tokens` are those of the managed identity, one of which proves Hasten itself."""

    def __init__(self, tenant: str, tokens: Tokens) -> None:
        self.issuer = Issuer(tenant)
        self.registration = Registration()
        self._codes = Codes()
        self._tokens = tokens

    def token_command(self, root: str) -> str:
        """Returns a command that prints a token with every role."""
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id("automation"),
            "client_secret": self.registration.secret,
            "scope": f"{API_CLIENT_ID}/.default",
        }
        fields = " ".join(f"-d {name}={value}" for name, value in form.items())
        return f"curl -s {root}/{self.issuer.tenant}/oauth2/v2.0/token {fields}"

    def routes(self) -> list[BaseRoute]:
        base = f"/{self.issuer.tenant}"
        document = "/.well-known/openid-configuration"
        return [
            Route(f"{base}{document}", self._first_document),
            Route(f"{base}/v2.0{document}", self._second_document),
            Route(f"{base}/discovery/v2.0/keys", self._keys),
            Route(f"{base}/oauth2/v2.0/authorize", self._authorize),
            Route(f"{base}/oauth2/v2.0/token", self._token, methods=["POST"]),
            Route(f"{base}/oauth2/v2.0/logout", self._logout),
            Route("/emulator/signing-key", self._rotate, methods=["POST"]),
        ]

    async def _first_document(self, request: Request) -> Response:
        return JSONResponse(self.issuer.document(_root(request), 1))

    async def _second_document(self, request: Request) -> Response:
        return JSONResponse(self.issuer.document(_root(request), 2))

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(self.issuer.keys())

    async def _rotate(self, _: Request) -> Response:
        self.issuer.rotate()
        return Response(status_code=204)

    async def _authorize(self, request: Request) -> Response:
        """Signs in the person of login_hint at once, or the operator without one."""
        query = request.query_params
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") not in {API_CLIENT_ID, PUBLIC_CLIENT}:
            return PlainTextResponse("AADSTS700016: no such application", 400)
        if not _is_registered(redirect_uri):
            return PlainTextResponse("AADSTS50011: the redirect URI does not match", 400)
        person = PEOPLE.get(query.get("login_hint", "operator").partition("@")[0])
        wrong = (
            "invalid_request"
            if query.get("code_challenge_method") != "S256" or not query.get("code_challenge")
            else "unsupported_response_type"
            if query.get("response_type") != "code"
            else "access_denied"
            if person is None
            else ""
        )
        state = {"state": query["state"]} if "state" in query else {}
        if wrong or person is None:
            return RedirectResponse(f"{redirect_uri}?{urlencode({'error': wrong, **state})}", 302)
        code = self._codes.issue(
            Asked(
                client=query["client_id"],
                redirect_uri=redirect_uri,
                challenge=query["code_challenge"],
                nonce=query.get("nonce", ""),
                person=person,
            )
        )
        return RedirectResponse(f"{redirect_uri}?{urlencode({'code': code, **state})}", 302)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        match form.get("grant_type"):
            case "authorization_code":
                return self._by_code(_root(request), form)
            case "client_credentials":
                return self._by_secret(_root(request), form)
        return _refused("unsupported_grant_type")

    def _by_code(self, root: str, form: Form) -> Response:
        client = form.get("client_id", "")
        if client == API_CLIENT_ID and not self._is_hasten(form):
            return _refused("invalid_client", 401)
        asked = self._codes.redeem(
            form.get("code", ""),
            client=client,
            redirect_uri=form.get("redirect_uri", ""),
            verifier=form.get("code_verifier", ""),
        )
        if asked is None:
            return _refused("invalid_grant")
        answer = {"id_token": self.issuer.id_token(root, asked.person, nonce=asked.nonce)}
        if SCOPE in form.get("scope", "").split():
            answer["access_token"] = self.issuer.of_person(root, asked.person, client)
        return _granted(answer)

    def _by_secret(self, root: str, form: Form) -> Response:
        program = PROGRAMS.get(form.get("client_id", ""))
        given = form.get("client_secret", "").encode()
        if program is None or not hmac.compare_digest(given, self.registration.secret.encode()):
            return _refused("invalid_client", 401)
        if form.get("scope") not in {f"{APP_ID_URI}/.default", f"{API_CLIENT_ID}/.default"}:
            return _refused("invalid_scope")
        token = self.issuer.of_program(root, program, form["client_id"])
        return _granted({"access_token": token})

    def _is_hasten(self, form: Form) -> bool:
        """Whether the form has a token of the managed identity, which the registration trusts."""
        is_jwt = form.get("client_assertion_type") == JWT_BEARER
        return is_jwt and self._tokens.is_issued_for(EXCHANGE, form.get("client_assertion", ""))

    async def _logout(self, request: Request) -> Response:
        target = request.query_params.get("post_logout_redirect_uri", "")
        if urlsplit(target).hostname in LOOPBACK:
            return RedirectResponse(target, 302)
        return PlainTextResponse("You signed out.")


def _root(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _is_registered(redirect_uri: str) -> bool:
    parts = urlsplit(redirect_uri)
    return parts.hostname in LOOPBACK and parts.path == CALLBACK and not parts.query


def _granted(tokens: Mapping[str, Any]) -> Response:
    body = {"token_type": "Bearer", "expires_in": LIFETIME, **tokens}
    return Response(json.dumps(body), media_type="application/json")


def _refused(error: str, status: int = 400) -> Response:
    return JSONResponse({"error": error, "error_description": f"AADSTS: {error}"}, status)
