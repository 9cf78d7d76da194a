"""Describes the SCIM server of a target in targets.yaml: the way to the app itself."""

import re
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, field_validator, model_validator

from hasten.domain.app_account import DeactivationIs, PatchForm
from hasten.domain.matching import (
    APP_ATTRIBUTES,
    ENTRA_PROPERTIES,
    OBJECT_ID_PROPERTY,
    SET_MATCH,
    JobMatch,
)
from hasten.errors import PermanentError
from hasten.wrong_values import WholeNumber

TOKEN_PREFIX = "HASTEN_SCIM_TOKEN_"  # noqa: S105 - the name of a setting
"""A token is sent to the address beside it, so no other secret may be named here."""

DEVELOPMENT_HOSTS = frozenset({"127.0.0.1", "localhost"})

DELETING_APPS = ("pagerduty", "github")
"""Their accounts do not survive `active: false`: PagerDuty deletes them, GitHub replaces the user
name by a hash (both by their documentation)."""

CALLS_PER_MINUTE = 90
"""Half of the lowest limit that an app publishes (Slack: 180 PATCH requests a minute). Entra ID's
own requests count against the same limit."""


class Match(BaseModel):
    """Finds the account of a person: the attribute of the app, and the property of the user that it
    must equal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    app: str
    entra: str

    @model_validator(mode="after")
    def _must_be_known(self) -> Self:
        for given, known in ((self.app, APP_ATTRIBUTES), (self.entra, ENTRA_PROPERTIES)):
            if given not in known:
                raise ValueError(f"match names {given}; it may name {', '.join(sorted(known))}")
        return self

    @property
    def outlives_deletion(self) -> bool:
        """Returns whether the property of a deleted user is still known. Only the object id is."""
        return self.entra == OBJECT_ID_PROPERTY


class Scim(BaseModel):
    """The SCIM server of an app, and how Hasten may use it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: HttpUrl
    """The base address, with the version: https://app.example/scim/v2."""

    token: Annotated[str, Field(max_length=128)]
    """Name of the setting with the bearer token; a Key Vault reference in Azure."""

    match: Match | None = None
    """None means: use the matching of the job. See `matched`."""

    calls_per_minute: Annotated[WholeNumber, Field(ge=1, le=600)] = CALLS_PER_MINUTE
    """Accounts that Hasten makes inactive in a minute; each takes one write and two reads."""

    patch: PatchForm = PatchForm.BOOLEAN

    deactivation_is: DeactivationIs = DeactivationIs.REVERSIBLE

    @property
    def matching(self) -> Match:
        """Returns how an account is found. Raises PermanentError if neither targets.yaml nor the
        job says it."""
        if self.match is None:
            raise PermanentError(f"scim.match is not set, and {JobMatch().problem}", SET_MATCH)
        return self.match

    def matched(self, job: JobMatch) -> "Scim":
        """Returns the settings with a match: their own, or else that of the job. Raises
        PermanentError if Hasten cannot match as the job does."""
        if self.match is not None:
            return self
        if job.problem:
            raise PermanentError(f"scim.match is not set, and {job.problem}", SET_MATCH)
        return self.model_copy(update={"match": Match(app=job.app, entra=job.entra)})

    @field_validator("url")
    @classmethod
    def _must_be_safe(cls, url: HttpUrl) -> HttpUrl:
        if url.scheme != "https" and url.host not in DEVELOPMENT_HOSTS:
            raise ValueError("url must be https: the token must be encrypted")
        if url.username or url.password or url.query or url.fragment:
            raise ValueError("url must have no user, no query and no fragment")
        return url

    @field_validator("token")
    @classmethod
    def _must_be_name(cls, token: str) -> str:
        if not re.fullmatch(TOKEN_PREFIX + r"[A-Z0-9_]+", token):
            raise ValueError(
                f"token must name a setting like {TOKEN_PREFIX}TOTAL; the token itself belongs "
                "into the vault"
            )
        return token

    def refusal(self, *names: str) -> str:
        """Returns why the target with these names may not use the server; empty if it may."""
        known = [str(self.url.host), *names]
        app = next((a for a in DELETING_APPS if any(a in n.casefold() for n in known)), "")
        if app and self.deactivation_is is not DeactivationIs.DELETES:
            return (
                f"{app} does not keep an account that is made inactive: say "
                "`deactivation_is: deletes` under scim if that is what you want"
            )
        return ""
