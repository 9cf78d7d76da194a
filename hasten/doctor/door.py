"""Checks that nobody enters the API and the pages without a proof of who they are."""

from http import HTTPStatus

from hasten.doctor.findings import Finding, ok, problem, warning
from hasten.ports.probes import AnonymousAnswer, Probes
from hasten.settings import Settings

CHECK = "door"
PROBED_PATHS = ("/api/v1/targets", "/api/ui/")
SIGN_IN_PATH = "/api/ui/signin"

REFUSED_STATUSES = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def check_registration(settings: Settings) -> list[Finding]:
    """Returns a warning if this command has no app registration; the app may have one."""
    if settings.api_client_id is not None:
        return [ok(CHECK, "HASTEN_API_CLIENT_ID is set")]
    return [
        warning(
            CHECK,
            "HASTEN_API_CLIENT_ID is not set: the API and the pages are closed for everybody",
            "deploy infra/graph/api.bicep and set HASTEN_API_CLIENT_ID, if you want them",
        )
    ]


async def check_door(probes: Probes, settings: Settings, path: str) -> list[Finding]:
    """Asks the deployed app as a stranger. Raises TemporaryError if it does not answer."""
    answer = await probes.anonymous(f"{settings.origin}{path}")
    if answer.status in REFUSED_STATUSES or _leads_to_the_sign_in(answer, settings):
        return [ok(CHECK, f"{path} refuses a request without a token")]
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        closed = f"{path} is closed: the app answers 503 to everybody"
        fix = "set HASTEN_API_CLIENT_ID of the app, if you want the API and the pages"
        return [warning(CHECK, closed, fix)]
    return [
        problem(
            CHECK,
            f"{path} does not refuse a request without a token: the app answered {answer.status}",
            "stop the app, and check that HASTEN_PUBLIC_URL is its address and that this version "
            "of Hasten is deployed",
        )
    ]


def _leads_to_the_sign_in(answer: AnonymousAnswer, settings: Settings) -> bool:
    """Returns whether a redirect leads to Hasten's sign-in, or to that of App Service."""
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST
    own = (SIGN_IN_PATH, f"{settings.origin}{SIGN_IN_PATH}", f"{settings.authority}/")
    return is_redirect and answer.location.startswith(own)
