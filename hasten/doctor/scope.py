"""Checks that leavers go out of the job's scope, and what Entra then does with them.

Both settings are documented (Entra, skip deletion of out of scope users; Entra, how provisioning
works; Graph, synchronizationSecretKeyStringValuePair). The permission for this read is not.
"""

from collections.abc import Mapping

from hasten.doctor.findings import Finding, ok, problem, warning
from hasten.errors import PermanentError
from hasten.ports.directory import Directory
from hasten.ports.directory_values import SKIP_OUT_OF_SCOPE, SYNC_ALL

CHECK = "provisioning scope"
BY_HAND = (
    "check by hand that Scope is `Sync only assigned users and groups` in Provisioning > Settings "
    f"of the Entra portal, and that {SKIP_OUT_OF_SCOPE} was never set"
)


async def check(directory: Directory, service_principal: str) -> list[Finding]:
    """Checks the two settings. Raises TemporaryError of Graph."""
    try:
        settings = await directory.scope_settings(service_principal)
    except PermanentError as error:
        return [warning(CHECK, f"it cannot be read: {error.reason}", BY_HAND)]
    return [_skips(settings), _syncs_all(settings)]


def _skips(settings: Mapping[str, str]) -> Finding:
    """Judges SkipOutOfScopeDeletions. Graph returns it only after somebody has set it, so that its
    absence says something only beside the other setting."""
    given = settings.get(SKIP_OUT_OF_SCOPE, "").casefold()
    if given == "false" or (not given and settings.get(SYNC_ALL)):
        return ok(CHECK, f"{SKIP_OUT_OF_SCOPE} is not set")
    if given == "true":
        return problem(
            CHECK,
            f"{SKIP_OUT_OF_SCOPE} is set: Entra skips people who leave, and their accounts stay "
            "active",
            f"set {SKIP_OUT_OF_SCOPE} to False (PUT synchronization/secrets, with all secrets)",
        )
    if not given:
        return warning(CHECK, f"Graph does not show {SKIP_OUT_OF_SCOPE}", BY_HAND)
    return warning(CHECK, f"{SKIP_OUT_OF_SCOPE} is neither True nor False", BY_HAND)


def _syncs_all(settings: Mapping[str, str]) -> Finding:
    given = settings.get(SYNC_ALL, "").casefold()
    if given == "false":
        return ok(CHECK, "only assigned users and groups")
    if given == "true":
        return problem(
            CHECK,
            "it is all users and groups: nobody loses access by leaving a group or an assignment",
            "choose `Sync only assigned users and groups` in Provisioning > Settings of the Entra "
            "portal",
        )
    return warning(CHECK, f"Graph does not show {SYNC_ALL}", BY_HAND)
