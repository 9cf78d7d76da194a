"""Checks the app's own SCIM server, without a write: reachable, token, abilities, and whether the
accounts of a few people are found."""

from collections.abc import Sequence

from hasten.context import Context
from hasten.doctor import groups, mapping
from hasten.doctor.findings import Finding, ok, problem, warning
from hasten.domain.app_account import (
    AppAccount,
    Found,
    NoAccount,
    NotFound,
    PatchForm,
    SeveralAccounts,
)
from hasten.domain.matching import OBJECT_ID_PROPERTY, SET_MATCH, job_match
from hasten.errors import PermanentError, TemporaryError
from hasten.json import Json
from hasten.ports.application import Application
from hasten.scim import Match, Scim

CHECK = "app over SCIM"
MAX_ACCOUNTS_SAMPLED = 5
"""People whose account is looked for."""

CORRECT_URL = "correct scim.url in targets.yaml: it may lack the version, such as /v2"

SOURCES = {OBJECT_ID_PROPERTY: "objectId"}
"""The name of a property in the job's schema, where it is not that of Graph."""


def check_match(rules: Sequence[Json], rule: str, match: Match | None) -> Finding:
    """Compares `scim.match` with what the job maps. Without one the job's own is taken."""
    if match is None:
        job = job_match(rules, rule)
        if job.problem:
            return problem(CHECK, f"scim.match is not set, and {job.problem}", SET_MATCH)
        return ok(CHECK, f"accounts are matched as the job does: {job.app} with {job.entra}")
    wanted = SOURCES.get(match.entra, match.entra)
    source = mapping.sources(rules, rule).get(match.app.casefold())
    if source is not None and source.casefold() == wanted.casefold():
        return ok(CHECK, f"accounts are matched as the job maps them: {match.app} from {wanted}")
    mapped = "nothing" if source is None else source
    return problem(
        CHECK,
        f"scim.match expects {match.app} from {wanted}, and the job maps {mapped} to it",
        "correct scim.match in targets.yaml: with another match a wrong account could be found",
    )


async def check(context: Context, scim: Scim, principal: str) -> list[Finding]:
    """Looks for the accounts of MAX_ACCOUNTS_SAMPLED people who are assigned to the service
    principal. `scim` has a match. Raises PermanentError if the token is missing, and what Graph and
    the app raise."""
    application = context.ports.application(scim)
    findings = [await _abilities(application, scim.patch)]
    people = await _sample(context, principal)
    found = [await _found(context, application, scim.matching, one) for one in people]
    if not found:
        return [*findings, warning(CHECK, "nobody is assigned to look for", "assign somebody")]
    several = sum(isinstance(one, SeveralAccounts) for one in found)
    missing = sum(isinstance(one, NoAccount | NotFound) for one in found)
    matched = sum(isinstance(one, AppAccount) for one in found)
    if all(isinstance(one, NotFound) for one in found):
        return [*findings, problem(CHECK, "the app answers every search with 404", CORRECT_URL)]
    findings.append(ok(CHECK, f"{matched} of {len(found)} people have exactly one account"))
    if several:
        findings.append(
            problem(
                CHECK,
                f"{several} of {len(found)} people have several accounts: Hasten changes none",
                "choose a scim.match that is unique in the app, or delete the duplicates there",
            )
        )
    if missing:
        findings.append(
            warning(
                CHECK,
                f"{missing} of {len(found)} assigned people have no account that matches",
                "compare scim.match with an account in the app, or wait for Entra's first cycle",
            )
        )
    return findings


async def _sample(context: Context, principal: str) -> list[str]:
    """Returns a few people of the first group that has any."""
    for group in groups.assigned(await context.directory.assignments(principal)):
        members = (await context.directory.members(group)).listed
        people = [member.id for member in members if member.kind == "user"]
        if people:
            return people[:MAX_ACCOUNTS_SAMPLED]
    return []


async def _abilities(application: Application, form: PatchForm) -> Finding:
    try:
        can = await application.capabilities()
    except (PermanentError, TemporaryError) as error:
        return warning(
            CHECK,
            f"its ServiceProviderConfig cannot be read: {error.reason}",
            "look at the other lines of this check: some apps do not show it",
        )
    if can.patch is False and form is not PatchForm.PUT:
        return problem(
            CHECK,
            "the app says that it does not support patch",
            "say `patch: put` under scim in targets.yaml: Hasten then writes the whole account",
        )
    if can.filter is False:
        return problem(
            CHECK,
            "the app says that it does not support filter",
            "take scim away from the target: Entra ID takes access then",
        )
    return ok(CHECK, "the app answers and supports what Hasten needs")


async def _found(context: Context, application: Application, match: Match, person: str) -> Found:
    value = person
    if not match.outlives_deletion:
        profile = await context.directory.profile(person, [match.entra])
        value = "" if profile is None else str(profile.values.get(match.entra) or "")
    return await application.find(value) if value else NoAccount()
