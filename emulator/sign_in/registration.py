"""Hasten's app registration, and the people and programs to whom its roles are assigned."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from emulator.graph.seed import object_id

API_CLIENT_ID = "5f1f3a3e-6a2b-4a55-9d0f-3f6c8f0f7a02"
APP_ID_URI = f"api://{API_CLIENT_ID}"
SCOPE = f"{APP_ID_URI}/user_impersonation"

READ, OPERATE, SEND = "Hasten.Read", "Hasten.Operate", "Hasten.Send"

CALLBACK = "/api/ui/signin/callback"
"""Path of the registered redirect URI, on any port of this machine."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or a program. `roles` are those of the registration that are assigned to it."""

    name: str
    object_id: str
    roles: tuple[str, ...]


def _principal(name: str, *roles: str) -> Principal:
    return Principal(name, object_id(f"caller/{name}"), roles)


PEOPLE: Mapping[str, Principal] = {
    name: _principal(name, *roles)
    for name, roles in {
        "operator": (READ, OPERATE),
        "second-operator": (READ, OPERATE),
        "reader": (READ,),
        "nobody": (),
    }.items()
}
"""People who can sign in, by the name that login_hint takes; by default the first."""

PROGRAMS: Mapping[str, Principal] = {
    object_id(f"client/{name}"): _principal(name, *roles)
    for name, roles in {
        "sender": (SEND,),
        "watcher": (READ,),
        "automation": (READ, OPERATE, SEND),
    }.items()
}
"""Programs that get a token by client credentials, by client id."""

PUBLIC_CLIENT = object_id("client/command line")
"""A program without a secret with which a person signs in, as the Azure CLI."""


def client_id(name: str) -> str:
    """Returns the client id of a program."""
    return next(key for key, program in PROGRAMS.items() if program.name == name)


@dataclass(frozen=True)
class Registration:
    """`secret` is that of every program, new at each start."""

    secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
